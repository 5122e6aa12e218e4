import numpy as np
import pytest
import pytrec_eval

from mtqa.evaluate.collection.metrics import measure
from mtqa.evaluate.collection.trec import in_order

LOG3 = np.log2(3)
NAMES = ["nDCG@10", "Recall@100", "MRR@10", "MAP"]


def test_hand_worked_with_graded_judgements():
    judged = {"a": 2, "b": 1, "c": 0, "d": 1, "e": -1}
    values = measure(["c", "a", "x", "b", "e"], judged, ["nDCG@2", "nDCG@10", "Recall@2", "MRR@1", "MRR@10", "MAP"])
    assert values == pytest.approx(
        {
            "nDCG@2": (2 / LOG3) / (2 + 1 / LOG3),
            "nDCG@10": (2 / LOG3 + 1 / np.log2(5)) / (2 + 1 / LOG3 + 1 / 2),
            "Recall@2": 1 / 3,
            "MRR@1": 0,
            "MRR@10": 1 / 2,
            "MAP": (1 / 2 + 2 / 4) / 3,
        }
    )


def test_nothing_found_is_zero_and_nothing_relevant_undefined():
    assert measure([], {"a": 1}, NAMES) == dict.fromkeys(NAMES, 0)
    assert np.isnan(list(measure(["a"], {"a": 0}, NAMES).values())).all()


@pytest.mark.parametrize("name", ["MAP@10", "nDCG", "P@5"])
def test_an_unknown_metric_is_refused(name):
    with pytest.raises(ValueError, match=name):
        measure(["a"], {"a": 1}, [name])


def test_equal_to_trec_eval_on_random_runs_with_ties():
    """Ids in no order, graded and negative judgements, scores that differ only beyond float32, unjudged documents."""
    generator = np.random.default_rng(5)
    names = np.array([f"{word}{number}" for word in ("d", "Z", "é", "10-") for number in range(60)])
    qrels, runs = {}, {}
    for q in range(150):
        judged = generator.choice(names, size=generator.integers(1, 40), replace=False)
        values = generator.choice([-1, 0, 1, 2, 3], size=len(judged))
        values[0] = 1
        qrels[str(q)] = dict(zip(judged.tolist(), values.tolist(), strict=True))
        found = generator.permutation(names)[: generator.integers(1, len(names))]
        scores = generator.integers(-6, 6, len(found)) / 7 + generator.choice([0, 1e-12], len(found))
        runs[str(q)] = dict(zip(found.tolist(), scores.tolist(), strict=True))
    reference = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.100", "map", "recip_rank"}).evaluate(runs)
    assert sum(len(set(np.float32(list(run.values())))) < len(run) for run in runs.values()) > 140
    for q, run in runs.items():
        hits = in_order(list(run), list(run.values()))
        ours = measure(hits.ids, qrels[q], NAMES)
        theirs = dict(reference[q])
        if theirs["recip_rank"] < 1 / 10:
            theirs["recip_rank"] = 0  # trec_eval does not cut
        expected = [theirs[name] for name in ("ndcg_cut_10", "recall_100", "recip_rank", "map")]
        np.testing.assert_allclose([ours[name] for name in NAMES], expected, atol=1e-6, err_msg=q)
    assert 0.05 < np.mean([row["map"] for row in reference.values()]) < 0.95
