"""The index of corpora: for every item where its rows are and which passage and question it has, as numbers.

Memory: 34 bytes an item for its ids, numbers and dataset, 4 a language for the row; no text. That an id is the same in
every language is the corpus format's promise, so ids are kept once an item and texts alone are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.errors import UsageError
from mtqa.core.ids import id_numbers
from mtqa.core.near import near_duplicates

IDS = ("item_id", "passage_id", "question_id")
TEXTS = ("passage", "question")
SAMPLE = 1024
# Text read at once: little enough for its memory to be used again for the next piece.
READ_BYTES = 4 << 20
MOST_ROWS = 65_536
CHUNK_ROWS = 1 << 21


@dataclass(frozen=True)
class Source:
    """The corpora and split that an index was made of; `row_bytes`: mean bytes of a row's texts."""

    corpora: Sequence[Corpus]
    split: str
    row_bytes: float

    def batches(self, lang: str, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (number of the first row, rows) of a language, numbered as in the index."""
        row, size = 0, _rows_at_once(self.row_bytes)
        for corpus in self.corpora:
            for path in corpus.files(lang, self.split) if lang in corpus.manifest.parts else []:
                for batch in read_batches(path, columns, size, threads=False):
                    yield row, batch
                    row += batch.num_rows


@dataclass(frozen=True)
class Index:
    """Items in the order of their ids: an order that no language, file or mode has a say in.

    `rows` [language](items,) int32: the item's row among the language's rows of the split, over corpora and files in
    order; -1 where it has none. `passage` and `question` (items,) int32: equal numbers are equal ids, or ids of one
    group of near-duplicates. `ids`: item, passage and question ids, (items,) uint64 each; `dataset` (items,) int16:
    places in `datasets`. `counts`: rows read and left out, by reason; `grouped`: passages and questions that have
    near-duplicates.
    """

    languages: list[str]
    rows: list[np.ndarray]
    passage: np.ndarray
    question: np.ndarray
    ids: list[np.ndarray]
    dataset: np.ndarray
    datasets: list[str]
    counts: dict[str, int]
    grouped: dict[str, int]

    @property
    def items(self) -> int:
        """The number of items that have a usable row in some language."""
        return len(self.passage)


def read_index(corpora: Sequence[Corpus], split: str) -> Index:
    """Read ids of a split from all languages of the corpora.

    A row without question, passage or passage id is left out; of an item that occurs twice in a language the first
    row counts. Raises UsageError where a file is damaged or no usable row is left.
    """
    languages = sorted({lang for corpus in corpora for lang in corpus.languages})
    counts = {"rows": 0, "no_text": 0, "duplicate": 0}
    items = _Items()
    for lang in languages:
        items.begin()
        for first_row, ids, names, usable in _id_batches(corpora, lang, split, IDS):
            counts["rows"] += len(usable)
            counts["no_text"] += int((~usable).sum())
            items.read(ids, names, usable, first_row)
        items.merge()
    if not len(items.columns[0]):
        raise UsageError(
            f"The corpora have no row with question and passage in the split '{split}'.",
            where=", ".join(str(corpus.path) for corpus in corpora),
            next_step="choose another --split, or look at the corpus with mtqa inspect",
        )
    counts["duplicate"] = items.duplicates
    *ids, dataset = items.columns
    grouped: dict[str, int] = {}
    numbers: list[np.ndarray] = []
    for name, column in (("passages", ids[1]), ("questions", ids[2])):
        groups = near_duplicates(corpora, name.removesuffix("s"))
        numbers.append(_numbers(groups.of(column)))
        grouped[name] = len(groups.ids)
    passage, question = numbers
    return Index(languages, items.rows, passage, question, ids, dataset, list(items.datasets), counts, grouped)


class _Items:
    """The items read so far, in the order of their ids; rows are collected and merged `CHUNK_ROWS` at a time.

    `columns`: item, passage and question ids (uint64), and the dataset's number (int16).
    """

    def __init__(self) -> None:
        self.columns = [np.empty(0, kind) for kind in (np.uint64, np.uint64, np.uint64, np.int16)]
        self.rows: list[np.ndarray] = []
        self.datasets: dict[str, int] = {}
        self.duplicates = 0
        self._waiting: list[list[np.ndarray]] = []
        self._count = 0

    def begin(self) -> None:
        """Begin with the rows of another language."""
        self.rows.append(np.full(len(self.columns[0]), -1, np.int32))

    def read(self, ids: list[np.ndarray], names: pa.Array, usable: np.ndarray, first_row: int) -> None:
        """Take a batch of rows: ids, names of datasets, and which rows are usable; all (n,)."""
        coded = names.dictionary_encode()
        codes = [self.datasets.setdefault(name, len(self.datasets)) for name in coded.dictionary.to_pylist()]
        dataset = np.array(codes, np.int16)[coded.indices.to_numpy()] if codes else np.empty(0, np.int16)
        at = first_row + np.arange(len(usable), dtype=np.int32)
        self._waiting.append([column[usable] for column in (*ids, dataset, at)])
        self._count += len(usable)
        if self._count >= CHUNK_ROWS:
            self.merge()

    def merge(self) -> None:
        """Merge the rows that wait; an item's first row in a language stays."""
        if not self._waiting:
            return
        *columns, row = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting, self._count = [], 0
        ids, first = np.unique(columns[0], return_index=True)
        at = np.searchsorted(self.columns[0], ids)
        known = at < len(self.columns[0])
        known[known] = self.columns[0][at[known]] == ids[known]
        if not known.all():
            new, place = first[~known], at[~known]
            self.columns = [np.insert(c, place, more[new]) for c, more in zip(self.columns, columns, strict=True)]
            self.rows = [np.insert(rows, place, np.int32(-1)) for rows in self.rows]
            at = np.searchsorted(self.columns[0], ids)
        free = self.rows[-1][at] < 0
        self.rows[-1][at[free]] = row[first[free]]
        self.duplicates += len(row) - int(free.sum())


def passage_rows(source: Source, lang: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the passages of a language: their ids, sorted uint64, and the number of the first row of each, int32."""
    ids, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
    for first_row, (passages,), _, usable in _id_batches(source.corpora, lang, source.split, IDS[1:2]):
        here, first = np.unique(passages[usable], return_index=True)
        ids.append(here)
        rows.append((first_row + np.flatnonzero(usable)[first]).astype(np.int32))
    found, at = np.unique(np.concatenate(ids), return_index=True)
    return found, np.concatenate(rows)[at]


def text_bytes(corpora: Sequence[Corpus], split: str) -> float:
    """Return the mean bytes of a row's texts, from the first rows of every file: what one pair takes in memory."""
    return _sample_bytes(p for c in corpora for lang in c.languages for p in c.files(lang, split))


def _sample_bytes(paths: Iterable[Path]) -> float:
    size = rows = 0
    for path in paths:
        batch = next(read_batches(path, TEXTS, SAMPLE), None)
        if batch is not None:
            size, rows = size + batch.nbytes, rows + batch.num_rows
    return size / max(rows, 1)


def _rows_at_once(row_bytes: float) -> int:
    """Return how many rows of such texts to read at once: some 4 MB of them."""
    return int(np.clip(READ_BYTES / max(row_bytes, 1), 256, MOST_ROWS))


def _id_batches(
    corpora: Sequence[Corpus], lang: str, split: str, columns: Sequence[str]
) -> Iterator[tuple[int, list[np.ndarray], pa.Array, np.ndarray]]:
    """Yield (number of the first row, id columns as uint64, datasets, which rows are usable) of a language's rows."""
    row = 0
    for corpus in corpora:
        for path in corpus.files(lang, split) if lang in corpus.manifest.parts else []:
            # Whether texts are missing is read from statistics where they are whole: that spares reading all text.
            texts = TEXTS if _may_lack_text(path) else ()
            needed = [*dict.fromkeys([*columns, "passage_id", "dataset"]), *texts]
            size = _rows_at_once(_sample_bytes([path])) if texts else MOST_ROWS
            for batch in read_batches(path, needed, size, threads=False):
                usable = np.ones(batch.num_rows, bool)
                for name in ("passage_id", *texts):
                    filled = pc.greater(pc.fill_null(pc.binary_length(batch[name]), 0), 0)
                    usable &= np.asarray(filled)
                yield row, [id_numbers(batch[name]) for name in columns], batch["dataset"], usable
                row += batch.num_rows


def _may_lack_text(path: Path) -> bool:
    """Return whether some text of a file is null or empty, as far as its footer tells (in doubt, yes)."""
    try:
        footer = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return True
    for group in (footer.row_group(g) for g in range(footer.num_row_groups)):
        for column in (group.column(c) for c in range(group.num_columns)):
            if column.path_in_schema in TEXTS:
                stats = column.statistics
                if stats is None or not stats.has_min_max or not stats.has_null_count or stats.null_count:
                    return True
                if not stats.min:
                    return True
    return False


def _numbers(ids: np.ndarray) -> np.ndarray:
    """Return ids as numbers from 0, in the order of the ids: (n,) uint64 → (n,) int32."""
    order = np.argsort(ids, kind="stable").astype(np.int32)
    steps = np.zeros(len(ids), np.int32)
    steps[1:] = ids[order[1:]] != ids[order[:-1]]
    out = np.empty(len(ids), np.int32)
    out[order] = np.cumsum(steps, dtype=np.int32)
    return out
