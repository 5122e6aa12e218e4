"""BM25 by `bm25s`: the passage that fits a question, in a document or in a whole collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.collect.files import kind
from mtqa.collect.items import Answer
from mtqa.collect.match import holds
from mtqa.collect.tabular import Row, csv_rows, parquet_columns, parquet_rows, text_of
from mtqa.core.errors import UsageError
from mtqa.core.textfile import json_rows

CANDIDATES = 100
"""How far down the ranking an answer is looked for, as in DPR (Karpukhin et al., EMNLP 2020, section 4.2)."""
TEXT = ("text", "passage", "contents", "context")


def best(question: str, passages: Sequence[str]) -> int:
    """Return the index of the passage that scores highest for a question; the first of equals."""
    index = _index(passages)
    known = _known(index, question)
    if not known:
        return 0
    scores = index.get_scores(known)
    return max(range(len(passages)), key=lambda n: (scores[n], -n))


@dataclass(frozen=True)
class Collection:
    """Passages (title, text) with their BM25 index, all in memory: about 1.5 KB a passage of 700 characters."""

    passages: list[tuple[str, str]]
    index: Any

    def find(self, question: str, answers: Sequence[Answer]) -> tuple[str, str] | None:
        """Return the (title, text) of the best passage that holds an answer, among the first 100; else None."""
        known = _known(self.index, question)
        if not known:
            return None
        scores = self.index.get_scores(known)
        for number in _highest(scores, CANDIDATES):
            if scores[number] <= 0:
                return None
            title, text = self.passages[number]
            if any(holds(text, answer.text) for answer in answers):
                return title, text
        return None


def _highest(scores: Any, most: int) -> list[int]:
    """Return the places of the highest scores, highest first, the earlier of equals first; not all are sorted."""
    import numpy as np

    places = np.arange(len(scores))
    if len(scores) > most:
        places = np.flatnonzero(scores >= np.partition(scores, len(scores) - most)[len(scores) - most])
    return list(places[np.argsort(-scores[places], kind="stable")][:most].tolist())


def open_collection(path: Path) -> Collection:
    """Read a collection of passages and index it; raises UsageError where there is no column with texts."""
    passages = [passage for passage in read_collection(path) if passage[1].strip()]
    if not passages:
        raise UsageError("The collection holds no passages.", where=path, expected=f"a column {' or '.join(TEXT)}")
    return Collection(passages, _index([f"{title} {text}" for title, text in passages]))


def collection_file(path: Path) -> Path:
    """Return the file of a collection: itself, or the corpus.jsonl of a BEIR folder."""
    if path.is_dir():
        found = [p for p in (path / "corpus.jsonl", path / "corpus.jsonl.gz") if p.is_file()]
        if not found:
            raise UsageError("The folder has no corpus.jsonl.", where=path, expected="a file or a BEIR folder")
        return found[0]
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="a collection of passages")
    return path


def read_collection(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (title, text) of a collection's rows; of JSON each may have other columns.

    Raises UsageError where a row has no column of texts, or something else than text there.
    """
    for where, row in _rows(collection_file(path)):
        columns = {"title": "title", "passage": _text_column(row, where)}
        yield text_of(row, columns, "title", where) or "", text_of(row, columns, "passage", where) or ""


def _rows(path: Path) -> Iterator[Row]:
    file_kind = kind(path)
    if file_kind == "parquet":
        names = [name for name in parquet_columns(path) if name in (*TEXT, "title")]
        return parquet_rows(path, {name: name for name in names}) if names else iter([(str(path), {})])
    if file_kind in ("csv", "tsv"):
        return csv_rows(path, "," if file_kind == "csv" else "\t")
    if file_kind in ("jsonl", "ndjson"):
        return json_rows(path)
    raise UsageError(
        f"mtqa cannot read '{path.name}' as passages.", where=path, expected=".jsonl, .csv, .tsv, .parquet"
    )


def _text_column(row: Mapping[str, Any], where: str) -> str:
    for name in TEXT:
        if name in row:
            return name
    raise UsageError("The collection has no column of texts.", where=where, expected=" or ".join(TEXT))


def _index(texts: Sequence[str]) -> Any:
    import bm25s

    index = bm25s.BM25(backend="numpy")
    index.index([_words(text) or [""] for text in texts], show_progress=False)
    return index


def _known(index: Any, question: str) -> list[str]:
    """Return a question's words that some passage has; bm25s fails where there is none."""
    return [word for word in _words(question) if word in index.vocab_dict]


def _words(text: str) -> list[str]:
    import bm25s

    words: list[str] = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)[0]
    return words
