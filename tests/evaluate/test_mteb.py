"""The benchmarks as mteb tasks: equal to `mtqa evaluate`, and to mteb's own evaluator where it ranks the whole pool."""

import json
from functools import cache

import numpy as np
import pytest

from mtqa.bundled import XQUAD_SAMPLE
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.evaluate.lareqa import data_files, load
from mtqa.evaluate.mteb_result import task_result, write_task_result
from mtqa.evaluate.run import evaluate
from mtqa.evaluate.settings import EvaluateSettings

TRIGRAMS = np.random.default_rng(3).standard_normal((257, 32))


@cache
def vector(text):
    """A text's vector of length 1 from its character trigrams: an encoder that knows a little, and has few ties."""
    rows = [sum(text[place : place + 3].encode()) % len(TRIGRAMS) for place in range(len(text) - 2)]
    out = TRIGRAMS[rows].sum(axis=0) + TRIGRAMS[0]
    return out / np.linalg.norm(out)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """The bundled benchmark evaluated with those vectors."""
    root = tmp_path_factory.mktemp("mteb")
    bench = load("xquad-r", data_files(XQUAD_SAMPLE, "xquad-r"))
    queries = np.array([vector(q.text) for q in bench.queries])
    candidates = np.array([vector(c.sentence) for c in bench.candidates])
    np.savez(root / "v.npz", queries=queries, candidates=candidates)
    evaluate(None, EvaluateSettings(data="sample", vectors=str(root / "v.npz"), resamples=100), root / "out")
    return root / "out"


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("mteb", reason="needs the mteb extra: pip install 'mtqa[mteb]'")
    from mteb.models import ModelMeta
    from mteb.models.abs_encoder import AbsEncoder

    class Trigrams(AbsEncoder):
        mteb_model_meta = ModelMeta.create_empty()
        calls = 0

        def __init__(self):
            self.model = None

        def encode(self, inputs, *, task_metadata, hf_split, hf_subset, prompt_type=None, **kwargs):
            self.calls += 1
            return 3 * np.array([vector(text) for batch in inputs for text in batch["text"]])

    return Trigrams()


def test_means_over_subsets_are_the_headline_numbers(evaluation):
    metrics, result = read_metrics(evaluation), task_result(evaluation)
    entries = result["scores"]["test"]
    assert [e["hf_subset"] for e in entries] == metrics["languages"]
    for name, value in metrics["mAP"].items():
        assert np.mean([e[f"mAP_{name}"] for e in entries]) == pytest.approx(value, abs=1e-12)
    for name, value in metrics["bias"].items():
        assert np.mean([e[name] for e in entries]) == pytest.approx(value, rel=1e-12)
    assert entries[0]["mAP_to_eng_Latn"] == metrics["by_pair"][metrics["languages"][0]]["eng_Latn"]
    assert entries[0]["main_score"] == entries[0]["mAP_Mul"]


def test_mteb_reads_what_is_written(evaluation, tmp_path):
    mteb = pytest.importorskip("mteb", reason="needs the mteb extra: pip install 'mtqa[mteb]'")
    path = write_task_result(evaluation, tmp_path / "results")
    assert path.name == "XQuAD-R.json"
    found = mteb.results.TaskResult.from_dict(json.loads(path.read_text(encoding="utf-8")))
    assert found.get_score() == pytest.approx(read_metrics(evaluation)["mAP"]["Mul"])
    assert found.get_score(languages=["deu"]) == pytest.approx(
        read_metrics(evaluation)["by_language"]["deu_Latn"]["Mul"]
    )


def test_other_evaluations_are_refused(evaluation, tmp_path):
    for path in evaluation.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    metrics = read_metrics(evaluation) | {"candidate": "passage"}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    with pytest.raises(UsageError, match="not of a task"):
        task_result(tmp_path)


def test_a_task_of_mteb_gives_the_numbers_of_evaluate(evaluation, model):
    import mteb

    from mtqa.evaluate.mteb_tasks import XQuADR

    model.calls = 0
    result = mteb.evaluate(model, XQuADR(XQUAD_SAMPLE), cache=None, co2_tracker=False)
    ours = task_result(evaluation)
    theirs = result.task_results[0]
    assert (theirs.task_name, theirs.dataset_revision) == (ours["task_name"], ours["dataset_revision"])
    assert model.calls == 2  # queries and candidates, once for all subsets
    entries = {e["hf_subset"]: e for e in theirs.scores["test"]}
    for expected in ours["scores"]["test"]:
        found = entries[expected["hf_subset"]]
        assert found["languages"] == expected["languages"]
        for name in set(expected) - {"hf_subset", "languages"}:
            assert found[name] == pytest.approx(expected[name], rel=1e-5, abs=1e-6), name


def test_mteb_s_own_evaluator_agrees_over_the_whole_pool(evaluation, model):
    """Its average precision of the full ranking, where no two scores that matter are equal."""
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.timing import TimingStack

    from mtqa.evaluate.mteb_tasks import XQuADR

    task = XQuADR(XQUAD_SAMPLE)
    task.load_data()
    pool = len(task.dataset["deu_Latn"]["test"]["corpus"])
    task.k_values, task._top_k = (1, pool), pool
    scores = AbsTaskRetrieval._evaluate_subset(
        task,
        model,
        task.dataset["deu_Latn"]["test"],
        encode_kwargs={},
        hf_split="test",
        hf_subset="deu_Latn",
        timer=TimingStack(),
    )
    expected = read_metrics(evaluation)["by_language"]["deu_Latn"]["Mul"]
    assert scores[f"map_at_{pool}"] == pytest.approx(expected, abs=1e-4)


def test_files_that_are_missing_are_named(model, tmp_path):
    from mtqa.evaluate.mteb_tasks import MLQAR

    with pytest.raises(UsageError, match="no folder"):
        MLQAR(tmp_path / "nowhere")
    assert len(MLQAR.metadata.eval_langs) == 7
