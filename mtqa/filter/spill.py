"""Records that wait on disk until all are there, so that memory does not grow with the number of rows.

Equal keys meet in one of 256 parts (the external group-by of databases); what is found in the parts comes back in the
order of rows. Files have no name: they are gone when they are closed, or the process is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PARTS = 256
RUN = 1 << 16
"""Records that wait in memory before they are written."""
ROWS = 1 << 16
"""Rows whose values are in memory at once."""
ENOUGH = 1 << 12
"""Records that are worth a call."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
U64 = NDArray[np.uint64]
Floats = NDArray[np.float32]


def hashed(keys: U64) -> NDArray[np.int64]:
    """Return the part (n,) of each key, one of 256: about equal parts, whatever the keys are."""
    return ((keys * FACTOR) >> np.uint64(56)).astype(np.int64)


class Spill:
    """Records of `width` numbers (uint64) in a file in `folder`, read back part by part.

    Memory: a run of 65,536 records, and 8 bytes a part for each run that was written.
    """

    def __init__(self, folder: Path, width: int, parts: int = PARTS) -> None:
        self.parts, self._width = parts, width
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed with the object)
        self._waiting: list[tuple[NDArray[np.int64], U64]] = []
        self._rows = 0
        self._written = 0
        self._bounds: list[NDArray[np.int64]] = []

    def add(self, part: NDArray[np.int64], *columns: U64) -> None:
        """Append records, given as columns (n,), to the parts (n,) that they belong to."""
        self._waiting.append((part, np.stack(columns, axis=1)))
        self._rows += len(part)
        if self._rows >= RUN:
            self._flush()

    def read(self) -> Iterator[U64]:
        """Yield each part's records (n, width) in the order in which they were added; empty parts are left out."""
        self._flush()
        size = 8 * self._width
        for part in range(self.parts):
            pieces = [
                os.pread(self._file.fileno(), size * int(run[part + 1] - run[part]), size * int(run[part]))
                for run in self._bounds
                if run[part + 1] > run[part]
            ]
            if pieces:
                yield np.frombuffer(b"".join(pieces), np.uint64).reshape(-1, self._width)

    def close(self) -> None:
        """Give the file's room back."""
        self._file.close()

    def _flush(self) -> None:
        if not self._rows:
            return
        part = np.concatenate([part for part, _ in self._waiting])
        records = np.concatenate([records for _, records in self._waiting])
        self._waiting, self._rows = [], 0
        order = np.argsort(part, kind="stable")
        self._file.write(records[order].tobytes())
        self._file.flush()
        self._bounds.append(self._written + np.searchsorted(part[order], np.arange(self.parts + 1)))
        self._written += len(records)


class ByRow:
    """A number for each of `rows` rows: put in any order, taken in the order of rows.

    Of several numbers of a row the greatest counts; rows without have `usual` (which counts too, unless it is NaN).
    """

    def __init__(self, folder: Path, rows: int, usual: float) -> None:
        self._usual, self._rows = usual, rows
        self._spill = Spill(folder, 2, max(1, -(-rows // ROWS)))
        self._chunks: Iterator[Floats] | None = None
        self._left = np.empty(0, np.float32)

    def put(self, rows: U64, values: Floats) -> None:
        """Give rows (n,) their values (n,)."""
        if len(rows):
            bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
            self._spill.add((rows // np.uint64(ROWS)).astype(np.int64), rows, bits)

    def take(self, rows: int) -> Floats:
        """Return the next rows' values (rows,), fewer at the end."""
        if self._chunks is None:
            self._chunks = self._read()
        parts, missing = [self._left], rows - len(self._left)
        while missing > 0 and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk)
            missing -= len(chunk)
        found = np.concatenate(parts) if len(parts) > 1 else self._left
        self._left = found[rows:]
        return found[:rows]

    def _read(self) -> Iterator[Floats]:
        start = 0
        for records in self._spill.read():
            first = int(records[0, 0]) // ROWS * ROWS
            yield from self._empty(start, first)
            start = min(first + ROWS, self._rows)
            values = np.full(start - first, self._usual, np.float32)
            found = records[:, 1].astype(np.uint32).view(np.float32)
            np.fmax.at(values, records[:, 0].astype(np.int64) - first, found)
            yield values
        self._spill.close()
        yield from self._empty(start, self._rows)

    def _empty(self, start: int, stop: int) -> Iterator[Floats]:
        for first in range(start, stop, ROWS):
            yield np.full(min(ROWS, stop - first), self._usual, np.float32)


def _together(parts: Iterator[U64]) -> Iterator[U64]:
    """Yield the records of small parts together: to score a few many times takes longer."""
    waiting: list[U64] = []
    for records in parts:
        waiting.append(records)
        if sum(map(len, waiting)) >= ENOUGH:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


class Grouped:
    """Scores of rows that depend on all rows with the same key.

    `score` turns some rows' keys (n, width), with all rows of a first key, in their order, into their scores (n,);
    `usual` is the commonest score, of which nothing is written.
    """

    def __init__(self, folder: Path, width: int, score: Callable[[U64], Floats], usual: float) -> None:
        self._folder, self._score, self._usual = folder, score, usual
        self._spill = Spill(folder, width + 1)
        self._rows = 0
        self._found: ByRow | None = None

    def add(self, *keys: U64) -> None:
        """Count rows, in order, by their keys: columns (n,) of numbers."""
        rows = np.arange(self._rows, self._rows + len(keys[0]), dtype=np.uint64)
        self._rows += len(rows)
        self._spill.add(hashed(keys[0]), *keys, rows)

    def take(self, rows: int) -> Floats:
        """Return the next rows' scores (rows,), once all rows were counted."""
        if self._found is None:
            self._found = ByRow(self._folder, self._rows, self._usual)
            for records in _together(self._spill.read()):
                scores = self._score(records[:, :-1])
                special = scores != self._usual
                self._found.put(records[special, -1], scores[special])
            self._spill.close()
        return self._found.take(rows)
