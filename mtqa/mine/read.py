"""Questions and distinct passages of a corpus as ids, and their texts in the same order, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.errors import UsageError
from mtqa.core.ids import id_numbers, merge_sorted

ROWS = 8192


@dataclass(frozen=True)
class Rows:
    """The chosen rows of a language, one a key, ascending: `row` (n,) int64, and the ids of each, (n,) uint64."""

    row: np.ndarray
    item: np.ndarray
    passage: np.ndarray
    question: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Data:
    """The corpora and split that are mined."""

    corpora: Sequence[Corpus]
    split: str

    @property
    def languages(self) -> list[str]:
        """All languages of the corpora, sorted."""
        return sorted({lang for corpus in self.corpora for lang in corpus.languages})

    def batches(self, lang: str, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (number of the first row, rows) of a language, files in order."""
        row = 0
        for corpus in self.corpora:
            for path in corpus.files(lang, self.split) if lang in corpus.manifest.parts else []:
                for batch in read_batches(path, columns, ROWS):
                    yield row, batch
                    row += batch.num_rows


def first_rows(data: Data, lang: str, key: str) -> Rows:
    """Return the first usable row of each item (`key` "item") or passage ("passage") of a language.

    Usable rows have a question and a passage with an id. Raises UsageError where the language has none.
    """
    parts: list[np.ndarray] = []
    for first, batch in data.batches(lang, ("item_id", "passage_id", "question_id", "question", "passage")):
        filled = [pa.compute.fill_null(pa.compute.binary_length(batch[name]), 0) for name in batch.schema.names]
        usable = np.all([np.asarray(lengths) > 0 for lengths in filled], axis=0)
        ids = [id_numbers(batch[name])[usable] for name in ("item_id", "passage_id", "question_id")]
        parts.append(np.stack([(first + np.flatnonzero(usable)).astype(np.uint64), *ids]))
    rows = np.concatenate(parts, axis=1) if parts else np.empty((4, 0), np.uint64)
    if not rows.shape[1]:
        raise UsageError(
            f"The corpora have no question with passage in {lang} in the split '{data.split}'.",
            where=", ".join(str(corpus.path) for corpus in data.corpora),
            expected=f"one of {', '.join(data.languages)}",
        )
    _, first_of = np.unique(rows[1 if key == "item" else 2], return_index=True)
    rows = rows[:, np.sort(first_of)]
    return Rows(rows[0].astype(np.int64), *rows[1:])


def texts(data: Data, lang: str, column: str, rows: np.ndarray) -> Iterator[list[str]]:
    """Yield the texts of the given rows (ascending) of a language's column, at most 8,192 at a time."""
    for first, batch in data.batches(lang, (column,)):
        start, end = np.searchsorted(rows, [first, first + batch.num_rows])
        if start < end:
            yield batch[column].take(pa.array(rows[start:end] - first)).to_pylist()


def answers(data: Data, questions: np.ndarray, passages: np.ndarray, groups: Sequence) -> np.ndarray:
    """Return which passages answer which question in any language, as sorted codes question × passages + passage.

    `questions` and `passages`: sorted ids (uint64) of groups of near-duplicates; `groups`: (of questions, of passages),
    each with a method `of` from ids to groups.
    """
    codes = np.empty(0, np.int64)
    for lang in data.languages:
        for _, batch in data.batches(lang, ("passage_id", "question_id")):
            both = []
            for known, name, group in zip((questions, passages), ("question_id", "passage_id"), groups, strict=True):
                ids = group.of(id_numbers(batch[name]))
                at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
                both.append(np.where(known[at] == ids, at, -1))
            found = (both[0] >= 0) & (both[1] >= 0)
            codes = merge_sorted(codes, np.unique(both[0][found] * len(passages) + both[1][found]))
    return codes
