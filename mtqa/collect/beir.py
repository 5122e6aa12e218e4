"""BEIR folders: corpus.jsonl, queries.jsonl and qrels/*.tsv; every relevant pair becomes an item without answers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.collect.items import RawItem
from mtqa.core.errors import UsageError
from mtqa.core.textfile import json_rows, lines

SPLITS = {"train": None, "test": "test"}
LAYOUT = "corpus.jsonl, queries.jsonl (or .jsonl.gz) and qrels/*.tsv"


def is_beir(folder: Path) -> bool:
    """Tell whether a folder holds one of the files that make a BEIR folder."""
    names = [f"{name}.jsonl{end}" for name in ("corpus", "queries") for end in ("", ".gz")]
    return any((folder / name).exists() for name in [*names, "qrels"])


def beir_files(folder: Path) -> list[Path]:
    """Return corpus, queries and qrels files; raises UsageError where one is missing."""
    found = []
    for name in ("corpus.jsonl", "queries.jsonl"):
        paths = [p for p in (folder / name, folder / f"{name}.gz") if p.is_file()]
        if not paths:
            raise UsageError(f"The folder has no {name}.", where=folder, expected=f"a BEIR folder: {LAYOUT}")
        found.append(paths[0])
    qrels = sorted((folder / "qrels").glob("*.tsv"))
    if not qrels:
        raise UsageError("The folder has no qrels/*.tsv.", where=folder, expected=f"a BEIR folder: {LAYOUT}")
    return [*found, *qrels]


def read_beir(folder: Path) -> Iterator[RawItem]:
    """Yield the pairs with a score above 0, by qrels file and line.

    Only those of `train.tsv` may be trained on: `test.tsv` is the split test, any other name validation.
    Holds the text of the judged queries and documents in memory. Raises UsageError where a judged id does not exist.
    """
    corpus, queries, *qrels = beir_files(folder)
    pairs = [(path, *pair) for path in qrels for pair in _pairs(path)]
    questions = _texts(queries, {query for _, query, _ in pairs})
    passages = _texts(corpus, {document for _, _, document in pairs})
    for path, query, document in pairs:
        for name, texts, file in ((query, questions, queries), (document, passages, corpus)):
            if name not in texts:
                raise UsageError(f"The id '{name}' is judged but not in {file.name}.", where=path)
        title, text = passages[document]
        split = SPLITS.get(path.stem, "validation")
        yield RawItem(f"{query} {document}", questions[query][1], text, title or None, (), split)


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (query id, document id) of a qrels file: query-id, corpus-id, score, with or without a header."""
    for number, row in enumerate(csv.reader(lines(path), delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        if number == 1 and len(row) == 3 and row[-1].strip() == "score":
            continue
        try:
            query, document, score = row
            relevant = float(score) > 0
        except ValueError as error:
            raise UsageError(
                "A qrels line cannot be read.", where=f"{path}, line {number}", expected="query-id, corpus-id, score"
            ) from error
        if relevant:
            yield query, document


def _texts(path: Path, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Return id → (title, text) of the wanted lines of a JSONL file."""
    texts: dict[str, tuple[str, str]] = {}
    for where, row in json_rows(path):
        name = str(_field(row, "_id", where))
        if name in wanted:
            texts[name] = (str(row.get("title") or ""), str(_field(row, "text", where)))
    return texts


def _field(row: dict[str, Any], key: str, where: str) -> Any:
    if key not in row:
        raise UsageError(f"A line has no '{key}'.", where=where, expected="_id, text, title")
    return row[key]
