from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtqa.collect.contamination import benchmarks, exclude_fingerprint, open_benchmarks, words
from mtqa.collect.items import RawItem
from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.core.errors import UsageError

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def test_words() -> None:
    assert words("What's the “Straße”, ＡＢＣ?") == ["what", "s", "the", "strasse", "abc"]


@pytest.mark.parametrize(
    ("question", "passage", "held"),
    [
        ("WHO lit it", "new", True),
        ("Who lit this?", None, False),
        ("new?", "Short passage!", True),
        ("new?", "Short passage here.", False),
        ("new?", f"Before that, {LONG.upper()}.", True),
        ("new?", " ".join(LONG.split()[:12]), False),
        ("new?", " ".join(LONG.split()[1:]), True),
        ("new?", LONG.replace("seven", "7"), False),
    ],
)
def test_what_benchmarks_hold(question: str, passage: str | None, held: bool) -> None:
    known = benchmarks([RawItem("1", "Who lit it?", LONG), RawItem("2", "What?", "Short passage.")])
    assert known.hold(question, passage) is held


def test_files_of_one_name_in_two_folders_all_count(write: Any) -> None:
    write("t/topics.test.tsv", "q1\tWho?\n")
    write("t/qrels.test.tsv", "q1 0 d1 1\n")
    first = write("t/a/docs-0.jsonl", [{"docid": "d1", "text": "He."}])
    write("t/b/docs-0.jsonl", [{"docid": "d2", "text": "She."}])
    folder = str(first.parents[1])
    before = exclude_fingerprint(folder)
    first.write_text('{"docid": "d1", "text": "It."}\n', encoding="utf-8")
    assert exclude_fingerprint(folder) != before


def test_nothing_excluded_holds_nothing() -> None:
    assert not benchmarks([])
    assert not benchmarks([]).hold("", "")


def test_collect_leaves_out_what_benchmarks_hold(write: Any, squad: Any, tmp_path: Path) -> None:
    context = squad["data"][0]["paragraphs"][0]["context"]
    rows = [
        {"question": "where is paris", "passage": "Elsewhere.", "answer": "Elsewhere"},
        {"question": "Brand new?", "passage": context, "answer": "tower"},
        {"question": "Other?", "passage": "Quite other words.", "answer": "words"},
    ]
    path, bench = write("t.jsonl", rows), write("bench/en.json", squad)
    options = CollectSettings(sources=[str(path)], exclude=[str(bench.parent)], validation=0)
    manifest = collect(options, tmp_path / "out")
    assert manifest.counts["dropped"] == {"contaminated": 2}
    assert manifest.settings["exclude"] == ["bench"]
    assert str(tmp_path) not in (tmp_path / "out" / "_manifest.json").read_text()
    write("bench/en.json", {**squad, "data": []})
    with pytest.raises(UsageError, match="its inputs"):
        collect(options, tmp_path / "out")
    with pytest.raises(UsageError, match="no benchmark 'xquad'"):
        collect(CollectSettings(sources=[str(path)], exclude=["xquad"]), tmp_path / "other")


@pytest.mark.parametrize("unit", ["passage", "sentence"])
def test_a_short_sentence_of_a_benchmarks_passage_is_left_out(write: Any, tmp_path: Path, unit: str) -> None:
    passage = "The mill is red. It stands by the river that runs through the town where we used to live before the war."
    bench = write("bench.jsonl", [{"question": "What stands by the river?", "passage": passage, "answer": "mill"}])
    rows = [
        {"question": "Which colour is it?", "passage": passage, "answer": "red"},
        {"question": "Which colour is grass?", "passage": "Grass is green.", "answer": "green"},
    ]
    settings = CollectSettings(sources=[str(write("t.jsonl", rows))], exclude=[str(bench)], passage_unit=unit)
    assert collect(settings, tmp_path / "out").counts["dropped"] == {"contaminated": 1}


def test_the_bundled_sample_shares_nothing_with_the_bundled_benchmark(tmp_path: Path) -> None:
    assert len(open_benchmarks(["sample"]).texts) > 200
    values = {"sources": ["sample"], "limit": 300}
    plain = collect(CollectSettings.model_validate(values), tmp_path / "plain")
    checked = collect(CollectSettings.model_validate({**values, "exclude": ["sample"]}), tmp_path / "checked")
    assert checked.content == plain.content


def test_dev_sets_of_every_form_are_kept_out(write: Any, squad: Any, tmp_path: Path) -> None:
    dev = [{"question": "Which?", "plot": "Short passage.", "title": "T", "question_id": "1", "answers": ["Short"]}]
    films = write("films.jsonl", dev)
    collect(CollectSettings(sources=[str(write("two.json", squad))]), tmp_path / "corpus")
    path = write("t.jsonl", [{"question": q, "passage": "New.", "answer": "New"} for q in ("which", "how old", "why")])
    names = [str(tmp_path / "corpus"), f"duorc={films}"]
    manifest = collect(CollectSettings(sources=[str(path)], exclude=names), tmp_path / "out")
    assert manifest.counts["dropped"] == {"contaminated": 2}
    assert manifest.settings["exclude"] == ["corpus", "films.jsonl"]
