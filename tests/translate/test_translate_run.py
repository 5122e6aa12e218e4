from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from translate_corpora import english_row, save_corpus, words
from typer.testing import CliRunner

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.schema import CORPUS
from mtqa.translate import decode as decode_module
from mtqa.translate import target as target_module
from mtqa.translate.estimate import dry_run
from mtqa.translate.run import translate
from mtqa.translate.settings import TranslateSettings


def settings(model: Path, to: str = "de", **values: Any) -> TranslateSettings:
    return TranslateSettings(to=to, model=str(model), beam_size=1, **values)


def parquet_bytes(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count how often a model is loaded."""
    seen: list[str] = []
    load = target_module.load_engine

    def counted(*args: Any) -> Any:
        seen.append(args[0].name)
        return load(*args)

    monkeypatch.setattr(target_module, "load_engine", counted)
    return seen


def test_a_corpus_in_two_languages(corpus: Path, marian: Path, tmp_path: Path, loads: list[str]) -> None:
    out, memory = tmp_path / "out", tmp_path / "memory"
    manifest = translate(corpus, settings(marian, "de,es"), out, memory=memory)
    made = open_corpus(out)
    assert made.languages == ["deu_Latn", "eng_Latn", "spa_Latn"]
    assert [made.rows(lang) for lang in made.languages] == [4, 4, 4]
    assert made.splits("deu_Latn") == ["train", "validation"]
    english, german = (pq.read_table(out / lang / "train-00000.parquet") for lang in ("eng_Latn", "deu_Latn"))
    assert english.schema == german.schema == CORPUS
    assert parquet_bytes(corpus).items() <= parquet_bytes(out).items()
    assert german["item_id"].equals(english["item_id"])
    rows = german.to_pylist()
    assert rows[0]["mt"]["model"].startswith("opus-mt-en-deu-spa@")
    assert rows[2]["passage"] is None and rows[2]["answers"] == []
    assert rows[0]["passage"].count("\n") == 3 and rows[0]["passage"].endswith("\n1891")
    validation = pq.read_table(out / "deu_Latn" / "validation-00000.parquet").to_pylist()[0]
    assert validation["passage"] == "12 % (34)" and validation["answers"] == [{"text": "12", "start": 0}]
    counts = manifest.parts["deu_Latn"].counts
    assert counts["rows"] == 4 and sum(counts["answers"].values()) == 3 and counts["answers"]["found"] >= 1
    assert counts["segments"] == 11  # four sentences of questions and one more, four of the passage, title, two answers
    assert loads == [marian.name]  # one model for both languages
    text = (out / "_manifest.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text and manifest.info["model"]["name"] == marian.name


def test_up_to_date_then_one_more_language_translates_only_itself(
    corpus: Path, marian: Path, tmp_path: Path, loads: list[str]
) -> None:
    out, memory = tmp_path / "out", tmp_path / "memory"
    first = translate(corpus, settings(marian), out, memory=memory)
    assert translate(corpus, settings(marian), out, memory=tmp_path / "other") == first
    with pytest.raises(UsageError, match="different: to"):
        translate(corpus, settings(marian, "de,es"), out, memory=memory)
    before = (out / "deu_Latn" / "train-00000.parquet").stat().st_ino
    second = translate(corpus, settings(marian, "de,es"), out, memory=tmp_path / "other", overwrite=True)
    assert (out / "deu_Latn" / "train-00000.parquet").stat().st_ino == before
    assert second.parts["deu_Latn"] == first.parts["deu_Latn"]
    (key,) = (json.loads(p.read_text()) for p in (tmp_path / "other").glob("*/key.json"))
    assert key["target"] == "spa_Latn" and loads == [marian.name] * 2


def test_equal_bytes_in_two_folders_and_from_a_full_memory(
    corpus: Path, marian: Path, tmp_path: Path, loads: list[str]
) -> None:
    for name, memory in (("a", "m1"), ("b", "m2"), ("c", "m1")):
        translate(corpus, settings(marian), tmp_path / name, memory=tmp_path / memory)
    assert parquet_bytes(tmp_path / "a") == parquet_bytes(tmp_path / "b") == parquet_bytes(tmp_path / "c")
    assert len({(tmp_path / name / "_manifest.json").read_bytes() for name in "abc"}) == 1
    assert parquet_bytes(tmp_path / "m1") == parquet_bytes(tmp_path / "m2")
    assert len(loads) == 2  # the third run found everything in the memory
    translate(corpus, settings(marian).model_copy(update={"beam_size": 2}), tmp_path / "d", memory=tmp_path / "m1")
    assert len(loads) == 3  # other settings are another key


def test_the_reference_engine_runs_too(corpus: Path, nllb: Path, tmp_path: Path) -> None:
    one = translate(corpus, settings(nllb, engine="transformers"), tmp_path / "a", memory=tmp_path / "m")
    two = translate(corpus, settings(nllb, compute_type="float32"), tmp_path / "b", memory=tmp_path / "m")
    assert one.info["engine"].startswith("transformers ") and two.info["engine"].startswith("ctranslate2 ")
    assert one.parts["deu_Latn"].counts["segments"] == two.parts["deu_Latn"].counts["segments"]
    assert len(list((tmp_path / "m").iterdir())) == 2


KILLED = """
from pathlib import Path
from mtqa.translate.run import translate
from mtqa.translate.settings import TranslateSettings
corpus, model, out, memory = map(Path, {paths!r})
translate(corpus, TranslateSettings(to="de", model=str(model), beam_size=1), out, memory=memory)
"""


def test_killed_and_run_again_ends_with_the_same_bytes(marian: Path, tmp_path: Path) -> None:
    corpus = save_corpus(tmp_path / "c", [english_row(i, text) for i, text in enumerate(words(240))])
    out, memory = tmp_path / "out", tmp_path / "memory"
    calm = translate(corpus, settings(marian), tmp_path / "calm", memory=tmp_path / "calm-memory")
    script = KILLED.format(paths=[str(p) for p in (corpus, marian, out, memory)])
    process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"})
    while process.poll() is None and not list(memory.glob("*/part-*.parquet")):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and not (out / "_manifest.json").exists()
    parts = list(memory.glob("*/part-*.parquet"))
    assert 1 <= len(parts) < 8 and len(list(memory.glob("*/jobs/*/plan.json"))) == 1
    again = translate(corpus, settings(marian), out, memory=memory)
    assert parquet_bytes(out) == parquet_bytes(tmp_path / "calm")
    assert parquet_bytes(memory) == parquet_bytes(tmp_path / "calm-memory")
    assert again == calm and not list(memory.glob("*/jobs/*"))
    assert not list(tmp_path.glob(".*.tmp"))


def test_an_error_in_the_middle_keeps_what_was_done(
    marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = save_corpus(tmp_path / "c", [english_row(i, text) for i, text in enumerate(words(60))])
    decoded: list[int] = []
    real = decode_module.Decoder._retry

    def failing(self: Any, chunk: Any) -> Any:
        decoded.append(len(chunk.texts))
        if len(decoded) == 3:
            raise RuntimeError("lost power")
        return real(self, chunk)

    monkeypatch.setattr(decode_module.Decoder, "_retry", failing)
    with pytest.raises(RuntimeError):
        translate(corpus, settings(marian), tmp_path / "out", memory=tmp_path / "m")
    assert not (tmp_path / "out").exists()
    translate(corpus, settings(marian), tmp_path / "out", memory=tmp_path / "m")
    assert decoded == [16, 16, 16, 16, 16, 12]  # the two chunks under way once more, the first not


def test_bad_input_is_found_before_work(corpus: Path, marian: Path, tmp_path: Path) -> None:
    out, memory = tmp_path / "out", tmp_path / "memory"
    for wrong in ("fr", "zh"):
        with pytest.raises(UsageError, match="does not translate into"):
            translate(corpus, settings(marian, wrong), out, memory=memory)
    with pytest.raises(UsageError, match="no folder"):
        translate(tmp_path / "none", settings(marian), out, memory=memory)
    translate(corpus, settings(marian), tmp_path / "german", memory=memory)
    with pytest.raises(UsageError, match="deu_Latn already"):
        translate(tmp_path / "german", settings(marian), out, memory=memory)
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="did not write"):
        translate(corpus, settings(marian, "es"), out, memory=memory)
    assert [p.name for p in out.iterdir()] == ["mine.txt"]


def test_other_languages_are_passed_on(corpus: Path, marian: Path, tmp_path: Path) -> None:
    translate(corpus, settings(marian), tmp_path / "german", memory=tmp_path / "m")
    both = translate(tmp_path / "german", settings(marian, "es"), tmp_path / "both", memory=tmp_path / "m")
    assert sorted(both.parts) == ["deu_Latn", "eng_Latn", "spa_Latn"]
    assert parquet_bytes(tmp_path / "german").items() <= parquet_bytes(tmp_path / "both").items()


def test_the_command_collects_a_file_on_the_way(marian: Path, tmp_path: Path) -> None:
    import mtqa.cli.translate as command_module

    pytest.importorskip("mtqa.collect.run")
    (tmp_path / "faq.csv").write_text(
        "q,text\nWho wrote plays?,He wrote two plays.\nWhere?,In Paris.\n", encoding="utf-8"
    )
    app = typer.Typer()
    app.command()(command_module.command)
    arguments = [str(tmp_path / "faq.csv"), "--map", "question=q,passage=text", "--to", "de,Spanish"]
    arguments += [
        "--model",
        str(marian),
        "--beam-size",
        "1",
        "--memory",
        str(tmp_path / "m"),
        "--out",
        str(tmp_path / "out"),
    ]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0 and "deu_Latn: 2 rows" in result.output and "6 rows in 3 languages" in result.output
    counts = json.loads(CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).output)
    assert counts["spa_Latn"]["rows"] == 2
    assert open_corpus(tmp_path / "out").rows("spa_Latn") == 2


def test_a_dry_run_loads_a_model_once_for_all_its_languages(
    corpus: Path, marian: Path, tmp_path: Path, loads: list[str]
) -> None:
    estimates = dry_run(corpus, settings(marian, "de,es"), memory=tmp_path / "none")
    assert [e.seconds is not None for e in estimates] == [True, True] and loads == ["opus-mt-en-deu-spa"]
