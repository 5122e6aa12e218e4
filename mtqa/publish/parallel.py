"""The `parallel` configuration: one row an item, its texts side by side in all languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa.core.corpus import Corpus, TableWriter
from mtqa.core.errors import MtqaError
from mtqa.core.ids import id_numbers
from mtqa.core.schema import ENGLISH
from mtqa.publish.layout import plain_bytes

NAME = "parallel"
READ = ["item_id", "question", "passage", "answers"]
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Parallel:
    """What was written: rows, published files and uncompressed bytes by split, and bytes on disk."""

    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    plain_bytes: dict[str, int] = field(default_factory=dict)
    file_bytes: int = 0


class UnorderedError(MtqaError):
    """A language's rows do not stand in the order of the English ones, so they cannot be joined as they stream by."""


def schema(languages: list[str]) -> pa.Schema:
    """Return the schema: ids and licence, then `question`, `passage` and `answers` with a field a language."""
    texts = pa.struct([(lang, pa.string()) for lang in languages])
    return pa.schema(
        [
            ("item_id", pa.string()),
            ("dataset", pa.string()),
            ("licence", pa.string()),
            ("question", texts),
            ("passage", texts),
            ("answers", pa.struct([(lang, pa.list_(pa.string())) for lang in languages])),
        ]
    )


def write_parallel(corpus: Corpus, root: Path) -> Parallel:
    """Write `data/parallel/SPLIT-…parquet` below `root`; nothing where there is only one language or no English.

    A row is an English item that another language has too; a language that lacks it is null. Memory: 16 bytes an item.
    Raises UnorderedError as its class says.
    """
    others = [lang for lang in corpus.languages if lang != ENGLISH and corpus.rows(lang)]
    written = Parallel()
    if not others or not corpus.rows(ENGLISH):
        return written
    file_bytes = 0
    for split in corpus.splits(ENGLISH):
        with TableWriter(root, f"data/{NAME}/{split}", schema([ENGLISH, *others])) as writer:
            for rows in _joined(corpus, split, others):
                writer.write(rows)
        if not writer.rows:
            continue
        names = []
        for number, name in enumerate(writer.rows):
            names.append(f"data/{NAME}/{split}-{number:05d}-of-{len(writer.rows):05d}.parquet")
            (root / name).rename(root / names[-1])
        written.rows[split] = sum(writer.rows.values())
        written.files[split] = names
        written.plain_bytes[split] = plain_bytes([root / name for name in names])
        file_bytes += sum((root / name).stat().st_size for name in names)
    return Parallel(written.rows, written.files, written.plain_bytes, file_bytes)


def parallel_rows(root: Path, written: Parallel) -> dict[str, int]:
    """Return published file → rows."""
    names = [name for each in written.files.values() for name in each]
    return {name: pq.read_metadata(root / name).num_rows for name in names}


def _joined(corpus: Corpus, split: str, others: list[str]) -> Iterator[pa.Table]:
    ids = [id_numbers(batch["item_id"]) for batch in corpus.batches(ENGLISH, split, ["item_id"], size=65_536)]
    order = np.concatenate(ids) if ids else np.zeros(0, dtype=np.uint64)
    place = np.argsort(order, kind="stable")
    cursors = {lang: _Cursor(corpus, lang, split, order[place], place) for lang in others}
    start = 0
    for batch in corpus.batches(ENGLISH, split, [*READ, "dataset", "licence"], size=ROWS_AT_ONCE):
        stop = start + batch.num_rows
        found = {lang: cursor.rows(start, stop) for lang, cursor in cursors.items()}
        english = pa.Table.from_batches([batch])
        table = _side_by_side(english, {ENGLISH: english, **{lang: rows for lang, (rows, _) in found.items()}})
        there = np.any([present for _, present in found.values()], axis=0)
        yield table.filter(pa.array(there))
        start = stop


def _side_by_side(english: pa.Table, tables: dict[str, pa.Table]) -> pa.Table:
    languages = list(tables)
    wanted = schema(languages)
    columns: list[Any] = [english[name].combine_chunks() for name in ("item_id", "dataset", "licence")]
    for name in ("question", "passage", "answers"):
        values = [tables[lang][name].combine_chunks() for lang in languages]
        if name == "answers":
            values = [_texts(column) for column in values]
        columns.append(pa.StructArray.from_arrays(values, fields=list(wanted.field(name).type)))
    return pa.Table.from_arrays(columns, schema=wanted)


def _texts(answers: pa.ListArray) -> pa.ListArray:
    """Return the answers' texts without their places; a null stays one."""
    import pyarrow.compute as pc

    texts = pc.struct_field(answers.flatten(), "text")
    lengths = pc.fill_null(pc.list_value_length(answers), 0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), texts, mask=answers.is_null())


class _Cursor:
    """A language's rows as they stream by, found by the place of their item among the English ones."""

    def __init__(
        self, corpus: Corpus, lang: str, split: str, ids: NDArray[np.uint64], place: NDArray[np.int64]
    ) -> None:
        self.lang, self.ids, self.place = lang, ids, place
        self._batches = corpus.batches(lang, split, READ, size=ROWS_AT_ONCE) if split in corpus.splits(lang) else None
        self._rows: pa.Table | None = None
        self._places = np.zeros(0, dtype=np.int64)
        self._last = -1

    def rows(self, start: int, stop: int) -> tuple[pa.Table, NDArray[np.bool_]]:
        """Return a table of the items at English places [start, stop), nulls where the language lacks them."""
        while self._last < stop and self._read():
            pass
        inside = (self._places >= start) & (self._places < stop)
        index = np.full(stop - start, -1, dtype=np.int64)
        index[self._places[inside] - start] = np.flatnonzero(inside)
        present = index >= 0
        table = pa.Table.from_pylist([], schema=self._schema()) if self._rows is None else self._rows
        taken = table.take(pa.array(index, mask=~present)) if table.num_rows else _nulls(table.schema, stop - start)
        if self._rows is not None:
            later = self._places >= stop
            self._rows, self._places = self._rows.filter(pa.array(later)), self._places[later]
        return taken, present

    def _read(self) -> bool:
        batch = next(self._batches, None) if self._batches else None
        if batch is None:
            return False
        numbers = id_numbers(batch["item_id"])
        at = np.minimum(np.searchsorted(self.ids, numbers), max(len(self.ids) - 1, 0))
        known = self.ids[at] == numbers if len(self.ids) else np.zeros(len(numbers), dtype=bool)
        places = self.place[at[known]] if len(self.ids) else np.zeros(0, dtype=np.int64)
        if len(places) and (np.any(np.diff(places) <= 0) or places[0] <= self._last):
            raise UnorderedError(f"The rows of {self.lang} do not stand in the order of the English ones.")
        rows = pa.Table.from_batches([batch]).filter(pa.array(known))
        self._rows = rows if self._rows is None else pa.concat_tables([self._rows, rows])
        self._places = np.concatenate([self._places, places])
        self._last = int(places[-1]) if len(places) else self._last
        return True

    def _schema(self) -> pa.Schema:
        from mtqa.core.schema import CORPUS

        return pa.schema([CORPUS.field(name) for name in READ])


def _nulls(columns: pa.Schema, rows: int) -> pa.Table:
    return pa.table({f.name: pa.nulls(rows, f.type) for f in columns})
