"""MinHash signatures of texts, in a file, and the texts that agree in a band of them."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.filter.spill import FACTOR, U64, Spill, hashed
from mtqa.filter.text import folded

PERMUTATIONS = 64
SHINGLE = 5
SIMILAR = 0.7
CHUNK = 1 << 12


def minhash(text: str) -> Any:
    """Return the MinHash (datasketch, 64 permutations) of a text's character 5-grams, case and punctuation aside."""
    text = folded(text)
    grams = {text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))}
    found = _empty().copy()
    found.update_batch([gram.encode("utf-8", "replace") for gram in sorted(grams)])
    return found


@cache
def _empty() -> Any:
    """Return the MinHash of nothing: a copy of it need not draw the permutations again."""
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)


class Signatures:
    """The signatures of texts, each with a number (uint64) of its own, in a file without a name in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed with the object)
        self._size = 8 + 4 * PERMUTATIONS
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, numbers: U64, texts: Sequence[str]) -> None:
        """Append texts: their numbers (n,) and signatures."""
        for number, text in zip(numbers, texts, strict=True):
            self._file.write(number.tobytes() + minhash(text).hashvalues.astype(np.uint32).tobytes())
        self._length += len(texts)

    def read(self, places: Sequence[int]) -> tuple[U64, NDArray[np.uint32]]:
        """Return numbers (n,) and signatures (n, 64) of texts by their places."""
        # Read, not mapped: pages of a map count as this process's memory.
        self._file.flush()
        raw = b"".join(os.pread(self._file.fileno(), self._size, self._size * place) for place in places)
        return self._parse(raw)

    def alike(self, folder: Path, band: slice, *, with_number: bool) -> Iterator[tuple[U64, U64]]:
        """Yield (keys, places) of texts that share a key with another: their values in a band are equal.

        Equal keys come together, their places in order; with `with_number` the texts' own numbers are equal too.
        Different texts may have equal keys by chance, once in 2**64.
        """
        spill = Spill(folder, 2)
        for start in range(0, len(self), CHUNK):
            places = range(start, min(start + CHUNK, len(self)))
            numbers, values = self._read_run(places)
            keys = (values[:, band].astype(np.uint64) * _odd(band.stop - band.start)).sum(axis=1, dtype=np.uint64)
            if with_number:
                keys = keys * FACTOR + numbers
            spill.add(hashed(keys), keys, np.array(places, np.uint64))
        for records in spill.read():
            records = records[np.argsort(records[:, 0], kind="stable")]
            same = records[1:, 0] == records[:-1, 0]
            shared = np.append(same, False) | np.insert(same, 0, False)
            if shared.any():
                yield records[shared, 0], records[shared, 1]
        spill.close()

    def close(self) -> None:
        """Give the file's room back."""
        self._file.close()

    def _read_run(self, places: range) -> tuple[U64, NDArray[np.uint32]]:
        self._file.flush()
        return self._parse(os.pread(self._file.fileno(), self._size * len(places), self._size * places.start))

    def _parse(self, raw: bytes) -> tuple[U64, NDArray[np.uint32]]:
        table = np.frombuffer(raw, np.uint32).reshape(-1, self._size // 4)
        return np.ascontiguousarray(table[:, :2]).view(np.uint64)[:, 0], table[:, 2:]


@cache
def _odd(number: int) -> U64:
    return np.cumprod(np.full(number, FACTOR, np.uint64), dtype=np.uint64)
