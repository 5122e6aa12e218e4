import json

import collection_folders as folders
import numpy as np
import pyarrow.parquet as pq
import pytest
import pytrec_eval
import typer
from typer.testing import CliRunner

from mtqa.cli.evaluate import command
from mtqa.cli.evaluate_translate import translator
from mtqa.core.encode import encode_texts
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest
from mtqa.evaluate.collection import retrieve
from mtqa.evaluate.collection.run import evaluate_collection, evaluate_run
from mtqa.evaluate.collection.tasks import Translator
from mtqa.evaluate.correction import Correction
from mtqa.evaluate.settings import CollectionSettings

LOG3 = np.log2(3)
# q1 finds d1 (relevance 1), then d2 (2); q2 the first of its two documents; q3 nothing.
EXPECTED = {
    "nDCG@10": [(1 + 2 / LOG3) / (2 + 1 / LOG3), 1 / (1 + 1 / LOG3), 0],
    "Recall@100": [1, 1 / 2, 0],
    "MRR@10": [1, 1, 0],
    "MAP": [1, 1 / 2, 0],
}
app = typer.Typer()
app.command()(command)


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def trec(path):
    """Return a run as pytrec_eval takes it."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, document, _, score, _ = line.split()
        found.setdefault(query, {})[document] = float(score)
    return found


def test_hand_worked_metrics_of_bm25(tmp_path):
    out = tmp_path / "out"
    evaluate_collection("bm25", CollectionSettings(data=str(folders.beir(tmp_path / "mini"))), out)
    metrics = read_metrics(out)
    assert metrics["metrics"] == pytest.approx({name: np.mean(values) for name, values in EXPECTED.items()})
    assert metrics["by_language"] == {}
    rows = pq.read_table(out / "per_query.parquet").to_pylist()
    assert [row["id"] for row in rows] == ["q1", "q2", "q3"]
    for name, values in EXPECTED.items():
        assert [row[name] for row in rows] == pytest.approx(values)
        low, high = metrics["intervals"][name]
        assert low <= metrics["metrics"][name] <= high
        assert metrics["signatures"][name].startswith(f"{name}|data:beir-mini-4|split:test|langs:unknown|queries:3|")
    assert [(row["lang"], row["relevant"], row["found"]) for row in rows] == [(None, 2, 2), (None, 2, 1), (None, 1, 0)]
    assert metrics["counts"] == {
        "queries": 3,
        "queries_without_relevant": 1,
        "queries_not_judged": 0,
        "documents": 4,
        "relevant_but_no_document": 1,
    }
    assert load_manifest(out).counts == metrics["counts"]
    assert (out / "qrels.trec").read_text(encoding="utf-8").splitlines()[0] == "q1 0 d1 1"


def test_languages_count_equally_and_have_their_own_rankings(tmp_path):
    """Yoruba's d1 is not relevant to q1: nDCG 2 / log₂ 3 / 2 there."""
    folders.miracl(tmp_path / "miracl")
    qrels = tmp_path / "miracl" / "miracl-v1.0-yo" / "qrels" / "qrels.miracl-v1.0-yo-dev.tsv"
    qrels.write_text("q1 Q0 d1 0\nq1 Q0 d2 2\n", encoding="utf-8")
    settings = CollectionSettings(benchmark="miracl", data=str(tmp_path / "miracl"), metrics=["nDCG@10"])
    evaluate_collection("bm25", settings, tmp_path / "out")
    metrics, swahili = read_metrics(tmp_path / "out"), np.mean(EXPECTED["nDCG@10"])
    by_language = metrics["by_language"]
    assert by_language["swh_Latn"] == pytest.approx({"nDCG@10": swahili, "queries": 3, "documents": 4})
    assert by_language["yor_Latn"] == pytest.approx({"nDCG@10": 1 / LOG3, "queries": 1, "documents": 4})
    assert metrics["metrics"]["nDCG@10"] == pytest.approx((swahili + 1 / LOG3) / 2)
    assert set(metrics["intervals"]["by_language"]) == {"swh_Latn", "yor_Latn"}
    assert (tmp_path / "out" / "yor_Latn" / "run.trec").is_file()


def test_an_encoders_ranking_is_that_of_its_vectors_and_its_run_gives_the_same_metrics(tmp_path, opened):
    folders.beir(tmp_path / "mini")
    settings = CollectionSettings(data=str(tmp_path / "mini"), cache=str(tmp_path / "cache"))
    evaluate_collection("demo", settings, tmp_path / "out")
    texts = [f"{title} {text}".strip() for title, text in folders.DOCUMENTS.values()]
    queries = [folders.QUERIES[name] for name in ("q1", "q2", "q3")]
    scores = encode_texts(opened, queries, "query") @ encode_texts(opened, texts, "document").T
    found = trec(tmp_path / "out" / "run.trec")
    assert [list(found[q]) for q in ("q1", "q2", "q3")] == [
        [list(folders.DOCUMENTS)[place] for place in np.argsort(-row)] for row in scores
    ]
    np.testing.assert_allclose([found["q2"][f"d{n}"] for n in range(1, 5)], scores[1], atol=1e-6)
    assert len(list((tmp_path / "cache").iterdir())) == 1

    files = {"run": str(tmp_path / "out" / "run.trec"), "qrels": str(tmp_path / "out" / "qrels.trec")}
    evaluate_run(CollectionSettings(**files), tmp_path / "again")
    assert read_metrics(tmp_path / "again")["metrics"] == read_metrics(tmp_path / "out")["metrics"]
    qrels = {q: folders.JUDGED[q] for q in ("q1", "q2", "q3")}
    reference = pytrec_eval.RelevanceEvaluator(qrels, {"map", "ndcg_cut.10"}).evaluate(found)
    rows = pq.read_table(tmp_path / "again" / "per_query.parquet").to_pylist()
    assert [row["MAP"] for row in rows] == pytest.approx([reference[row["id"]]["map"] for row in rows], abs=1e-6)


@pytest.mark.parametrize("method", ["shift", "centre"])
def test_a_corrected_models_vectors_are_corrected_by_language(tmp_path, opened, monkeypatch, method):
    """A correction that turns documents round ranks the other way; one that turns queries too changes nothing."""
    width = opened.get_embedding_dimension()
    turned = Correction(method, method != "shift", {"eng_Latn": (-np.eye(width), np.zeros(width))})
    monkeypatch.setattr(retrieve, "method_of", lambda model: method)
    data = str(folders.beir(tmp_path / "mini"))
    runs = []
    for name, correction in (("turned", turned), ("plain", Correction(method, True, {}))):
        monkeypatch.setattr(retrieve, "correction_of", lambda encoder, method, correction=correction: correction)
        evaluate_collection("demo", CollectionSettings(data=data, languages=["eng_Latn"]), tmp_path / name)
        runs.append([list(hits) for hits in trec(tmp_path / name / "run.trec").values()])
    with pytest.raises(UsageError, match="language of the documents"):
        evaluate_collection("demo", CollectionSettings(data=data), tmp_path / "none")
    assert runs[0] == ([hits[::-1] for hits in runs[1]] if method == "shift" else runs[1])


def test_a_finished_evaluation_is_not_done_again_and_nothing_is_left_beside_it(tmp_path):
    settings = CollectionSettings(data=str(folders.beir(tmp_path / "mini")))
    first = evaluate_collection("bm25", settings, tmp_path / "out")
    stamp = (tmp_path / "out" / "metrics.json").stat().st_mtime_ns
    assert evaluate_collection("bm25", settings, tmp_path / "out") == first
    assert (tmp_path / "out" / "metrics.json").stat().st_mtime_ns == stamp
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mini", "out"]
    corpus = tmp_path / "mini" / "corpus.jsonl"
    corpus.write_text(corpus.read_text(encoding="utf-8") + '{"_id": "d5", "text": "a red fox"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="inputs"):
        evaluate_collection("bm25", settings, tmp_path / "out")
    assert evaluate_collection("bm25", settings, tmp_path / "out", overwrite=True).counts["documents"] == 5


def test_in_beir_a_query_does_not_find_itself_among_the_documents(tmp_path):
    for layout, write, name in (("beir", folders.beir, "corpus.jsonl"), ("trec", folders.own, "collection.tsv")):
        path = write(tmp_path / layout) / name
        line = '{"_id": "q1", "text": "red fox"}' if layout == "beir" else "q1\tred fox"
        path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
        settings = CollectionSettings(benchmark=layout, data=str(tmp_path / layout))
        evaluate_collection("bm25", settings, tmp_path / f"{layout}-out")
        expected = ["d1", "d2"] if layout == "beir" else ["d1", "q1", "d2"]
        assert list(trec(tmp_path / f"{layout}-out" / "run.trec")["q1"]) == expected
        shallow = settings.model_copy(update={"depth": 2, "metrics": ["nDCG@2"]})
        evaluate_collection("bm25", shallow, tmp_path / f"{layout}-two")
        assert list(trec(tmp_path / f"{layout}-two" / "run.trec")["q1"]) == expected[:2]


def test_a_run_that_lacks_judged_queries_counts_them_as_zero(tmp_path):
    folders.write(tmp_path / "run", "q1 Q0 d2 1 2 x\nq1 Q0 d1 2 1 x\nother Q0 d1 1 1 x\n")
    folders.write(tmp_path / "qrels", folders.trec_qrels())
    files = ("--run", tmp_path / "run", "--qrels", tmp_path / "qrels")
    done = run(*files, "--languages", "de", "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.exception
    metrics = json.loads(done.stdout)
    assert metrics["metrics"] == pytest.approx(dict.fromkeys(EXPECTED, 1 / 3))
    assert list(metrics["by_language"]) == ["deu_Latn"]
    assert metrics["counts"] == {
        "queries": 3,
        "queries_without_relevant": 1,
        "queries_not_in_run": 2,
        "queries_not_judged": 1,
    }


def test_bm25_within_the_languages_of_a_sentence_benchmark(mini, tmp_path):
    """One question names its paragraph's first sentence, so that is what all three find first."""
    done = run("bm25", "--data", mini, "--out", tmp_path / "out", "--metrics", "MAP")
    assert done.exit_code == 0, done.exception
    metrics = read_metrics(tmp_path / "out")
    assert metrics["benchmark"] == "xquad-r"
    assert metrics["by_language"]["eng_Latn"]["queries"] == 3
    rows = {(row["lang"], row["id"]): row for row in pq.read_table(tmp_path / "out" / "per_query.parquet").to_pylist()}
    assert rows["eng_Latn", "q1"]["MAP"] == rows["deu_Latn", "q1"]["MAP"] == 1
    assert rows["eng_Latn", "q2"]["MAP"] < 1
    assert "mean" in done.stdout
    assert metrics["signature"] in done.stdout


def test_translated_queries_are_asked_in_the_documents_language(tmp_path):
    """CIRAL: English queries, Hausa documents; the one that is given the words of a document finds it."""
    words = {"red fox": "whale blue", "blue whale": "fox", "green frog": "nothing interest"}
    pairs = []

    def translate(texts, source, target):
        pairs.append((source, target))
        return [words[text] for text in texts]

    settings = CollectionSettings(
        benchmark="ciral", data=str(folders.ciral(tmp_path / "ciral")), translate="some-mt", metrics=["MRR@10"]
    )
    one = Translator(lambda source, target: f"{source} {target} 1", translate)
    manifest = evaluate_collection("bm25", settings, tmp_path / "out", translator=one)
    assert pairs == [("eng_Latn", "hau_Latn")]
    found = trec(tmp_path / "out" / "run.trec")
    assert (list(found["q1"]), list(found["q2"]), list(found["q3"])) == (["d3"], ["d1", "d2"], ["d4"])
    assert "|mt:some-mt|" in read_metrics(tmp_path / "out")["signature"]
    assert manifest.settings["translate"] == "some-mt"
    other = Translator(lambda source, target: f"{source} {target} 2", translate)
    with pytest.raises(UsageError, match="inputs"):
        evaluate_collection("bm25", settings, tmp_path / "out", translator=other)


def test_there_has_to_be_something_to_translate(mini, tmp_path):
    none = Translator(lambda *_: "", lambda texts, *_: texts)
    folders.beir(tmp_path / "beir")
    for values in ({"benchmark": "beir"}, {"benchmark": "beir", "languages": ["deu_Latn"]}):
        settings = CollectionSettings(data=str(tmp_path / "beir"), translate="mt", **values)
        with pytest.raises(UsageError, match="nothing to translate"):
            evaluate_collection("bm25", settings, tmp_path / "out", translator=none)
    settings = CollectionSettings(benchmark="xquad-r", data=str(mini), translate="mt", languages=["deu_Latn"])
    with pytest.raises(UsageError, match="English"):
        evaluate_collection("bm25", settings, tmp_path / "out", translator=none)


def test_english_questions_of_a_sentence_benchmark_are_translated_into_the_other_languages(mini, tmp_path):
    """q3 has no answer in German; q1 is given words of its German sentence, q2 of another one."""
    words = {"q1 of One is red.?": "eins rot", "q2 of One is red.?": "drei"}
    one = Translator(lambda *_: "1", lambda texts, *_: [words[text] for text in texts])
    settings = CollectionSettings(benchmark="xquad-r", data=str(mini), translate="mt", metrics=["MAP"])
    evaluate_collection("bm25", settings, tmp_path / "out", translator=one)
    metrics = read_metrics(tmp_path / "out")
    assert metrics["by_language"] == {"deu_Latn": {"MAP": 1 / 2, "queries": 2, "documents": 3}}
    assert metrics["counts"]["queries_without_relevant"] == 1


def test_the_bundled_model_translates_queries_each_in_its_place():
    texts = ["Where is the station?", "42", "Who wrote the book?", "Where is the station?"]
    made = translator("demo").translate(texts, "eng_Latn", "deu_Latn")
    assert len(set(made)) == 3
    assert made[0] == made[3]
    assert made[1] == "42"
    assert "Wo" in made[0]
    assert "Wer" in made[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("demo --benchmark squad", "beir, trec, miracl"),
        ("demo --benchmark beir", "data"),
        ("--benchmark beir --data mini", "bm25"),
        ("demo --run run --qrels qrels", "either a model or a run"),
        ("--run run", "qrels"),
        ("bm25 --benchmark beir --data mini --metrics P@5", "P@5"),
        ("bm25 --benchmark beir --data mini --depth 50", "100: give a greater depth"),
        ("bm25 --benchmark beir --data mini --candidate passage", "'candidate'"),
        ("demo --split dev", "'split'"),
        ("bm25 --benchmark beir --data none", "none"),
        ("bm25 --benchmark xquad-r --split dev", "plit means nothing for xquad-r"),
        ("--run run --qrels qrels --data mini", "ata means nothing for a run"),
        ("--run none --qrels qrels", "none"),
        ("--run run --qrels qrels --search faiss", "leave search out"),
        ("bm25 --benchmark beir --data mini --search faiss", "BM25 has no vectors"),
        ("demo --benchmark beir --data mini --search annoy", "'exact' or 'faiss'"),
    ],
)
def test_wrong_options_are_usage_errors(tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    folders.beir(tmp_path / "mini")
    folders.write(tmp_path / "run", "q1 Q0 d2 1 2 x\n")
    folders.write(tmp_path / "qrels", folders.trec_qrels())
    done = run(*arguments.split(), "--out", "out")
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)
    assert not (tmp_path / "out").exists()
