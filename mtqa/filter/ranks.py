"""Ranks of model scores within a language: the share of its rows that the model was surer of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtqa.filter.join import Row
from mtqa.filter.spill import PARTS, ROWS, ByRow, Floats, Spill

BINS = 1 << 16
SIGN = np.uint32(1 << 31)


class Ranks:
    """Ranks a model score, `name` in the rows' `mt`; rows without have NaN.

    Scores wait in an unnamed file in `folder`; a histogram of their upper 16 bits cuts them into parts of about the
    same size, which are sorted one by one.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed when the scores are ranked)
        self._bins = np.zeros(BINS, np.int64)
        self._rows = 0
        self._found: ByRow | None = None

    def add(self, rows: Sequence[tuple[Row, Row | None]]) -> None:
        """Count rows, in order."""
        scores = [(row["mt"] or {}).get(self._name) for row, _ in rows]
        values = np.array([np.nan if score is None else score for score in scores], np.float32)
        self._file.write(values.tobytes())
        self._bins += np.bincount(_ordered(values[~np.isnan(values)]) >> np.uint32(16), minlength=BINS)
        self._rows += len(rows)

    def take(self, rows: int) -> Floats:
        """Return the next rows' ranks (rows,), once all rows were counted: 0 for the surest."""
        if self._found is None:
            self._found = self._ranked()
        return self._found.take(rows)

    def _ranked(self) -> ByRow:
        found, spill = ByRow(self._folder, self._rows, usual=np.nan), Spill(self._folder, 2)
        known = int(self._bins.sum())
        part = (np.cumsum(self._bins) - self._bins) * PARTS // max(known, 1)
        for start, values in self._values():
            rows = np.flatnonzero(~np.isnan(values))
            numbers = _ordered(values[rows])
            spill.add(part[numbers >> np.uint32(16)], numbers.astype(np.uint64), (rows + start).astype(np.uint64))
        before = 0
        for numbers, rows in (records.T for records in spill.read()):
            places = before + np.searchsorted(np.sort(numbers), numbers, side="right")
            found.put(rows, (1 - places / known).astype(np.float32))
            before += len(numbers)
        spill.close()
        self._file.close()
        return found

    def _values(self) -> Iterator[tuple[int, Floats]]:
        self._file.seek(0)
        for start in range(0, self._rows, ROWS):
            yield start, np.frombuffer(self._file.read(4 * ROWS), np.float32)


def _ordered(values: Floats) -> NDArray[np.uint32]:
    """Return numbers (n,) in the order of the values."""
    bits = (values + np.float32(0)).view(np.uint32)  # -0 and 0 are one value
    return np.where(bits & SIGN, ~bits, bits | SIGN)
