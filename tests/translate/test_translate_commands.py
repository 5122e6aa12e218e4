"""`mtqa memory`, `mtqa score-mt`, and the options of `mtqa translate` that write no corpus."""

from __future__ import annotations

import csv
import importlib
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from translate_corpora import english_row, save_corpus
from typer.testing import CliRunner

from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse
from mtqa.translate.contents import contents
from mtqa.translate.memory import Entry, Memory, segment_key
from mtqa.translate.report import summary
from mtqa.translate.roundtrip import TABLE
from mtqa.translate.score import Request, score
from mtqa.translate.settings import TranslateSettings


def invoke(name: str, *arguments: Any) -> str:
    app = typer.Typer()
    app.command()(importlib.import_module(f"mtqa.cli.{name}").command)
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False).output


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    for lang, count in (("deu_Latn", 3), ("spa_Latn", 1)):
        key = {"target": lang, "name": "m", "model": "abc", "engine": "e 1", "decoding": {"beam_size": 4}}
        kept = Memory(tmp_path / "memory", key)
        kept.append("j-00000", {segment_key(str(i)): Entry("x", -1.0, 1, ()) for i in range(count)})
    return tmp_path / "memory"


def test_memory_shows_what_is_there(memory: Path) -> None:
    shown = invoke("memory", memory)
    assert "deu_Latn  m@abc" in shown and "3 segments, 0 answers" in shown and "2 keys, 4 segments" in shown
    first, second = json.loads(invoke("memory", memory, "--json"))
    assert (first["target"], first["segments"], second["segments"]) == ("deu_Latn", 3, 1)
    with pytest.raises(UsageError, match="no translation memory"):
        invoke("memory", memory / "none")


def test_memory_deletes_only_what_is_named_and_only_when_told(memory: Path) -> None:
    german, spanish = contents(memory)
    assert "would be deleted" in invoke("memory", memory, "--prune", german.key[:8]) and len(contents(memory)) == 2
    assert "1 keys, 3 segments" in invoke("memory", memory, "--prune", german.key[:8], "--yes")
    assert contents(memory) == [spanish]
    assert "0 keys" in invoke("memory", memory, "--older-than", 30, "--yes") and contents(memory) == [spanish]
    for wrong in (["--prune", "zzz"], ["--yes"]):
        with pytest.raises(UsageError):
            invoke("memory", memory, *wrong)
    invoke("memory", memory, "--older-than", 0, "--yes")
    assert contents(memory) == []


def test_lines_score_as_sacrebleu_says(tmp_path: Path) -> None:
    import sacrebleu

    made, wanted = ["The cat sat.", "A dog"], ["The cat sat down.", "A dog ran"]
    for name, lines in (("made", made), ("wanted", wanted)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    chrf, bleu = score(tmp_path / "made", tmp_path / "wanted", Request(bootstrap=100))
    assert chrf.score == pytest.approx(sacrebleu.corpus_chrf(made, [wanted]).score)
    assert bleu.score == pytest.approx(sacrebleu.corpus_bleu(made, [wanted]).score)
    assert chrf.texts == 2 and chrf.interval is not None and "nrefs:1" in bleu.signature
    assert "chrf = " in invoke("score_mt", tmp_path / "made", tmp_path / "wanted", "--lang", "de")
    (tmp_path / "short").write_text("one\n", encoding="utf-8")
    for other, request in (("short", Request()), ("wanted", Request(("nist",)))):
        with pytest.raises(UsageError):
            score(tmp_path / "made", tmp_path / other, request)
    with pytest.raises(UsageError, match="folder"):
        score(tmp_path / "made", tmp_path, Request())


def test_spbleu_without_its_tokenizer_and_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", str(tmp_path / "empty"))
    (tmp_path / "a").write_text("one\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"(?s)not on this machine.*Name or service.*copy that folder"):
        score(tmp_path / "a", tmp_path / "a", Request(("chrf", "spbleu")))


def test_what_is_to_be_scored_and_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("ein Haus\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"There is no .*nowhere"):
        score(tmp_path / "h", tmp_path / "nowhere", Request())


def test_corpora_are_matched_by_item(marian: Path, tmp_path: Path) -> None:
    rows = [english_row(i, f"Who wrote play {i}?", f"He wrote play {i // 2}.", []) for i in range(4)]
    save_corpus(tmp_path / "c", rows)
    invoke("translate", tmp_path / "c", "--to", "de", "--model", marian, "--out", tmp_path / "t", "--memory", tmp_path)
    same = json.loads(invoke("score_mt", tmp_path / "t", tmp_path / "t", "--json"))
    assert [(s["lang"], s["field"], s["metric"], s["texts"]) for s in same] == [
        ("deu_Latn", "question", "chrf", 4),
        ("deu_Latn", "question", "bleu", 4),
        ("deu_Latn", "passage", "chrf", 2),  # two passages, each of two items
        ("deu_Latn", "passage", "bleu", 2),
    ]
    assert same[0]["score"] == pytest.approx(100)
    only = json.loads(invoke("score_mt", tmp_path / "t", tmp_path / "t", "--field", "passage", "--json"))
    assert len(only) == 2
    with pytest.raises(UsageError, match="share no language"):
        score(tmp_path / "t", tmp_path / "c", Request())
    with pytest.raises(UsageError, match="no field 'answer'"):
        score(tmp_path / "t", tmp_path / "t", Request(field="answer"))
    save_corpus(tmp_path / "c2", [english_row(9, "Who wrote play 1?")])
    invoke(
        "translate", tmp_path / "c2", "--to", "de", "--model", marian, "--out", tmp_path / "t2", "--memory", tmp_path
    )
    with pytest.raises(UsageError, match="share no item"):
        score(tmp_path / "t", tmp_path / "t2", Request())


def test_a_passage_is_scored_though_another_of_its_items_is_missing(marian: Path, tmp_path: Path) -> None:
    """Filtered corpora lack items, and not the same ones: what a passage is scored by is any item that both have."""
    rows = [english_row(i, f"Who wrote play {i}?", f"He wrote play {i // 2}.", []) for i in range(4)]
    for name, kept in (("all", rows), ("some", rows[1:])):
        save_corpus(tmp_path / name, kept)
        options = ["--to", "de", "--model", marian, "--out", tmp_path / f"{name}-de", "--memory", tmp_path]
        invoke("translate", tmp_path / name, *options)
    options = ["--field", "passage", "--metrics", "chrf", "--json"]
    (found,) = json.loads(invoke("score_mt", tmp_path / "some-de", tmp_path / "all-de", *options))
    assert found["texts"] == 2
    texts = [
        {"item_id": r["item_id"], "lang": "deu_Latn", "field": "passage", "text": "He wrote it."} for r in rows[1:]
    ]
    pq.write_table(pa.Table.from_pylist(texts, schema=TABLE), tmp_path / "back.parquet")
    (found,) = json.loads(invoke("score_mt", tmp_path / "back.parquet", tmp_path / "all-de", *options))
    assert found["texts"] == 2


def test_translate_says_what_it_would_take_and_fills_the_memory(corpus: Path, marian: Path, tmp_path: Path) -> None:
    same = ["--to", "de", "--model", marian, "--memory", tmp_path / "m", "--out", tmp_path / "out"]
    assert "11 distinct segments, 0 in the memory" in invoke("translate", corpus, *same, "--dry-run")
    (record,) = json.loads(invoke("translate", corpus, *same, "--dry-run", "--json"))
    assert record["segments"] == 11 and record["seconds"] > 0 and not (tmp_path / "m").exists()
    assert "11 segments translated into the memory" in invoke("translate", corpus, *same, "--worker", "1/1")
    assert not (tmp_path / "out").exists()
    assert "11 in the memory" in invoke("translate", corpus, *same, "--dry-run")
    for wrong in ("0/2", "3/2", "x", "1/0"):
        with pytest.raises(UsageError, match="no share"):
            invoke("translate", corpus, *same, "--worker", wrong)


def test_of_a_table_nothing_is_left_by_a_dry_run_and_by_a_language_that_the_model_lacks(
    marian: Path, tmp_path: Path
) -> None:
    (tmp_path / "faq.csv").write_text("q\nWho wrote it?\nWhere is it?\n", encoding="utf-8")
    table = [tmp_path / "faq.csv", "--map", "question=q", "--model", marian, "--memory", tmp_path / "m"]
    assert "2 rows, 2 texts, 2 distinct segments" in invoke(
        "translate", *table, "--to", "de", "--out", tmp_path / "out", "--dry-run"
    )
    with pytest.raises(UsageError, match="does not translate into yor_Latn"):
        invoke("translate", *table, "--to", "de,yo", "--out", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["faq.csv"]


def test_a_csv_of_questions_in_five_languages_and_back_to_a_csv(
    nllb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's first command and the code below it, on a table with an empty and a repeated row."""
    (tmp_path / "faq.csv").write_text('q\nWho wrote it?\n""\nWhere is it?\nWho wrote it?\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = ["faq.csv", "--map", "question=q", "--to", "de,es,fr,sw,yo", "--model", nllb, "--out", "faq-5"]
    made = invoke("translate", *command, "--memory", "memory")
    assert "12 rows in 6 languages; see 'mtqa inspect faq-5'" in made
    page = (Path(__file__).parents[2] / "docs" / "translate.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(code, {})
    header, *rows = csv.reader((tmp_path / "faq-5.csv").read_text(encoding="utf-8").splitlines())
    assert header == ["item_id", "eng_Latn", "deu_Latn", "spa_Latn", "fra_Latn", "swh_Latn", "yor_Latn"]
    assert sorted(row[1] for row in rows) == ["Where is it?", "Who wrote it?"] and all(len(row) == 7 for row in rows)


def test_what_is_dropped_from_a_table_is_said(marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("mtqa.core.progress.say", said.append)
    (tmp_path / "faq.csv").write_text('question\nWho wrote it?\n""\nWho wrote it?\n', encoding="utf-8")
    table = [tmp_path / "faq.csv", "--model", marian, "--memory", tmp_path / "m", "--out", tmp_path / "out"]
    invoke("translate", *table, "--to", "de", "--dry-run")
    assert said[0].endswith("faq.csv: 3 rows read, 1 kept (1 train)")
    assert sorted(said[1].removeprefix("dropped: ").split(", ")) == ["1 duplicate", "1 no_question"]


def test_the_summary_tells_what_is_left_and_how_long_sentences_were_cut(tmp_path: Path) -> None:
    counts = {"rows": 3, "segments": 9, "retried": 4, "cut": {"2": 5, "3": 1}, "aligned": 1}
    counts |= {"segment_flags": {"loop": 2, "retried": 4, "lost_number": 1}, "answers": {"found": 2, "lost": 1}}
    manifest = SimpleNamespace(parts={"deu_Latn": SimpleNamespace(counts=counts)}, counts={"rows": 6, "languages": 2})
    line, _ = summary(manifest, ["deu_Latn"], tmp_path).split("\n")  # type: ignore[arg-type]
    assert line == (
        "deu_Latn: 3 rows, 9 distinct segments, 4 retried (left after that: 2 loop, 1 lost_number), "
        "sentences cut: 5 into 2, 1 into 3; 2 of 3 answers found in the translated passage (1 by alignment)"
    )


def test_a_recipe_has_no_worker() -> None:
    """`mtqa run` makes a whole corpus; a share of the work is `mtqa translate --worker`, as docs/translate.md says."""
    with pytest.raises(UsageError, match="Unknown key 'worker'"):
        parse(TranslateSettings, {"to": "de", "worker": "1/2"}, "recipe.yaml, translate")
