from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.filter import run as run_module
from mtqa.filter.duplicates import key, repeats, source_key, sources_of_each
from mtqa.filter.run import filter_corpus
from mtqa.filter.settings import FilterSettings

SETTINGS = FilterSettings()


def questions(folder: Path, lang: str) -> list[str]:
    corpus = open_corpus(folder)
    return [text for batch in corpus.batches(lang, columns=["question"]) for text in batch["question"].to_pylist()]


def rejected(folder: Path, lang: str) -> list[dict]:
    files = sorted((folder / ".rejected" / lang).glob("*.parquet"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def bad(rows):
    """The small corpus with one fault a row in German, none in Spanish."""
    rows["deu_Latn"][0]["question"] = "Wann wurde die alte Mühle am Fluss 1875 gebaut?"
    rows["deu_Latn"][1]["question"] = "..."
    rows["deu_Latn"][2]["question"] = rows["eng_Latn"][2]["question"]
    rows["deu_Latn"][3]["answers"] = [{"text": "1999", "start": None}]
    return rows


def test_good_rows_are_kept_and_faults_leave_with_reasons(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    manifest = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    counts = {lang: part.counts for lang, part in manifest.parts.items()}
    assert {lang: (c["in"], c["kept"], c["dropped"]) for lang, c in counts.items()} == {
        "eng_Latn": (4, 4, 0),
        "deu_Latn": (4, 1, 3),
        "spa_Latn": (4, 4, 0),
    }
    assert manifest.counts == {"in": 12, "kept": 9, "dropped": 3}
    assert questions(tmp_path / "out", "deu_Latn") == [bad["deu_Latn"][3]["question"]]
    why = {
        row["question"]: {f"{r['field']}.{r['check']}" for r in row["reasons"]}
        for row in rejected(tmp_path / "out", "deu_Latn")
    }
    assert why[bad["deu_Latn"][0]["question"]] == {"question.numbers"}
    assert why["..."] >= {"question.empty"}
    assert why[bad["eng_Latn"][2]["question"]] == {"question.copy"}
    german = counts["deu_Latn"]
    assert german["alone"] == {"question.numbers": 1, "question.copy": 1}
    assert german["noted"] == {"answer.numbers": 1}
    assert sum(german["histograms"]["question.numbers"]["counts"]) == 4
    assert manifest.info["unfitted"] == [] and manifest.info["identifiers"]["deu_Latn"] == [
        "cld2",
        "fasttext",
        "py3langid",
    ]


def test_kept_and_rejected_rows_are_the_input_rows(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    kept = pq.read_table(tmp_path / "out/deu_Latn/train-00000.parquet").to_pylist()
    left = [{k: v for k, v in row.items() if k != "reasons"} for row in rejected(tmp_path / "out", "deu_Latn")]
    assert sorted(kept + left, key=lambda r: r["item_id"]) == sorted(bad["deu_Latn"], key=lambda r: r["item_id"])


def test_scores_hold_every_row_and_rule(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    manifest = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    table = pq.read_table(tmp_path / "out/.scores/deu_Latn/train-00000.parquet").to_pylist()
    assert len(table) == 4 * len(manifest.settings["rules"])
    found = {(row["item_id"], row["field"], row["check"]): row["score"] for row in table}
    ids = [row["item_id"] for row in bad["deu_Latn"]]
    assert found[ids[0], "question", "numbers"] == 1 and found[ids[1], "question", "empty"] == 1
    assert found[ids[1], "question", "language"] is None


def test_order_of_rows_does_not_matter_for_the_join(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    write_corpus(tmp_path / "shuffled", {**bad, "eng_Latn": bad["eng_Latn"][::-1]})
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "a")
    filter_corpus(tmp_path / "shuffled", SETTINGS, tmp_path / "b")
    for name in ("deu_Latn", ".rejected/deu_Latn", ".scores/deu_Latn"):
        assert contents(tmp_path / "a" / name) == contents(tmp_path / "b" / name)


def test_rows_without_english_are_judged_by_what_needs_no_source(tmp_path, rows, write_corpus):
    rows["deu_Latn"][1]["question"] = "..."
    write_corpus(tmp_path / "in", {"deu_Latn": rows["deu_Latn"]})
    manifest = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    assert manifest.parts["deu_Latn"].counts["reasons"] == {"question.empty": 1}


def test_rows_without_passages(tmp_path, rows, write_corpus):
    bare = {lang: [{**row, "passage": None, "passage_id": None} for row in own] for lang, own in rows.items()}
    write_corpus(tmp_path / "in", bare)
    assert filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out").counts == {"in": 12, "kept": 12, "dropped": 0}
    bare["eng_Latn"] = rows["eng_Latn"]
    write_corpus(tmp_path / "lost", bare)
    manifest = filter_corpus(tmp_path / "lost", SETTINGS, tmp_path / "out2")
    assert manifest.parts["deu_Latn"].counts["reasons"]["passage.empty"] == 4


def test_a_lost_sentence_is_seen_through_the_segments(tmp_path, rows, write_corpus):
    english, german = rows["eng_Latn"][0]["passage"] * 8, rows["deu_Latn"][0]["passage"] * 8
    lost = german + "So."
    full = english + "The bridge that had stood beside it since the war was never built again, and nobody missed it."
    segments = [
        {"source_start": 0, "source_end": len(english), "target_start": 0, "target_end": len(german), "score": -0.5},
        {
            "source_start": len(english),
            "source_end": len(full),
            "target_start": len(german),
            "target_end": len(lost),
            "score": -0.5,
        },
    ]
    rows["eng_Latn"][0]["passage"], rows["deu_Latn"][0]["passage"] = full, lost
    write_corpus(tmp_path / "whole", rows)
    rows["deu_Latn"][0]["mt"] = {
        "model": "m",
        "question_score": None,
        "passage_score": None,
        "flags": [],
        "segments": segments,
    }
    write_corpus(tmp_path / "segments", rows)
    whole = filter_corpus(tmp_path / "whole", SETTINGS, tmp_path / "a").parts["deu_Latn"].counts
    known = filter_corpus(tmp_path / "segments", SETTINGS, tmp_path / "b").parts["deu_Latn"].counts
    assert "passage.length_ratio" not in whole["reasons"] and known["reasons"]["passage.length_ratio"] == 1


def test_duplicates(tmp_path, rows, write_corpus):
    for row in rows["deu_Latn"][:3]:
        row["question"] = "Wann war das denn nun eigentlich?"
    write_corpus(tmp_path / "in", rows)
    counts = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out").parts["deu_Latn"].counts
    assert counts["reasons"] == {"question.duplicate": 3, "row.duplicate": 2}


def test_counting_of_sources():
    targets = [key("a"), key("b"), key("a"), key("a"), key("c")]
    sources = [source_key(t) for t in ("When?", "Who?", "when", "Where?", "Who")]
    assert sources_of_each(np.array([targets, sources], np.uint64).T).tolist() == [2, 1, 2, 2, 1]
    assert repeats(np.array([[5, 3, 5, 3, 9]], np.uint64).T).tolist() == [0, 0, 1, 1, 0]


def test_group_modes(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    kept = {}
    for group in ("any", "all", "min_languages:1", "min_languages:2"):
        out = tmp_path / group.replace(":", "-")
        manifest = filter_corpus(tmp_path / "in", FilterSettings(group=group), out)
        kept[group] = [manifest.parts[lang].counts["kept"] for lang in ("eng_Latn", "deu_Latn", "spa_Latn")]
    assert kept == {"any": [4, 1, 4], "all": [1, 1, 1], "min_languages:1": [4, 1, 4], "min_languages:2": [1, 1, 1]}
    reasons = [row["reasons"] for row in rejected(tmp_path / "all", "spa_Latn")]
    assert reasons == [[{"field": "row", "check": "group", "score": 1.0}]] * 3


def test_same_work_is_up_to_date_and_repeats_byte_for_byte(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    first = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    before = (tmp_path / "out/_manifest.json").stat().st_mtime_ns
    assert filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out") == first
    assert (tmp_path / "out/_manifest.json").stat().st_mtime_ns == before
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "again" / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "again" / "out")


@pytest.fixture
def scored(monkeypatch) -> list[str]:
    """The languages that scores are computed for."""
    seen: list[str] = []
    original: Callable = run_module.score_language
    monkeypatch.setattr(
        run_module, "score_language", lambda c, facts, *more: (seen.append(facts.code), original(c, facts, *more))[1]
    )
    return seen


def test_changed_thresholds_decide_again_from_stored_scores(tmp_path, bad, write_corpus, scored):
    write_corpus(tmp_path / "in", bad)
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    lax = FilterSettings(thresholds={"question.numbers": 1})
    with pytest.raises(UsageError, match="rules, thresholds"):
        filter_corpus(tmp_path / "in", lax, tmp_path / "out")
    scored.clear()
    manifest = filter_corpus(tmp_path / "in", lax, tmp_path / "out", rescore=True)
    assert scored == [] and manifest.parts["deu_Latn"].counts["kept"] == 2
    filter_corpus(tmp_path / "in", lax, tmp_path / "fresh" / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh" / "out")
    with pytest.raises(UsageError, match="no scores"):
        filter_corpus(
            tmp_path / "in", FilterSettings(thresholds={"question.copy": None}), tmp_path / "out", rescore=True
        )


def test_an_added_language_is_the_only_one_filtered(tmp_path, bad, write_corpus, scored):
    write_corpus(tmp_path / "in", {lang: bad[lang] for lang in ("eng_Latn", "deu_Latn")})
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    write_corpus(tmp_path / "in", bad)
    scored.clear()
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out", overwrite=True)
    assert scored == ["spa_Latn"]
    filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "fresh")
    assert contents(tmp_path / "out/deu_Latn") == contents(tmp_path / "fresh/deu_Latn")


def test_load_dataset_sees_the_kept_rows_only(tmp_path, bad, write_corpus):
    bad["deu_Latn"][3]["split"] = bad["eng_Latn"][3]["split"] = bad["spa_Latn"][3]["split"] = "validation"
    write_corpus(tmp_path / "in", bad)
    manifest = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out")
    script = (
        "import sys, datasets\n"
        "for lang in sys.argv[2:]:\n"
        "    print(lang, {s: d.num_rows for s, d in datasets.load_dataset(sys.argv[1], lang).items()})\n"
    )
    environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out"), "eng_Latn", "deu_Latn", "spa_Latn"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = []
    for lang in ("eng_Latn", "deu_Latn", "spa_Latn"):
        splits = manifest.parts[lang].counts["splits"]
        expected.append(f"{lang} { ({split: count['kept'] for split, count in splits.items() if count['kept']}) }")
    assert done.stdout.splitlines() == expected


def test_command_prints_a_table_or_json(tmp_path, bad, write_corpus):
    import json

    from mtqa.cli import filter as module

    app = typer.Typer()
    app.command()(module.command)
    write_corpus(tmp_path / "in", bad)
    done = CliRunner().invoke(app, [str(tmp_path / "in"), "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert "deu_Latn" in done.output and "question.copy 1" in done.output
    options = [
        str(tmp_path / "in"),
        "--out",
        str(tmp_path / "out"),
        "--threshold",
        "question.numbers=off",
        "--overwrite",
        "--json",
    ]
    done = CliRunner().invoke(app, options, catch_exceptions=False)
    assert json.loads(done.output)["languages"]["deu_Latn"]["kept"] == 2
    with pytest.raises(UsageError, match="threshold"):
        CliRunner().invoke(app, [*options[:3], "--threshold", "question.numbers"], catch_exceptions=False)


def test_histograms_count_every_known_score(tmp_path, bad, write_corpus):
    write_corpus(tmp_path / "in", bad)
    counts = filter_corpus(tmp_path / "in", SETTINGS, tmp_path / "out").parts["deu_Latn"].counts
    for name, histogram in counts["histograms"].items():
        assert np.sum(histogram["counts"]) + counts["abstained"][name] == 4
