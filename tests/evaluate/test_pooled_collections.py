"""MultiEuP-v2, NeuCLIR and MIMO's released benchmarks: one pool of documents in several languages."""

import json

import collection_folders as folders
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from scipy.stats import kruskal, spearmanr
from typer.testing import CliRunner

from mtqa.cli.evaluate import command
from mtqa.core.encode import encode_texts
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.evaluate.collection import retrieve
from mtqa.evaluate.collection.language_metrics import measure_languages
from mtqa.evaluate.collection.layouts import sources
from mtqa.evaluate.collection.run import evaluate_collection
from mtqa.evaluate.collection.tasks import load_tasks, task_documents
from mtqa.evaluate.correction import Correction
from mtqa.evaluate.settings import PARALLEL, USUAL, CollectionSettings

EU = ["deu_Latn", "eng_Latn", "fra_Latn"]
app = typer.Typer()
app.command()(command)


def read(layout, folder, split=None, languages=None):
    found = sources(layout, folder, split, languages)
    return load_tasks(found), [tuple(document) for document in task_documents(found[0])]


def test_multieups_topics_are_asked_in_every_language_of_one_pool(tmp_path):
    tasks, documents = read("multieup-v2", folders.multieup(tmp_path))
    assert [task.source.lang for task in tasks] == [task.source.query_lang for task in tasks] == EU
    assert [list(task.queries) for task in tasks] == [["100", "200"], ["100", "200"], ["100"]]
    assert tasks[0].queries == {"100": "Wasserpolitik", "200": "Netze der Fischer"}
    assert tasks[1].judged == {"100": {"1": 1, "2": 1}, "200": {"3": 1, "4": 1, "5": 1}}
    codes = {"EN": "eng_Latn", "DE": "deu_Latn", "FR": "fra_Latn"}
    assert documents == [(did, text, codes[lang]) for did, (lang, _, text) in folders.SPEECHES.items()]
    some, documents = read("multieup-v2", tmp_path, languages=["deu_Latn", "fra_Latn"])
    assert [document[0] for document in documents] == ["2", "3", "4"]
    assert some[0].judged == {"100": {"2": 1}, "200": {"3": 1, "4": 1}}


@pytest.mark.parametrize(
    ("write", "split", "texts"),
    [
        (folders.neuclir_hub, None, ["clean water in rivers", "fishing nets"]),
        (folders.neuclir_trec, "2022", ["Clean water Is the water in rivers clean?", "Nets"]),
    ],
    ids=["Hub", "TREC"],
)
def test_neuclirs_topics_are_english_and_what_is_relevant_in_a_language_is_so_in_the_pool(
    tmp_path, write, split, texts
):
    (task,), documents = read("neuclir", write(tmp_path), split)
    assert list(task.queries.values()) == texts
    assert task.judged == {"8": {"f1": 3, "r1": 1}, "9": {"r2": 3, "r1": 0, "z2": 1}}
    assert task.unjudged == (1 if split is None else 0)
    assert [(name, lang) for name, _, lang in documents] == [
        ("f1", "pes_Arab"),
        ("f2", "pes_Arab"),
        ("r1", "rus_Cyrl"),
        ("r2", "rus_Cyrl"),
        ("z1", "zho_Hans"),
        ("z2", "zho_Hans"),
    ]
    assert documents[0][1] == "آب رودخانه و آب پاک"
    assert documents[1][1] == "ماهیگیری"
    (task,), documents = read("neuclir", tmp_path, split, ["rus_Cyrl", "zho_Hans"])
    assert task.judged == {"8": {"r1": 1}, "9": {"r2": 3, "r1": 0, "z2": 1}}
    assert len(documents) == 4


def test_neuclirs_documents_may_be_parquet_or_the_tracks_own_download(tmp_path):
    folders.neuclir_hub(tmp_path)
    expected = read("neuclir", tmp_path)[1]
    data = tmp_path / "neuclir1" / "data"
    rows = [{"id": i, "title": title, "text": text} for i, title, text in folders.NEWS["fas"]]
    pq.write_table(pa.Table.from_pylist(rows), data / "fas-00000-of-00001.parquet")
    lines = (data / "rus-00000-of-00001.jsonl.gz").rename(data / "docs.jsonl.gz")
    (data / "rus").mkdir()
    lines.rename(data / "rus" / "docs.jsonl.gz")
    (data / "fas-00000-of-00001.jsonl.gz").unlink()
    assert read("neuclir", tmp_path)[1] == expected


def test_mimos_files_are_one_pool_with_queries_that_share_their_ids(tmp_path):
    tasks, documents = read("mlir", folders.mlir(tmp_path))
    assert [(task.source.lang, task.queries) for task in tasks] == [
        ("eng_Latn", {"q_0a": "clean water", "q_0b": "fishing nets"}),
        ("nld_Latn", {"q_0a": "schoon water"}),
    ]
    assert tasks[1].judged == {"q_0a": {"doc_en_0": 1, "doc_dt_1": 1}}
    assert documents[1] == ("doc_dt_1", "Het water is schoon.", "nld_Latn")
    assert read("mlir", tmp_path, languages=["nld_Latn"])[0][0].judged == {"q_0a": {"doc_dt_1": 1}}


def test_hand_worked_measures_of_languages():
    """Relevant: a and b in the query's language (ranks 2 and 5), c in another (rank 3), d and e nowhere in the list."""
    ranked = ["x", "a", "c", "y", "b"]
    judged = {"a": 1, "b": 2, "c": 1, "d": 1, "e": 1, "x": 0}
    of = {"a": "deu", "b": "deu", "c": "fra", "d": "fra", "x": "fra"}  # the collection does not hold e
    found = measure_languages(ranked, judged, ["TLR@3", "TLR@2", "PEER@4", "Lang-nDCG@20", "LPR"], "deu", of)
    assert found["TLR@3"] == 0.5
    assert found["TLR@2"] == 0
    assert found["PEER@4"] == pytest.approx(kruskal([2, 5], [3, 5]).pvalue)
    discount = 1 / np.log2(np.arange(2, 8))
    assert found["Lang-nDCG@20"] == pytest.approx((discount[1] + 2 * discount[4]) / (2 * discount[0] + discount[1]))
    assert found["LPR"] == 1
    assert measure_languages(["c", "a"], judged, ["LPR"], "deu", of)["LPR"] == 0
    assert measure_languages(["c", "a"], judged, ["LPR"], "fra", of)["LPR"] == 1


def test_measures_of_languages_are_undefined_where_one_side_is_missing():
    names = ["TLR@20", "PEER@20", "Lang-nDCG@20", "LPR"]
    own = measure_languages(["a"], {"a": 1}, names, "deu", {"a": "deu"})
    assert [np.isnan(own[name]) for name in names] == [True, True, False, True]
    other = measure_languages(["a"], {"a": 1}, names, "fra", {"a": "deu"})
    assert [np.isnan(other[name]) for name in names] == [False, True, True, True]
    nothing = measure_languages([], {"a": 1, "b": 1}, ["LPR"], "deu", {"a": "deu", "b": "fra"})
    assert np.isnan(nothing["LPR"])


def test_a_pool_is_evaluated_by_query_language_with_a_ranking_each(tmp_path, opened):
    """MRC and nDCG against scipy and plain loops over all scores."""
    data = folders.multieup(tmp_path / "eup")
    settings = CollectionSettings(benchmark="multieup-v2", data=str(data))
    assert (settings.metrics, settings.depth) == (PARALLEL, 100)
    evaluate_collection("demo", settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    assert metrics["languages"] == EU
    assert metrics["pool"] == {"deu_Latn": 2, "eng_Latn": 2, "fra_Latn": 1}
    assert metrics["counts"]["documents"] == 5
    assert metrics["counts"]["queries"] == 5
    assert "|pool:deu_Latn+eng_Latn+fra_Latn|" in metrics["signature"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == EU

    texts = encode_texts(opened, [text for _, _, text in folders.SPEECHES.values()], "document")
    languages = [lang for lang, _, _ in folders.SPEECHES.values()]
    scores, correlations = {}, []
    for topic, titles in folders.TOPICS.items():
        for lang, title in titles.items():
            if title:
                scores[topic, lang] = encode_texts(opened, [title], "query")[0] @ texts.T
    rows = {
        (row["lang"][:2], row["id"]): row for row in pq.read_table(tmp_path / "out" / "per_query.parquet").to_pylist()
    }
    for (topic, lang), own in scores.items():
        others = [o for (t, la), o in scores.items() if t == topic and la != lang]
        expected = 100 * np.mean([spearmanr(own, other).statistic for other in others])
        row = rows[{"EN": "en", "DE": "de", "FR": "fr"}[lang], topic]
        assert row["MRC@20"] == pytest.approx(expected)
        ranked = np.argsort(-own)
        relevant = [t == topic for _, t, _ in folders.SPEECHES.values()]
        first = next(d for d in ranked if relevant[d])
        assert row["LPR"] == float(languages[first] == lang) if lang != "FR" else row["LPR"] is None
        gains = np.array([relevant[d] for d in ranked]) / np.log2(np.arange(2, 7))
        assert row["nDCG@20"] == pytest.approx(gains.sum() / (1 / np.log2(np.arange(2, 2 + sum(relevant)))).sum())
        assert row["Recall@20"] == row["TLR@20"] == 1
        correlations.append((lang, expected))
    by_language = [np.mean([v for la, v in correlations if la == lang]) for lang in ("DE", "EN", "FR")]
    assert metrics["metrics"]["MRC@20"] == pytest.approx(np.mean(by_language))
    shares = metrics["top_share_by_passage_language"]
    assert shares["share"] == pytest.approx({"deu_Latn": 0.4, "eng_Latn": 0.4, "fra_Latn": 0.2})
    assert shares["uniform"] == pytest.approx({"deu_Latn": 0.4, "eng_Latn": 0.4, "fra_Latn": 0.2})
    assert metrics["by_language"]["fra_Latn"]["LPR"] is None
    assert metrics["intervals"]["by_language"]["fra_Latn"]["LPR"] is None


def test_the_share_of_the_first_ranks_is_of_the_first_only(tmp_path, monkeypatch):
    monkeypatch.setattr("mtqa.evaluate.collection.summary.TOP_K", 1)
    data = folders.multieup(tmp_path / "eup")
    evaluate_collection("bm25", CollectionSettings(benchmark="multieup-v2", data=str(data)), tmp_path / "out")
    shares = read_metrics(tmp_path / "out")["top_share_by_passage_language"]
    assert shares["by_query_language"]["eng_Latn"] == {"deu_Latn": 0, "eng_Latn": 1, "fra_Latn": 0}


def test_documents_are_corrected_each_by_its_own_language(tmp_path, opened, monkeypatch):
    """A correction that turns German round puts German speeches last for those who found them first."""
    width = opened.get_embedding_dimension()
    turned = Correction("shift", False, {"deu_Latn": (-np.eye(width), np.zeros(width))})
    monkeypatch.setattr(retrieve, "method_of", lambda model: "shift")
    data, found = folders.multieup(tmp_path / "eup"), {}
    for name, correction in (("plain", Correction("shift", False, {})), ("turned", turned)):
        monkeypatch.setattr(retrieve, "correction_of", lambda encoder, method, correction=correction: correction)
        evaluate_collection("demo", CollectionSettings(benchmark="multieup-v2", data=str(data)), tmp_path / name)
        lines = (tmp_path / name / "deu_Latn" / "run.trec").read_text(encoding="utf-8").splitlines()
        found[name] = {(line.split()[0], line.split()[2]): float(line.split()[4]) for line in lines}
    assert found["turned"].keys() == found["plain"].keys()
    for (query, document), score in found["plain"].items():
        sign = -1 if folders.SPEECHES[document][0] == "DE" else 1
        assert found["turned"][query, document] == pytest.approx(sign * score, abs=1e-6)


def test_bm25_reads_every_document_in_its_language_and_has_no_mrc(tmp_path):
    data = folders.neuclir_trec(tmp_path / "news")
    settings = CollectionSettings(benchmark="neuclir", data=str(data), split="2022", metrics=["nDCG@20", "TLR@20"])
    evaluate_collection("bm25", settings, tmp_path / "out")
    assert read_metrics(tmp_path / "out")["metrics"] == {"nDCG@20": 0, "TLR@20": 0}  # no word is shared
    data = folders.multieup(tmp_path / "eup")
    evaluate_collection("bm25", CollectionSettings(benchmark="multieup-v2", data=str(data)), tmp_path / "eup-out")
    metrics = read_metrics(tmp_path / "eup-out")
    assert metrics["metrics"]["MRC@20"] is None
    assert metrics["by_language"]["eng_Latn"]["LPR"] == 1


def test_faiss_finds_what_exact_search_finds_in_a_small_pool(tmp_path, opened):
    pytest.importorskip("faiss")
    data = folders.neuclir_hub(tmp_path / "news")
    for search in ("exact", "faiss"):
        settings = CollectionSettings(benchmark="neuclir", data=str(data), search=search)
        evaluate_collection("demo", settings, tmp_path / search)
    exact, approximate = (read_metrics(tmp_path / name) for name in ("exact", "faiss"))
    assert approximate["metrics"] == pytest.approx(exact["metrics"])
    assert "|sim:dot|" in exact["signature"]
    assert "|sim:dot-by-faiss|" in approximate["signature"]
    assert not list(tmp_path.glob(".*"))


def test_the_command_shows_what_is_not_defined_as_a_dash(tmp_path, opened):
    folders.multieup(tmp_path / "eup")
    arguments = ["demo", "--benchmark", "multieup-v2", "--data", tmp_path / "eup", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.exception
    line = next(line for line in done.stdout.splitlines() if line.startswith("fra_Latn"))
    assert line.split()[-1] == "–"
    json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("layout", "write", "change", "says"),
    [
        ("multieup-v2", folders.multieup, ("TEXT,", "TEXTS,"), "no column TEXT"),
        ("multieup-v2", folders.multieup, ("100#EN", "10 0#EN"), "white space"),
        ("multieup-v2", folders.multieup, ("2,Wir", "1,Wir"), "'1' occurs twice"),
        ("mlir", folders.mlir, ('"lang": "en"', '"language": "en"'), "names no language"),
        ("mlir", folders.mlir, ('"lang": "en"', '"lang": "xx"'), "no language 'xx'"),
        ("mlir", folders.mlir, ('"text"', '"content"'), "no text"),
        ("mlir", folders.mlir, ('"doc_en_2": 1', '"doc_en_2": "x"'), "relevance is 'x'"),
        ("mlir", folders.mlir, ('"doc_en_2": 1', '"doc_en_2": 1e400'), "relevance is inf"),
        ("neuclir", folders.neuclir_trec, ('"topic_title"', '"name"'), "topic cannot be read"),
    ],
)
def test_wrong_files_are_refused_where_they_are_wrong(tmp_path, layout, write, change, says):
    write(tmp_path)
    for path in tmp_path.iterdir():
        if path.suffix in (".csv", ".jsonl"):
            path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UsageError, match=says) as caught:
        read(layout, tmp_path, "2022" if layout == "neuclir" else None)
    assert str(tmp_path) in str(caught.value)


def test_a_pool_without_queries_or_with_nothing_relevant_for_one(tmp_path):
    folder = folders.mlir(tmp_path)
    qrels = (folder / "qrels.jsonl").read_text(encoding="utf-8")
    (folder / "qrels.jsonl").write_text(qrels.replace('"doc_en_2": 1', '"doc_en_2": 0'), encoding="utf-8")
    assert [list(task.queries) for task in read("mlir", folder)[0]] == [["q_0a"], ["q_0a"]]
    (folder / "queries.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="no query"):
        read("mlir", folder)


def test_what_is_missing_is_named(tmp_path):
    for layout, says in (("multieup-v2", "clean_all"), ("neuclir", "judgements"), ("mlir", "queries.jsonl")):
        with pytest.raises(UsageError, match=says):
            sources(layout, tmp_path, None, None)
    folders.neuclir_hub(tmp_path / "n")
    with pytest.raises(UsageError, match="'2022'") as caught:
        sources("neuclir", tmp_path / "n", "2022", None)
    assert "bench" in str(caught.value)
    with pytest.raises(UsageError, match="deu_Latn"):
        sources("neuclir", tmp_path / "n", None, ["deu_Latn"])
    with pytest.raises(UsageError, match="ita_Latn"):
        sources("multieup-v2", folders.multieup(tmp_path / "m"), None, ["ita_Latn"])
    with pytest.raises(UsageError, match="ita_Latn"):
        sources("mlir", folders.mlir(tmp_path / "l"), None, ["ita_Latn"])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"benchmark": "beir", "metrics": ["LPR"]}, "several languages"),
        ({"benchmark": "mlir", "metrics": ["MRC@5", "MRC@20"]}, "once"),
        ({"benchmark": "multieup-v2", "split": "dev"}, "split means nothing"),
        ({"benchmark": "multieup-v2", "depth": 10}, "depth 10"),
    ],
)
def test_settings_that_cannot_be(values, says):
    with pytest.raises(ValueError, match=says):
        CollectionSettings(data="x", **values)


def test_usual_settings_can_be_changed():
    settings = CollectionSettings(benchmark="neuclir", data="x", metrics=["MAP"], depth=7)
    assert (settings.metrics, settings.depth) == (["MAP"], 7)
    assert CollectionSettings(benchmark="neuclir", data="x").metrics == USUAL["neuclir"]["metrics"]
