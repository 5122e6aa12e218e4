import numpy as np
import pytest
import pytrec_eval

from mtqa.core.metrics import average_precision, ndcg, recall, reciprocal_rank

LOG3, LOG4 = np.log2(3), np.log2(4)


@pytest.mark.parametrize(
    ("ranks", "ap", "ndcg2", "recall2", "rr"),
    [
        ([1], 1, 1, 1, 1),
        ([4], 1 / 4, 0, 0, 1 / 4),
        ([2, 1], 1, 1, 1, 1),
        ([5, 2, 0], (1 / 2 + 2 / 5) / 2, (1 / LOG3) / (1 + 1 / LOG3), 1 / 2, 1 / 2),
        ([3, 1, 6], (1 + 2 / 3 + 3 / 6) / 3, 1 / (1 + 1 / LOG3), 1 / 3, 1),
    ],
)
def test_hand_worked(ranks, ap, ndcg2, recall2, rr):
    values = np.array([ranks])
    assert average_precision(values) == pytest.approx(ap)
    assert ndcg(values, 2) == pytest.approx(ndcg2)
    assert recall(values, 2) == pytest.approx(recall2)
    assert reciprocal_rank(values) == pytest.approx(rr)


def test_what_was_not_retrieved_counts_when_the_number_of_relevant_documents_is_given():
    ranks, relevant = np.array([[2, 0], [0, 0]]), np.array([4, 1])
    assert average_precision(ranks, relevant).tolist() == [1 / 8, 0]
    assert recall(ranks, 5, relevant).tolist() == [1 / 4, 0]
    assert reciprocal_rank(ranks, None, relevant).tolist() == [1 / 2, 0]
    assert ndcg(ranks, 2, relevant) == pytest.approx([1 / LOG3 / (1 + 1 / LOG3), 0])


def test_a_query_without_relevant_documents_is_undefined_not_zero():
    none = np.zeros((1, 3), int)
    for value in (average_precision(none), ndcg(none, 5), recall(none, 5), reciprocal_rank(none)):
        assert np.isnan(value).all()


def test_reciprocal_rank_beyond_the_cut_is_zero():
    assert reciprocal_rank(np.array([[3, 9], [4, 0]]), 3).tolist() == [1 / 3, 0]


def test_leading_axes_are_kept():
    ranks = np.random.default_rng(0).integers(0, 9, size=(2, 5, 3))
    assert average_precision(ranks).shape == (2, 5)
    assert average_precision(ranks)[1, 2] == pytest.approx(average_precision(ranks[1, 2]), nan_ok=True)


def test_equal_to_trec_eval_on_random_runs_with_ties():
    """trec_eval ranks equal scores by document id, descending: ids that fall with the index give our order."""
    generator = np.random.default_rng(3)
    documents, queries = 60, 80
    names = [f"{documents - i:03d}" for i in range(documents)]
    qrels, run, ranks, relevant = {}, {}, [], []
    for q in range(queries):
        scores = generator.integers(0, 12, documents) / 8  # exact in float32, many ties
        gold = generator.choice(documents, size=generator.integers(1, 8), replace=False)
        retrieved = np.flatnonzero(generator.random(documents) < 0.7)
        order = retrieved[np.argsort(-scores[retrieved], kind="stable")]
        place = {int(d): rank for rank, d in enumerate(order, start=1)}
        ranks.append([place.get(int(d), 0) for d in gold] + [0] * (8 - len(gold)))
        relevant.append(len(gold))
        qrels[str(q)] = {names[d]: 1 for d in gold}
        run[str(q)] = {names[d]: float(scores[d]) for d in retrieved}
    measures = {"map", "ndcg_cut.10", "recall.5", "recip_rank"}
    reference = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    ours = np.array(ranks), np.array(relevant)
    computed = {
        "map": average_precision(*ours),
        "ndcg_cut_10": ndcg(ours[0], 10, ours[1]),
        "recall_5": recall(ours[0], 5, ours[1]),
        "recip_rank": reciprocal_rank(ours[0], None, ours[1]),
    }
    for name, values in computed.items():
        expected = [reference[str(q)][name] for q in range(queries)]
        assert 0.05 < np.mean(expected) < 0.95
        np.testing.assert_allclose(values, expected, atol=1e-6, err_msg=name)
