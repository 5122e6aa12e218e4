"""The pages of an evaluation, a comparison and a study: whole, escaped, self-contained, with text alternatives."""

import json
import re
from html.parser import HTMLParser

import pytest
import typer
from report_world import HOSTILE
from typer.testing import CliRunner

from mtqa.cli.compare import command as compare_command
from mtqa.cli.report import command as report_command
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.evaluate.collection.run import evaluate_collection
from mtqa.evaluate.settings import CollectionSettings
from mtqa.report.html import write_report
from mtqa.study.compare import compare, find_systems

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects ids, tables' texts and drawings; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.drawings, self.words = [], [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values and not any(t == "svg" for t in self.open) else []
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag == "svg":
            assert values["role"] == "img"
            self.drawings.append(values["aria-label"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())


def parsed(path):
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert set(page.links) <= {f"#{id_}" for id_ in re.findall(r'id="([^"]+)"', text)}
    assert len(page.ids) == len(set(page.ids))
    assert "built-in method" not in text, "a column named as a method of dict needs brackets in the template"
    assert "<script" not in text and "url(http" not in text and "@import" not in text
    assert "prefers-color-scheme:dark" in text and "@media print" in text
    return page


def test_an_evaluation_s_page_shows_its_numbers(evaluations):
    folder = evaluations / "evaluation" / "close" / "xquad-r"
    page = parsed(write_report(folder))
    metrics = read_metrics(folder)
    for value in metrics["mAP"].values():
        assert f"{value:.3f}" in page.words
    for row in metrics["first_hit_confusion"].values():
        assert {f"{value:.0%}" for value in row.values()} <= set(page.words)
    assert f"{metrics['by_answer']['type']['name']['Mul']:.3f}" in page.words
    assert f"name ({metrics['by_answer']['type']['name']['questions']})" in page.words
    assert metrics["signature"] in page.words
    assert any("1 is no preference" in label for label in page.drawings)


def test_the_number_without_correction_stands_below(evaluations, tmp_path):
    folder = tmp_path / "corrected"
    folder.mkdir()
    for path in (evaluations / "evaluation" / "close" / "xquad-r").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    metrics = read_metrics(folder)
    metrics["uncorrected"] = {"mAP": {"Mo": 0.1234, "Cr": 0.2, "Mul": 0.3}, "bias": {"rank_distance": 1234.56}}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    words = parsed(write_report(folder)).words
    place = words.index("given vectors, uncorrected")
    assert [w for w in words[place : place + 12] if w][1:5] == ["0.123", "0.200", "0.300", "1234.6"]


def test_a_collection_s_page_shows_every_language(tmp_path):
    """Two languages of a collection in TREC's and BEIR's forms, searched with BM25."""
    for lang, text in (("en", "a red fox"), ("de", "ein roter Fuchs")):
        folder = tmp_path / "beir" / lang
        (folder / "qrels").mkdir(parents=True)
        documents = [{"_id": f"d{n}", "title": "", "text": f"{text} {n}"} for n in range(3)]
        queries = [{"_id": f"q{n}", "text": f"{text} {n}"} for n in range(2)]
        for name, rows in (("corpus", documents), ("queries", queries)):
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        judged = "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\n"
        (folder / "qrels" / "test.tsv").write_text(judged, encoding="utf-8")
    settings = CollectionSettings(benchmark="beir", data=str(tmp_path / "beir"), resamples=100)
    evaluate_collection("bm25", settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    words = parsed(write_report(tmp_path / "out")).words
    assert {"bm25", "German", "English", metrics["signature"], *metrics["metrics"]} <= set(words)
    assert {f"{value:.4f}" for value in metrics["metrics"].values()} <= set(words)


def test_a_comparison_s_page(evaluations, tmp_path):
    app = typer.Typer()
    app.command()(compare_command)
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, [str(evaluations), "--resamples", "200", "--report", str(out)])
    assert result.exit_code == 0, result.output
    page = parsed(out)
    assert f"close against {HOSTILE}" in page.words
    assert f"close − {HOSTILE}" in page.words
    assert "better" in page.words
    assert {"German", "English", "Spanish"} <= set(page.words)
    metrics = read_metrics(evaluations / "evaluation" / HOSTILE / "xquad-r")
    assert f"{metrics['by_pair']['deu_Latn']['spa_Latn']:.3f}" in page.words


@pytest.fixture
def study(evaluations, tmp_path):
    """A study's folder of two seeds of `close` and one untrained system, with results as `mtqa study` writes them."""
    out = tmp_path / "study"
    for seed in (1, 2):
        target = out / "evaluation" / "close" / f"seed-{seed}" / "xquad-r"
        target.parent.mkdir(parents=True)
        target.symlink_to(evaluations / "evaluation" / "close" / "xquad-r")
    plain = out / "evaluation" / HOSTILE / "untrained" / "xquad-r"
    plain.parent.mkdir(parents=True)
    plain.symlink_to(evaluations / "evaluation" / HOSTILE / "xquad-r")
    found = compare(find_systems(evaluations), resamples=200)["xquad-r"]
    differences = [{**d, "benchmark": "xquad-r"} for d in found["differences"]]
    arms = {"close": {"shards": {"mode": "hybrid"}, "train": {}}, HOSTILE: {"shards": {}, "train": False}}
    metrics = read_metrics(evaluations / "evaluation" / "close" / "xquad-r")
    group = {"languages": found["languages"], "arms": found["systems"]}
    benchmark = {
        "signature": metrics["signature"],
        "languages": found["languages"],
        "counts": metrics["counts"],
        "topics": "unseen <topics>",
        "groups": {"all": group, "seen in training": group},
        "pairs": {},
    }
    results = {
        "name": "a <b> study",
        "description": "two seeds",
        "seeds": [1, 2],
        "planned_seeds": [1, 2, 3],
        "arms": arms,
        "training_languages": ["eng_Latn"],
        "fairness": {"equal": True, "by_seed": {"1": {"close": {"batches": 80, "pairs": 8000}}}},
        "benchmarks": {"xquad-r": benchmark},
        "primary": [d for d in differences if d["group"] == "all"],
        "secondary": [d for d in differences if d["group"] == "all"],
        "by_language": [d for d in differences if d["group"] != "all"],
        "answers": ["close beats the other."],
        "verdicts": ["In words."],
        "curves": {"close": [[1, 3.0], [40, 2.0], [80, 1.5]]},
    }
    recipe = {
        "corpora": [],
        "parallel": None,
        "dev": None,
        "shards": {"steps": 80},
        "train": {"encoder": "demo"},
        "arms": arms,
        "evaluate": [{"benchmark": "xquad-r", "data": "sample"}],
    }
    (out / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (out / "study.json").write_text(json.dumps({"recipe": recipe}), encoding="utf-8")
    return out


def test_a_study_s_page(study):
    app = typer.Typer()
    app.command()(report_command)
    result = CliRunner().invoke(app, [str(study)])
    assert result.exit_code == 0, result.output
    page = parsed(study / "report.html")
    assert {"a <b> study", "close beats the other.", "Query languages: seen in training"} <= set(page.words)
    assert "Results on xquad-r (unseen <topics>)" in page.words
    assert any(w.startswith("2 of 3 seeds; 80 steps and 8,000 pairs an arm and seed, in English.") for w in page.words)
    assert "English (trained on)" in page.words
    assert any(label.startswith("loss by training step: close from 3 to 1.5") for label in page.drawings)
    assert {"tests", "xquad-r", "languages", "training", "how"} <= set(page.ids)
    assert "batches" not in page.ids


def test_a_study_over_alpha_shows_its_curve(study):
    results = json.loads((study / "results.json").read_text(encoding="utf-8"))
    some = results["benchmarks"]["xquad-r"]["groups"]["all"]["arms"]
    for name, shards in {
        "mono": {"mode": "mono"},
        "cross": {"mode": "cross"},
        "h2": {"mode": "hybrid", "alpha": 0.2},
    }.items():
        results["arms"][name] = {"shards": shards, "train": {}}
        some[name] = some["close"]
        (study / "evaluation" / name).symlink_to(study / "evaluation" / "close")
    (study / "results.json").write_text(json.dumps(results), encoding="utf-8")
    page = parsed(write_report(study))
    assert any(label.startswith("mAP by α, the share of mono batches: Mo from") for label in page.drawings)


def test_a_study_s_corrections_stand_beside_their_changes(study):
    results = json.loads((study / "results.json").read_text(encoding="utf-8"))
    arms = results["benchmarks"]["xquad-r"]["groups"]["all"]["arms"]
    change = {"difference": 0.0123, "interval": [0.01, 0.02]}
    results["corrections"] = {
        "languages": ["deu_Latn", "eng_Latn"],
        "methods": {
            "centre": {
                "xquad-r": {
                    "arms": arms,
                    "changes": {arm: dict.fromkeys(by, change) for arm, by in arms.items()},
                    "uncorrected": ["spa_Latn"],
                }
            }
        },
        "applied_to_all": [{**d, "correction": "centre"} for d in results["primary"]],
        "against_plain": [{**d, "correction": "centre"} for d in results["primary"]],
        "answers": ["With centre applied to all arms: nothing changes."],
    }
    (study / "results.json").write_text(json.dumps(results), encoding="utf-8")
    words = parsed(write_report(study)).words
    assert {"With centre applied to all arms: nothing changes.", "Left as they are: Spanish."} <= set(words)
    assert "+0.0123 [+0.0100, +0.0200]" in words
    assert {f"close with centre − {HOSTILE} with centre", f"close − {HOSTILE} with centre"} <= set(words)


def test_missing_and_damaged_parts_are_named(study, tmp_path):
    with pytest.raises(UsageError, match="nothing in"):
        write_report(tmp_path)
    (study / "evaluation" / "close" / "seed-2" / "xquad-r").unlink()
    with pytest.raises(UsageError, match="metrics cannot be read") as error:
        write_report(study)
    assert "seed-2" in str(error.value)
    (study / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read") as error:
        write_report(study)
    assert "results.json" in str(error.value)
    assert not (study / "report.html").exists()
