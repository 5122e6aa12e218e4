"""Translations back into English: the table, against `generate`, and through filter's reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sacrebleu
import torch
from translate_corpora import english_row, save_corpus

from mtqa.cli.translate import command
from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.filter.roundtrip import read_back
from mtqa.translate.job import scan
from mtqa.translate.model import find_model
from mtqa.translate.roundtrip import translate_back
from mtqa.translate.run import translate
from mtqa.translate.score import Request
from mtqa.translate.score import score as score_table
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.tokens import load_tokens

ROWS = [english_row(i, f"Who wrote play {i}?", f"He wrote play {i // 2}. It was long.", []) for i in range(4)]


def settings(model: Path, **values: Any) -> TranslateSettings:
    return TranslateSettings(to=["deu_Latn", "swh_Latn"], model=str(model), compute_type="float32", **values)


@pytest.fixture(scope="module")
def translated(nllb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("round")
    save_corpus(folder / "english", ROWS)
    translate(folder / "english", settings(nllb), folder / "out", memory=folder / "memory")
    return folder / "out"


def test_every_text_comes_back(nllb: Path, translated: Path, tmp_path: Path) -> None:
    counts = translate_back(translated, settings(nllb), tmp_path / "back.parquet", memory=tmp_path / "memory")
    assert counts == {"deu_Latn": 8, "swh_Latn": 8}
    rows = pq.read_table(tmp_path / "back.parquet").to_pylist()
    corpus = open_corpus(translated)
    wanted = [
        (row["item_id"], lang, field)
        for lang in ("deu_Latn", "swh_Latn")
        for batch in corpus.batches(lang)
        for row in batch.to_pylist()
        for field in ("question", "passage")
    ]
    assert [(row["item_id"], row["lang"], row["field"]) for row in rows] == wanted
    source = {"question": ROWS[0]["question"]}
    score = read_back(tmp_path / "back.parquet").score(rows[0]["item_id"], "deu_Latn", "question", source)
    assert 0 <= score <= 1
    chrf, *_ = score_table(tmp_path / "back.parquet", translated, Request(("chrf",)))
    german = [row["text"] for row in rows if (row["lang"], row["field"]) == ("deu_Latn", "passage")]
    english = [row["passage"] for row in ROWS]
    assert (chrf.lang, chrf.field, chrf.texts) == ("deu_Latn and back", "passage", 2)
    assert chrf.score == pytest.approx(sacrebleu.corpus_chrf(german[::2], [english[::2]]).score)
    before = (tmp_path / "back.parquet").read_bytes()
    translate_back(translated, settings(nllb), tmp_path / "back.parquet", memory=tmp_path / "memory")
    assert (tmp_path / "back.parquet").read_bytes() == before  # out of the memory
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["back.parquet"]


def test_the_model_reads_the_language_and_writes_english(nllb: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    files = find_model(str(nllb), "eng_Latn", "deu_Latn")
    tokens = load_tokens(files, "eng_Latn", "deu_Latn")
    theirs = AutoTokenizer.from_pretrained(nllb, src_lang="deu_Latn")
    text = "Wer schrieb es?"
    assert tokens.ids(tokens.encode([text])[0]) == theirs(text)["input_ids"]
    model = AutoModelForSeq2SeqLM.from_pretrained(nllb).eval()
    with torch.inference_mode():
        english = theirs.convert_tokens_to_ids("eng_Latn")
        made = model.generate(**theirs(text, return_tensors="pt"), forced_bos_token_id=english, max_new_tokens=3)
    assert tokens.ids(tokens.target_prefix) == [english] == made[0, 1:2].tolist()


def test_only_the_language_is_read(nllb: Path, translated: Path, tmp_path: Path) -> None:
    from mtqa.translate.model import find_model
    from mtqa.translate.roundtrip import FIELDS
    from mtqa.translate.target import open_target

    target = open_target(find_model(str(nllb), "eng_Latn", "deu_Latn"), settings(nllb), "eng_Latn", "deu_Latn")
    assert (target.key["source"], target.key["target"]) == ("deu_Latn", "eng_Latn")
    found = scan(open_corpus(translated), target, tmp_path, FIELDS)
    assert (found.rows, found.texts) == (4, 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": "fr"}, "no rows in fra_Latn"),
        ({"out": Path("back.jsonl")}, "Parquet table"),
        ({"worker": "1/2"}, "--worker does not go with --round-trip"),
        ({"dry_run": True}, "--dry-run does not go with --round-trip"),
    ],
)
def test_what_does_not_go(nllb: Path, translated: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    values: dict[str, Any] = {"to": "de", "out": tmp_path / "back.parquet", "model": str(nllb), "memory": tmp_path}
    with pytest.raises(UsageError, match=said):
        command(translated, **{**values, "round_trip": True, **change})
    assert not (tmp_path / "back.parquet").exists()


def test_another_file_is_not_replaced(nllb: Path, translated: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.parquet"
    for made in (lambda: out.write_text("not a table"), lambda: pq.write_table(pa.table({"question": ["mine"]}), out)):
        made()
        before = out.read_bytes()
        with pytest.raises(UsageError, match="Another file is there"):
            translate_back(translated, settings(nllb), out, memory=tmp_path / "memory")
        assert out.read_bytes() == before and not (tmp_path / "memory").exists()
