from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtqa.core import progress
from mtqa.core.corpus import TableWriter, open_corpus
from mtqa.core.hashing import content_id
from mtqa.core.manifest import Manifest, Part, record_file
from mtqa.publish.merge import BEGIN, END, marked, merge
from mtqa.publish.run import publish_dataset
from mtqa.publish.scan import scan, warning
from mtqa.publish.settings import PublishSettings

KEYS = {
    "e-mail address": "write to ann.reed+x@mail.example.org now",
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
    "Hugging Face token": "hf_" + "aB3" * 12,
    "GitHub token": "ghp_" + "a1B2" * 9,
    "OpenAI or Anthropic key": "sk-ant-" + "a1B2" * 6,
    "AWS key": "AKIA" + "ABCD1234" * 2,
    "Google key": "AIza" + "b" * 35,
    "Slack token": "xoxb-1234567890-abc",
}
HARMLESS = ["at 5 p.m. @ noon", "user@host", "hf_short", "risk-averse", "AKIA", "ghp_", "xox", "a PRIVATE KEY"]


def corpus_of(folder: Path, texts: list[str | None], field: str = "passage") -> Path:
    with TableWriter(folder, "eng_Latn/train") as writer:
        writer.write([row(text, number, field) for number, text in enumerate(texts)])
    files = {name: record_file(folder / name, n) for name, n in writer.rows.items()}
    Manifest("collect", 1, {}, {}, {"eng_Latn": Part("f" * 64, files, {})}, {}, ["MIT"], {}).save(folder)
    return folder


def row(text: str | None, number: int, field: str) -> dict[str, Any]:
    base: dict[str, Any] = {
        "item_id": content_id("item", str(number)),
        "passage_id": None,
        "question_id": "0" * 16,
        "dataset": "d",
        "licence": "MIT",
        "split": "train",
        "lang": "eng_Latn",
        "question": "Which?",
        "passage": None,
        "title": None,
        "answers": [],
        "mt": None,
    }
    return base | {field: [{"text": "a", "start": 0}, {"text": text, "start": None}] if field == "answers" else text}


@pytest.mark.parametrize("field", ["question", "passage", "title", "answers"])
@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_is_found_in_each_field(tmp_path: Path, kind: str, field: str) -> None:
    texts = [*HARMLESS, KEYS[kind], "plain"]
    (find,) = scan(open_corpus(corpus_of(tmp_path / "c", texts, field)))
    assert (find.kind, find.rows, find.items) == (kind, 1, (content_id("item", str(len(HARMLESS))),))


def test_harmless_text_is_not_found(tmp_path: Path) -> None:
    assert scan(open_corpus(corpus_of(tmp_path / "c", [*HARMLESS, None]))) == []


def test_finds_are_counted_said_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_enabled", True)
    corpus = corpus_of(tmp_path / "c", [KEYS["e-mail address"]] * 5 + [KEYS["AWS key"]])
    manifest = publish_dataset(corpus, PublishSettings(repo="me/x"), tmp_path / "out")
    said = capsys.readouterr().err
    assert "an e-mail address in 5 rows" in said and "an AWS key in 1 rows" in said and "AKIAABCD" not in said
    assert manifest.info["finds"] == {"e-mail address": 5, "AWS key": 1}
    card = (tmp_path / "out" / "README.md").read_text()
    assert "an e-mail address stands in 5 rows" in card
    assert warning([]) == ""


NEW = f"---\nlicense: mit\ntags:\n- mtqa\n---\n\n# Title\n\n{marked('New text.')}\n"


@pytest.mark.parametrize(
    ("old", "kept"),
    [
        (f"---\nlicense: x\ntags:\n- ours\nmine: 1\n---\n\n# Mine\n\nAbove.\n\n{marked('Old.')}\n\nBelow.\n",
         ["# Mine\n\nAbove.", "Below.", "mine: 1", "- ours", "- mtqa", "license: mit"]),
        ("# Written by hand\n\nMine.\n", ["# Written by hand\n\nMine.", "- mtqa"]),
        ("---\n: broken [\n---\nMine.\n", ["Mine."]),
        ("---\nlicense: x\n---\n", ["# Title", "license: mit"]),
        ("", ["# Title"]),
    ],
)  # fmt: skip
def test_merge(old: str, kept: list[str]) -> None:
    merged = merge(old, NEW)
    for text in [*kept, BEGIN, "New text.", END]:
        assert text in merged
    assert merged.count(BEGIN) == 1 and "Old." not in merged and "license: x" not in merged
    assert merge(merged, NEW) == merged
