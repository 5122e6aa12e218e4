"""Target rows beside their English rows, as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.schema import ENGLISH

COLUMNS = ("item_id", "question", "passage", "answers")
Row = dict[str, Any]


class EnglishRows:
    """English rows by item id, read as far as needed.

    Where a language has its items in the order of English, rows that it passes by are let go; else they are held.
    """

    def __init__(self, corpus: Corpus, lang: str, split: str) -> None:
        self._held: dict[str, Row] = {}
        present = ENGLISH in corpus.manifest.parts
        self._batches = corpus.batches(ENGLISH, split, COLUMNS) if present else iter(())
        self._in_order = present and _in_order(_ids(corpus, lang, split), _ids(corpus, ENGLISH, split))

    def take(self, item_id: str) -> Row | None:
        """Return an item's English row, once, or None where there is none."""
        while item_id not in self._held:
            batch = next(self._batches, None)
            if batch is None:
                return None
            if self._in_order:
                self._held.clear()
            self._held.update((row["item_id"], row) for row in batch.to_pylist())
        return self._held.pop(item_id)


def joined(corpus: Corpus, lang: str, split: str) -> Iterator[list[tuple[Row, Row | None]]]:
    """Yield batches of (row, English row) in file order; English rows themselves have no source."""
    english = None if lang == ENGLISH else EnglishRows(corpus, lang, split)
    for batch in corpus.batches(lang, split, (*COLUMNS, "mt")):
        yield [(row, english.take(row["item_id"]) if english else None) for row in batch.to_pylist()]


def _ids(corpus: Corpus, lang: str, split: str) -> Iterator[str]:
    for batch in corpus.batches(lang, split, ["item_id"]):
        yield from batch.column("item_id").to_pylist()


def _in_order(some: Iterator[str], every: Iterator[str]) -> bool:
    """Whether all of some come in every, in their order."""
    return all(item in every for item in some)  # `in` reads on to the item
