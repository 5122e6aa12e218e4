"""Text files of others: what is read, and what an error says of a file that cannot be."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mtqa.core.errors import UsageError
from mtqa.core.textfile import json_rows, lines, read_json, read_text


def test_a_byte_order_mark_and_gzip_change_nothing(tmp_path: Path) -> None:
    text = "zwölf\r\nBoxer\u2028jagen\n"
    for name, raw in (
        ("a.txt", text.encode()),
        ("b.txt", text.encode("utf-8-sig")),
        ("c.txt.gz", gzip.compress(text.encode())),
        ("D.TXT.GZ", gzip.compress(text.encode("utf-8-sig"))),
    ):
        (tmp_path / name).write_bytes(raw)
        assert list(lines(tmp_path / name)) == ["zwölf\r\n", "Boxer\u2028jagen\n"]
        assert read_text(tmp_path / name, None) == "zwölf\nBoxer\u2028jagen\n"


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("none.txt", None, "cannot be read: No such file"),
        ("latin.txt", "schläft".encode("latin-1"), "not UTF-8"),
        ("plain.gz", b"no gzip", "damaged or cut off"),
        ("cut.gz", gzip.compress(b"a line\n" * 5000)[:60], "damaged or cut off"),
        ("scrambled.gz", gzip.compress(b"{}")[:10] + b"\xff" * 20, "damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, raw: bytes | None, message: str) -> None:
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(UsageError, match=message) as caught:
        read_text(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)


def test_json_rows_say_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n \n{"a": "é"}\n', encoding="utf-8")
    assert list(json_rows(path)) == [(f"{path}, line 1", {"a": 1}), (f"{path}, line 4", {"a": "é"})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": ', "not valid JSON: Expecting value"),
        ("[1, 2]", "not a JSON object"),
        ('{"a": ' + "1" * 5000 + "}", "not valid JSON: Exceeds the limit"),
        ('{"a": ' + "[" * 100_000, "not valid JSON: it is nested too deeply"),
    ],
    ids=["cut", "a list", "a long number", "deep"],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 0}}\n{text}\n', encoding="utf-8")
    rows = json_rows(path)
    next(rows)
    with pytest.raises(UsageError, match=message) as caught:
        next(rows)
    assert caught.value.where == f"{path}, line 2"
    if "object" not in message:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=message):
            read_json(path)
