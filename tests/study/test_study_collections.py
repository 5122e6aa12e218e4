"""`mtqa compare` of collections: paired by query, and refused where the numbers are not of the same thing."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli.compare import command
from mtqa.core.errors import UsageError
from mtqa.evaluate.collection.compare import check_comparable, paired_difference, read
from mtqa.evaluate.collection.run import evaluate_collection, evaluate_run
from mtqa.evaluate.settings import CollectionSettings
from mtqa.study.compare import compare, find_systems

app = typer.Typer()
app.command()(command)
LANGS = {"sw": 30, "yo": 20}


def write_collection(folder, seed=0):
    """MIRACL's layout in two languages: each query's words are those of its document, some spoiled."""
    draw = np.random.default_rng(seed)
    words = [f"word{number}" for number in range(60)]
    for lang, queries in LANGS.items():
        data = folder / f"miracl-v1.0-{lang}"
        corpus = folder / f"miracl-corpus-v1.0-{lang}"
        corpus.mkdir(parents=True)
        texts = [" ".join(draw.choice(words, 6)) for _ in range(100)]
        lines = [json.dumps({"docid": f"{lang}{n}", "title": "", "text": text}) for n, text in enumerate(texts)]
        (corpus / "docs-0.jsonl").write_text("\n".join(lines), encoding="utf-8")
        (data / "topics").mkdir(parents=True)
        (data / "qrels").mkdir()
        topics = [
            f"q{n}\t{' '.join(draw.permutation(texts[n].split())[: draw.integers(1, 4)])}" for n in range(queries)
        ]
        (data / "topics" / f"topics.miracl-v1.0-{lang}-dev.tsv").write_text("\n".join(topics), encoding="utf-8")
        judged = "".join(f"q{n} Q0 {lang}{n} 1\n" for n in range(queries))
        (data / "qrels" / f"qrels.miracl-v1.0-{lang}-dev.tsv").write_text(judged, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """BM25 as it is, and BM25 with an index that forgets every third document's words."""
    root = tmp_path_factory.mktemp("collections")
    settings = CollectionSettings(benchmark="miracl", data=str(write_collection(root / "data")), resamples=200)
    evaluate_collection("bm25", settings, root / "good")
    patch = pytest.MonkeyPatch()
    patch.setattr("mtqa.evaluate.collection.bm25.K1", 9.0)
    patch.setattr("mtqa.evaluate.collection.bm25.words", lambda text, lang: text.split()[::2])
    evaluate_collection("bm25", settings, root / "poor")
    patch.undo()
    return root


def test_differences_are_those_of_the_metrics(evaluated):
    systems = [one for name in ("good", "poor") for one in find_systems(evaluated / name)]
    found = compare(systems, resamples=500)["miracl"]
    metrics = [json.loads((evaluated / name / "metrics.json").read_text(encoding="utf-8")) for name in ("good", "poor")]
    assert found["languages"] == ["swh_Latn", "yor_Latn"]
    for d in found["differences"]:
        own = [m["metrics"] if d["group"] == "all" else m["by_language"][d["group"]] for m in metrics]
        assert d["difference"] == pytest.approx(own[0][d["measure"]] - own[1][d["measure"]])
        low, high = d["interval"]
        assert low <= d["difference"] <= high
    best = next(d for d in found["differences"] if d["measure"] == "MRR@10" and d["group"] == "all")
    assert best["verdict"] == "better"
    assert best["p_sign_flip"] < 0.05
    assert len([d for d in found["differences"] if d["group"] != "all"]) == 8
    theirs = paired_difference(evaluated / "good", evaluated / "poor", "MRR@10")
    assert theirs.difference == pytest.approx(best["difference"])
    assert theirs.interval == pytest.approx(best["interval"], abs=0.05)


def test_an_evaluation_does_not_differ_from_itself(evaluated, tmp_path):
    (tmp_path / "same").symlink_to(evaluated / "good")
    systems = [*find_systems(evaluated / "good"), *find_systems(tmp_path / "same")]
    for d in compare(systems, resamples=200)["miracl"]["differences"]:
        assert (d["difference"], d["p"], d["verdict"]) == (0, 1, "undecided")


def test_the_command_and_its_page(evaluated, tmp_path):
    arguments = [evaluated / "good", evaluated / "poor", "--resamples", "200", "--languages"]
    done = CliRunner().invoke(app, list(map(str, [*arguments, "--report", tmp_path / "page.html"])))
    assert done.exit_code == 0, done.output
    assert "miracl (Swahili, Yoruba)" in done.stdout
    assert "good − poor" in done.stdout
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "good − poor" in page and "nDCG@10" in page and "Yoruba" in page
    assert page.count("nDCG@10|data:miracl-data-") == 1


def test_a_run_is_compared_with_what_the_same_judgements_measured(evaluated, tmp_path):
    """Of one language's folder: its run and qrels evaluated as from elsewhere give its own numbers."""
    settings = CollectionSettings(
        benchmark="miracl", data=str(evaluated / "data"), languages=["swh_Latn"], resamples=200
    )
    evaluate_collection("bm25", settings, tmp_path / "ours")
    lines = (tmp_path / "ours" / "run.trec").read_text(encoding="utf-8").splitlines()
    half = [line for line in lines if int(line.split()[0][1:]) % 2]
    (tmp_path / "half.trec").write_text("\n".join(half), encoding="utf-8")
    files = {"run": str(tmp_path / "half.trec"), "qrels": str(tmp_path / "ours" / "qrels.trec"), "resamples": 200}
    evaluate_run(CollectionSettings(**files), tmp_path / "theirs")
    found = compare([*find_systems(tmp_path / "ours"), *find_systems(tmp_path / "theirs")], resamples=200)["miracl"]
    values = [found["systems"][name]["MRR@10"]["value"] for name in ("ours", "theirs")]
    assert values[1] < values[0]
    (tmp_path / "qrels2").write_text((tmp_path / "ours" / "qrels.trec").read_text().replace("sw3 1", "sw3 2"))
    evaluate_run(CollectionSettings(**{**files, "qrels": str(tmp_path / "qrels2")}), tmp_path / "judged-otherwise")
    with pytest.raises(UsageError, match="judgements"):
        compare([*find_systems(tmp_path / "ours"), *find_systems(tmp_path / "judged-otherwise")], resamples=200)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"languages": ["swh_Latn"]}, "languages"),
        ({"depth": 500}, "depth"),
        ({"data": "other"}, "data"),
        ({"metrics": ["nDCG@3"]}, "metrics"),
    ],
)
def test_what_is_not_comparable_is_refused(evaluated, tmp_path, change, says):
    if "data" in change:
        change = {"data": str(write_collection(tmp_path / "data", seed=1))}
    settings = CollectionSettings(
        **{"benchmark": "miracl", "data": str(evaluated / "data"), "resamples": 200, **change}
    )
    evaluate_collection("bm25", settings, tmp_path / "out")
    with pytest.raises(UsageError, match=says):
        compare([*find_systems(evaluated / "good"), *find_systems(tmp_path / "out")], resamples=200)


def test_other_queries_and_damage_are_named(evaluated, tmp_path):
    values = read(evaluated / "good")
    other = type(values)(values.languages, values.metrics, values.ids[::-1], values.values, values.relevant)
    with pytest.raises(UsageError, match="queries"):
        check_comparable(evaluated / "good", evaluated / "poor", values, other)
    with pytest.raises(UsageError, match="no metric 'MAP@3'"):
        paired_difference(evaluated / "good", evaluated / "poor", "MAP@3")
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path)
