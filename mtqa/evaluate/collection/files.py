"""The text files that collections are made of, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.core import textfile
from mtqa.core.errors import UsageError

QUERY_KEYS = (("_id", "id", "query_id", "qid"), ("text", "query", "question"))
DOCUMENT_KEYS = (("_id", "docid", "id"), ("text", "contents"))


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place for errors, line without its end) of every line that is not empty; only line feeds part lines."""
    for number, line in enumerate(textfile.lines(path, "\n"), 1):
        if text := line.rstrip("\r\n"):
            yield f"{path}, line {number}", text


def texts(path: Path) -> dict[str, str]:
    """Return id → text of queries: JSON lines (`_id` and `text`), or lines of id, tab, text.

    Raises UsageError where a line is none of these, or an id has two texts.
    """
    found: dict[str, str] = {}
    for name, text in _records(path, QUERY_KEYS):
        if found.setdefault(name, text) != text:
            raise UsageError(f"The query '{name}' occurs twice with different texts.", where=path)
    return found


def documents_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of a file's documents; a title comes first, then one space.

    JSON lines with `_id`, `docid` or `id`, `text` or `contents`, and perhaps `title`; or lines of id, tab, text.
    """
    yield from _records(path, DOCUMENT_KEYS)


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place for errors, object) of a file of JSON lines."""
    return textfile.json_rows(path, _parse)


def _parse(line: str) -> Any:
    row = json.loads(line)
    return _without_half_pairs(row) if "\\ud" in line or "\\uD" in line else row


def _without_half_pairs(row: Any) -> Any:
    """Return JSON values with U+FFFD for half surrogate pairs, which JSON can spell and UTF-8 cannot hold."""
    text = json.dumps(row, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _records(path: Path, keys: tuple[tuple[str, ...], tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for where, row in json_lines(path):
            name, text = (_value(row, among, where) for among in keys)
            title = str(row.get("title") or "")
            yield checked(name, where), f"{title} {text}".strip() if title else text
        return
    for where, line in lines(path):
        name, tab, text = line.partition("\t")
        if not tab:
            raise UsageError("A line has no tab.", where=where, expected="id, tab, text")
        yield checked(name.strip(), where), text


def _value(row: dict[str, Any], among: tuple[str, ...], where: str) -> str:
    for key in among:
        if row.get(key) is not None:
            return str(row[key])
    raise UsageError(f"A line has no '{among[0]}'.", where=where, expected=f"one of {', '.join(among)}")


def checked(name: str, where: str) -> str:
    """Return an id that a TREC file can hold; raises UsageError for one that is empty or has white space."""
    if not name or name.split() != [name]:
        raise UsageError(f"The id {name!r} is empty or has white space.", where=where, expected="an id without spaces")
    return name
