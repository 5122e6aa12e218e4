"""Which rows stay, at any number of rows: duplicates by hash partitions on disk, a draw by its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PARTITION_ROWS = 2_000_000
BLOCK_ROWS = 1_000_000
RECORD = np.dtype([("key", "<u8"), ("row", "<u8")])
U64 = NDArray[np.uint64]


class Keep:
    """One bit a row: whether it stays. `rows` rows, all of them at first."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._gone = np.zeros((rows + 7) // 8, dtype=np.uint8)

    def drop(self, rows: NDArray[np.integer]) -> None:
        """Let rows go."""
        numbers = rows.astype(np.int64)
        np.bitwise_or.at(self._gone, numbers >> 3, (1 << (numbers & 7)).astype(np.uint8))

    def mask(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return whether rows [start, stop) stay."""
        first = start >> 3
        bits = np.unpackbits(self._gone[first : (stop + 7) >> 3], bitorder="little")
        stays: NDArray[np.bool_] = bits[start - 8 * first : stop - 8 * first] == 0
        return stays


def read(path: Path, start: int, stop: int) -> U64:
    """Return the numbers [start, stop) of a file of 8-byte numbers."""
    return np.fromfile(path, dtype="<u8", count=stop - start, offset=8 * start)


def drop_duplicates(keys: Path, keep: Keep, scratch: Path, partition_rows: int = PARTITION_ROWS) -> None:
    """Let all rows go whose key came before; `keys` is a file of one 8-byte key a row.

    Keys are spread over files by their remainder, so equal keys meet in one file, each of about `partition_rows` rows:
    memory is 48 bytes for each of these, whatever the number of rows (one bit a row apart).
    """
    if not keep.rows:
        return
    parts = -(-keep.rows // partition_rows)
    files = [scratch / f"partition-{number:05d}" for number in range(parts)]
    for start, stop, found in _within(keys, (0, keep.rows)):
        records = np.empty(len(found), dtype=RECORD)
        records["key"], records["row"] = found, np.arange(start, stop, dtype=np.uint64)
        place = (found % np.uint64(parts)).astype(np.int64)
        order = np.argsort(place, kind="stable")
        bounds = np.searchsorted(place[order], np.arange(parts + 1))
        for number, path in enumerate(files):
            with path.open("ab") as file:
                records[order[bounds[number] : bounds[number + 1]]].tofile(file)
    for path in files:
        records = np.fromfile(path, dtype=RECORD)
        first = np.unique(records["key"], return_index=True)[1]
        again = np.ones(len(records), dtype=bool)
        again[first] = False
        keep.drop(records["row"][again])
        path.unlink()


def draw(numbers: Path, keep: Keep, rows: tuple[int, int], limit: int) -> int:
    """Keep of rows [first, last) only the `limit` (1 at least) with the smallest numbers; return how many went.

    `numbers` is a file of one 8-byte number a row. The threshold is found from a histogram of the upper 16 bits, then
    among the numbers of the one bin that it falls into. Of equal numbers the earlier row stays.
    """
    kept = sum(int(keep.mask(a, b).sum()) for a, b, _ in _within(numbers, rows))
    if kept <= limit:
        return 0
    counts = np.zeros(1 << 16, dtype=np.int64)
    for start, stop, found in _within(numbers, rows):
        counts += np.bincount((found[keep.mask(start, stop)] >> np.uint64(48)).astype(np.int64), minlength=1 << 16)
    total = np.cumsum(counts)
    bin_ = int(np.searchsorted(total, limit))
    before = int(total[bin_ - 1]) if bin_ else 0
    inside = [
        np.stack([found, np.arange(start, stop, dtype=np.uint64)])[
            :, keep.mask(start, stop) & (found >> np.uint64(48) == bin_)
        ]
        for start, stop, found in _within(numbers, rows)
    ]
    number, row = np.concatenate(inside, axis=1)
    order = np.lexsort((row, number))
    last, last_row = number[order[limit - before - 1]], row[order[limit - before - 1]]
    for start, stop, found in _within(numbers, rows):
        at = np.arange(start, stop, dtype=np.uint64)
        beyond = (found > last) | ((found == last) & (at > last_row))
        keep.drop(at[beyond & keep.mask(start, stop)])
    return kept - limit


def _within(numbers: Path, rows: tuple[int, int]) -> Iterator[tuple[int, int, U64]]:
    """Yield (start, stop, numbers) of a file's blocks within rows [first, last)."""
    for start in range(rows[0], rows[1], BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, rows[1])
        yield start, stop, read(numbers, start, stop)
