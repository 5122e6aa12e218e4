from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli.collect import command
from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.collect.split import split_of
from mtqa.core import progress
from mtqa.core.corpus import open_corpus
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import content_id
from mtqa.core.schema import CORPUS
from mtqa.publish.run import publish_dataset
from mtqa.publish.settings import PublishSettings

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def settings(*sources: Path | str, **values: Any) -> CollectSettings:
    return CollectSettings(sources=[str(s) for s in sources], **{"validation": 0.0, **values})


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_whole_passages(write: Any, squad: Any, rows: Any, tmp_path: Path) -> None:
    manifest = collect(settings(write("two.json", squad)), tmp_path / "out")
    assert manifest.counts["read"] == 6
    assert manifest.counts["kept"] == 3
    assert manifest.counts["dropped"] == {"no_question": 1, "unanswerable": 1, "duplicate": 1}
    first, second, third = rows(tmp_path / "out")
    passage = squad["data"][0]["paragraphs"][0]["context"]
    assert first == {
        "item_id": content_id("two", "train", "a", "Where is Paris?", passage),
        "passage_id": content_id(passage),
        "question_id": content_id("Where is Paris?"),
        "dataset": "two",
        "licence": "unknown",
        "split": "train",
        "lang": "eng_Latn",
        "question": "Where is Paris?",
        "passage": passage,
        "title": "Two cities",
        "answers": [{"text": "France", "start": 25}],
        "mt": None,
    }
    assert (second["question"], third["question"]) == ("How old?", "What more?")


def test_sentences(write: Any, squad: Any, rows: Any, tmp_path: Path) -> None:
    manifest = collect(settings(write("two.json", squad), passage_unit="sentence"), tmp_path / "out")
    found = [(r["passage"], r["answers"]) for r in rows(tmp_path / "out")]
    assert found == [
        ("Paris is in France.", [{"text": "France", "start": 12}]),
        ("Rome is old.", [{"text": "old", "start": 8}]),
        ("Paris is in France.", [{"text": "in France. It has", "start": None}]),
    ]
    assert manifest.counts["notes"] == {"answers_crossing_sentence": 1}


def test_sentence_wants_a_start(write: Any, tmp_path: Path) -> None:
    table = [
        {"question": "a?", "passage": "One. Two.", "answer": "Two", "answer_start": 5},
        {"question": "b?", "passage": "One. Two. Two.", "answer": "Two", "answer_start": None},
        {"question": "c?", "passage": "One. Two. Twofold.", "answer": "Two", "answer_start": None},
    ]
    manifest = collect(settings(write("t.jsonl", table), passage_unit="sentence"), tmp_path / "out")
    assert manifest.counts["notes"] == {"answer_starts_found": 1}
    assert manifest.counts["dropped"] == {"no_answer_start": 1}


def test_every_row_is_kept_or_dropped_once(write: Any, tmp_path: Path) -> None:
    table = [
        {"question": "a?", "passage": "P.", "answer": "P"},
        {"question": "a?", "passage": "P.", "answer": "P"},
        {"question": "a? ", "passage": "P. ", "answer": "other"},
        {"question": "", "passage": "P.", "answer": "P"},
        {"question": "a?", "passage": None, "answer": "P"},
        {"question": "a?", "passage": "Q.", "answer": None},
    ]
    manifest = collect(settings(write("t.jsonl", table)), tmp_path / "out")
    assert manifest.counts["dropped"] == {"no_question": 1, "no_passage": 1, "duplicate": 2}
    assert (manifest.counts["read"], manifest.counts["kept"]) == (6, 2)


def test_questions_alone_are_kept_where_the_table_has_nothing_else(write: Any, rows: Any, tmp_path: Path) -> None:
    manifest = collect(settings(write("q.jsonl", [{"question": "a?"}, {"question": "b?"}])), tmp_path / "out")
    assert (manifest.counts["kept"], manifest.counts["dropped"]) == (2, {})
    assert [(row["passage"], row["passage_id"], row["answers"]) for row in rows(tmp_path / "out")] == [
        (None, None, [])
    ] * 2


def test_no_passages_at_all(write: Any, rows: Any, tmp_path: Path) -> None:
    table = [{"question": "a?", "answer": ["x", "y"]}, {"question": "b?", "answer": []}]
    manifest = collect(settings(write("nq.jsonl", table)), tmp_path / "out")
    assert manifest.counts["dropped"] == {"no_answer": 1}
    (row,) = rows(tmp_path / "out")
    assert (row["passage"], row["passage_id"]) == (None, None)
    assert row["answers"] == [{"text": "x", "start": None}, {"text": "y", "start": None}]


def test_cleaning_moves_the_answer_along(write: Any, rows: Any, tmp_path: Path) -> None:
    passage = "It  cost &pound;5,  they say \u2013 \u201cnot  much\u201d, not much."
    table = [
        {"question": "How  much?", "passage": passage, "answer": "\u201cnot  much\u201d", "answer_start": 31},
        {"question": "And?", "passage": passage, "answer": "elsewhere", "answer_start": 3},
    ]
    assert passage[31:].startswith(table[0]["answer"])
    manifest = collect(settings(write("t.jsonl", table)), tmp_path / "out")
    one, two = rows(tmp_path / "out")
    assert one["passage"] == 'It cost £5, they say – "not much", not much.'
    (answer,) = one["answers"]
    assert one["passage"][answer["start"] :].startswith('"not much"')
    assert two["answers"] == [{"text": "elsewhere", "start": None}]
    assert manifest.counts["notes"] == {"answer_starts_lost": 1}


def many(n: int = 300) -> list[dict[str, str]]:
    return [{"question": f"Question {i}?", "passage": f"Passage {i // 3}.", "id": str(i)} for i in range(n)]


def test_half_a_surrogate_pair_is_no_obstacle(write: Any, rows: Any, tmp_path: Path) -> None:
    path = write("t.jsonl", '{"id": "\\ud800", "question": "Why\\udfff?", "passage": "\\ud83d Because."}\n')
    collect(settings(path), tmp_path / "out")
    assert [(r["question"], r["passage"]) for r in rows(tmp_path / "out")] == [("Why\ufffd?", "\ufffd Because.")]


def test_the_working_folder_has_a_name_too(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write("faq/t.jsonl", many(3)).parent)
    assert list(collect(settings("."), tmp_path / "out").counts["datasets"]) == ["faq"]
    with pytest.raises(ValueError, match="at least 1 character"):
        settings("")


def die(items: object) -> None:
    """End the worker that was given the items."""
    os._exit(3)


def test_a_start_before_the_beginning_is_unknown(write: Any, rows: Any, tmp_path: Path) -> None:
    answers = [{"text": "one", "answer_start": -1}, {"text": "two", "answer_start": -3}]
    qas = [{"id": "1", "question": "Which?", "answers": answers}]
    squad = {"data": [{"title": "t", "paragraphs": [{"context": "one two one two", "qas": qas}]}]}
    collect(settings(write("t.json", squad)), tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    assert row["answers"] == [{"text": "one", "start": None}, {"text": "two", "start": None}]


def test_a_dead_worker_is_one_clear_error(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtqa.collect.batches._work", die)
    with pytest.raises(MtqaError, match="worker process died"):
        collect(settings(write("t.jsonl", many(3)), workers=2), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_split_is_by_passage_and_stable(write: Any, rows: Any, tmp_path: Path) -> None:
    collect(settings(write("t.jsonl", many(300)), validation=0.2), tmp_path / "small")
    collect(settings(write("t.jsonl", many(600)), validation=0.2), tmp_path / "large")
    small = {r["item_id"]: r["split"] for r in rows(tmp_path / "small")}
    large = {r["item_id"]: r["split"] for r in rows(tmp_path / "large")}
    assert small.items() <= large.items()
    by_passage: dict[str, set[str]] = {}
    for row in rows(tmp_path / "large"):
        by_passage.setdefault(row["passage"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_passage.values())
    assert 20 <= sum(splits == {"validation"} for splits in by_passage.values()) <= 60


def test_sentences_of_a_passage_go_to_one_split(write: Any, rows: Any, tmp_path: Path) -> None:
    table = [
        {
            "question": f"{i} {word}?",
            "passage": f"It is {i}. One {i}. Two {i}.",
            "answer": f"{word} {i}",
            "answer_start": at,
        }
        for i in range(100, 200)
        for word, at in (("One", 11), ("Two", 20))
    ]
    path = write("t.jsonl", table)
    splits: dict[str, set[str]] = {}
    for unit in ("passage", "sentence"):
        collect(settings(path, passage_unit=unit, validation=0.3), tmp_path / unit)
        found = rows(tmp_path / unit)
        assert len(found) == 200
        for row in found:
            splits.setdefault(row["question"].split()[0], set()).add(row["split"])
    assert {row["passage"].split()[0] for row in found} == {"One", "Two"}
    assert all(len(chosen) == 1 for chosen in splits.values())
    assert 15 < sum(chosen == {"validation"} for chosen in splits.values()) < 45


def test_share_of_validation() -> None:
    keys = [content_id(str(i)) for i in range(5000)]
    share = sum(split_of(key, 0.02) == "validation" for key in keys) / len(keys)
    assert 0.014 < share < 0.026
    assert {split_of(key, 0.0) for key in keys} == {"train"}


def test_limit_draws_by_seed_in_order(write: Any, rows: Any, tmp_path: Path) -> None:
    path = write("t.jsonl", many())
    all_ids = [str(i) for i in range(300)]
    drawn = {}
    for seed in (1, 2):
        manifest = collect(settings(path, limit=40, seed=seed), tmp_path / f"s{seed}")
        assert manifest.counts["dropped"] == {"limit": 260}
        drawn[seed] = [r["question"].split()[1].rstrip("?") for r in rows(tmp_path / f"s{seed}")]
        assert len(drawn[seed]) == 40
        assert [i for i in all_ids if i in drawn[seed]] == drawn[seed]
    assert drawn[1] != drawn[2]
    assert collect(settings(path, limit=999), tmp_path / "all").counts["dropped"] == {}


def test_seed_changes_nothing_without_limit(write: Any, tmp_path: Path) -> None:
    path = write("t.jsonl", many())
    one, two = (collect(settings(path, seed=seed), tmp_path / f"s{seed}") for seed in (1, 2))
    assert one.content == two.content
    assert one.fingerprint != two.fingerprint


def test_same_bytes_wherever_the_file_lies_and_up_to_date(write: Any, tmp_path: Path, squad: Any) -> None:
    first = collect(settings(write("a/two.json", squad), validation=0.3), tmp_path / "one" / "corpus")
    second = collect(settings(write("b/two.json", squad), validation=0.3), tmp_path / "two" / "corpus")
    assert bytes_of(tmp_path / "one" / "corpus") == bytes_of(tmp_path / "two" / "corpus")
    assert first == second
    text = (tmp_path / "one" / "corpus" / "_manifest.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    before = (tmp_path / "one" / "corpus" / "_manifest.json").stat().st_mtime_ns
    assert collect(settings(tmp_path / "a" / "two.json", validation=0.3), tmp_path / "one" / "corpus") == first
    assert (tmp_path / "one" / "corpus" / "_manifest.json").stat().st_mtime_ns == before


def test_a_changed_file_is_collected_again(write: Any, tmp_path: Path) -> None:
    collect(settings(write("t.jsonl", many(10))), tmp_path / "out")
    path = write("t.jsonl", many(20))
    with pytest.raises(UsageError, match="its inputs"):
        collect(settings(path), tmp_path / "out")
    assert collect(settings(path), tmp_path / "out", overwrite=True).counts["kept"] == 20


def test_several_sources_and_languages(write: Any, squad: Any, rows: Any, tmp_path: Path) -> None:
    squad_2 = json.loads(json.dumps(squad).replace("Paris", "Lyon"))
    paths = [write("one.json", squad), write("two.json", squad), f"amharicqa={write('amh.json', squad_2)}"]
    manifest = collect(settings(*paths, licence="CC0-1.0"), tmp_path / "out")
    assert sorted(manifest.parts) == ["amh_Ethi", "eng_Latn"]
    assert {name: c["kept"] for name, c in manifest.counts["datasets"].items()} == {"one": 3, "two": 0, "amharicqa": 3}
    assert manifest.counts["datasets"]["two"]["dropped"]["duplicate"] == 4
    assert manifest.counts["read"] == 18
    assert manifest.licences == ["CC0-1.0", "MIT"]
    assert {(r["lang"], r["dataset"], r["licence"]) for r in rows(tmp_path / "out")} == {
        ("amh_Ethi", "amharicqa", "MIT"),
        ("eng_Latn", "one", "CC0-1.0"),
    }
    assert manifest.info["sources"]["amharicqa"]["homepage"].startswith("https://")


def test_source_splits_stay(write: Any, rows: Any, tmp_path: Path) -> None:
    write("b/corpus.jsonl", [{"_id": "d1", "title": "", "text": "Text."}])
    write("b/queries.jsonl", [{"_id": "q1", "text": "One?"}, {"_id": "q2", "text": "Two?"}])
    write("b/qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq2\td1\t1\n")
    folder = write("b/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n").parents[1]
    collect(settings(folder), tmp_path / "out")
    assert {r["question"]: r["split"] for r in rows(tmp_path / "out")} == {"One?": "train", "Two?": "validation"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.jsonl", "", "holds no rows"),
        ("e.csv", "question,passage\n", "holds no rows"),
        ("e.json", {"data": []}, "no rows"),
    ],
)
def test_nothing_left_is_an_error_and_leaves_nothing(
    write: Any, tmp_path: Path, name: str, content: Any, message: str
) -> None:
    with pytest.raises(MtqaError, match=message):
        collect(settings(write(name, content)), tmp_path / "out")
    with pytest.raises(MtqaError, match=r"(?s)No item of 't' is left.*1 no_question"):
        collect(settings(write("t.jsonl", [{"question": " ", "passage": "x"}])), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.tmp").exists()


@pytest.mark.parametrize(
    ("source", "option"),
    [
        ("sample", {"licence": "MIT"}),
        ("sample", {"dataset": "mine"}),
        ("sample", {"language": "deu_Latn"}),
        ("sample", {"map": {"question": "q"}}),
        ("sample", {"splits": ["train"]}),
        ("nq-open=t.jsonl", {"licence": "MIT"}),
        ("nq-open=t.jsonl", {"splits": ["train"]}),
        ("t.jsonl", {"splits": ["train"]}),
        ("t.jsonl", {"pair_licence": "MIT"}),
    ],
)
def test_an_option_that_no_source_heeds_is_an_error(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, option: dict[str, Any]
) -> None:
    write("t.jsonl", [{"question": "Who lit it?", "answer": ["Ann"], "passage": "Ann lit it."}])
    monkeypatch.chdir(tmp_path)
    (name,) = option
    with pytest.raises(UsageError, match=f"'{name}' is heeded by none"):
        collect(settings(source, **option), tmp_path / "out")


def test_load_dataset_agrees_with_the_manifest(tmp_path: Path) -> None:
    """In a process of its own: `datasets` reads its cache folder and offline flag when it is imported."""
    out = tmp_path / "corpus"
    manifest = collect(settings("sample", passage_unit="sentence", validation=0.1, limit=400), out)
    code = (
        "import json, sys; from datasets import load_dataset; d = load_dataset(sys.argv[1], 'eng_Latn');"
        "print(json.dumps({k: [v.num_rows, v.column_names] for k, v in d.items()}))"
    )
    offline = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)], capture_output=True, text=True, env={**os.environ, **offline}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert {split: n for split, (n, _) in loaded.items()} == manifest.counts["splits"]
    assert all(names == CORPUS.names for _, names in loaded.values())
    corpus = open_corpus(out)
    assert {s: corpus.rows("eng_Latn", s) for s in corpus.splits("eng_Latn")} == manifest.counts["splits"]
    assert manifest.parts["eng_Latn"].counts == {"rows": 400, "splits": manifest.counts["splits"]}


def files() -> list[Any]:
    cards = {"policyqa-dev": "policyqa", "pubmedqa-ori_pqal": "pubmedqa", "covid-qa-200423": "covid-qa"}
    cases = []
    for path in sorted([*SHARED.glob("qa/*"), *SHARED.glob("low_resource/*"), *SHARED.glob("parallel_qa/*.gz")]):
        card = "afriqa" if path.name.startswith("afriqa") else cards.get(path.stem)
        cases.append(pytest.param(path, card, id=path.name))
    return cases or [pytest.param(SHARED, None, marks=pytest.mark.skip(reason="the shared data are not here"))]


def beginning(path: Path, folder: Path) -> Path:
    """Copy the first rows of a file, in its own format: the whole takes too long for a test."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        text = "".join(text.splitlines(keepends=True)[:300])
    else:
        if "data" in data:
            for article in data["data"]:
                del article["paragraphs"][40:]
            del data["data"][40 if len(data["data"][0]["paragraphs"]) == 1 else 3 :]
        else:
            data = dict(list(data.items())[:300])
        text = json.dumps(data)
    copy = folder / path.name.removesuffix(".gz")
    copy.write_text(text, encoding="utf-8")
    return copy


@pytest.mark.parametrize(("path", "card"), files())
def test_real_files(path: Path, card: str | None, rows: Any, tmp_path: Path) -> None:
    """Every row is accounted for, and every answer stands where its start says."""
    part = beginning(path, tmp_path)
    manifest = collect(settings(f"{card}={part}" if card else part, limit=150), tmp_path / "out")
    found = rows(tmp_path / "out")
    assert manifest.counts["read"] == len(found) + sum(manifest.counts["dropped"].values())
    assert len({r["item_id"] for r in found}) == len(found) == 150
    starts = 0
    for row in found:
        for answer in row["answers"]:
            if answer["start"] is not None:
                starts += 1
                assert row["passage"][answer["start"] :].startswith(answer["text"])
    assert starts > 100 or card == "pubmedqa" or path.name.startswith("nq-open")


def test_command(write: Any, squad: Any, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command)
    path, out = str(write("two.json", squad)), str(tmp_path / "out")
    run = CliRunner().invoke(app, [path, "--out", out, "--validation", "0"])
    assert run.exit_code == 0, run.output
    assert "6 rows read, 3 kept (3 train)" in run.output
    assert "1 duplicate" in run.output
    again = CliRunner().invoke(app, [path, "--out", out, "--validation", "0", "--json"])
    assert json.loads(again.output)["kept"] == 3
    other = CliRunner().invoke(app, [path, "--out", out, "--passage-unit", "sentence"])
    assert isinstance(other.exception, UsageError)
    assert "passage_unit" in str(other.exception)
    mapped = CliRunner().invoke(app, [path, "--out", out, "--map", "question"])
    assert "question=COLUMN" in str(mapped.exception)
    assert CliRunner().invoke(app, [path, "--out", out, "--validation", "2"]).exit_code == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [("qa.test.jsonl", True), ("dev-v1.1.jsonl", True), ("latest.jsonl", False), ("devices.jsonl", False)],
)
def test_a_file_named_like_a_test_set_is_said(
    name: str,
    said: bool,
    write: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "_enabled", True)
    path = write(name, [{"question": "how high", "passage": "Forty metres."}])
    collect(CollectSettings(sources=[str(path)]), tmp_path / "out")
    assert (f"'{name}' is named like a dev or test set" in capsys.readouterr().err) == said


def test_a_licence_that_forbids_passing_on_is_said_before_anything_is_made(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_enabled", True)
    app = typer.Typer()
    app.command()(command)
    path = write("triples.jsonl", [{"query": "how high", "positive": "Forty metres."}])
    run = CliRunner().invoke(app, [f"mmarco={path}", "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "mmarco (MS-MARCO) may not be passed on" in run.output
    assert "forbids redistribution" in capsys.readouterr().err + run.stderr
    with pytest.raises(UsageError, match="MS-MARCO of the source mmarco forbids redistribution"):
        publish_dataset(tmp_path / "out", PublishSettings(), tmp_path / "published")
