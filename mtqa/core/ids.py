"""Ids as 64-bit numbers: 8 bytes each instead of Arrow strings, and sorted arrays instead of Python sets."""

from __future__ import annotations

import binascii
import contextlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtqa.core.hashing import ID_HEX_DIGITS, content_id

_HEX = b"0123456789abcdef"


def id_numbers(ids: pa.Array) -> np.ndarray:
    """Return ids as uint64 (null as 0): 16 hex digits by their value, any other id by its content hash's."""
    ids = pc.fill_null(ids, "0" * ID_HEX_DIGITS)
    if not len(ids):
        return np.empty(0, np.uint64)
    raw = _bytes(ids)
    if (np.asarray(pc.binary_length(ids)) == ID_HEX_DIGITS).all() and raw == raw.lower():
        with contextlib.suppress(ValueError):
            return np.frombuffer(binascii.unhexlify(raw), ">u8").astype(np.uint64)
    return np.array([_number(text) for text in ids.to_pylist()], np.uint64)


def id_texts(numbers: np.ndarray) -> pa.Array:
    """Return ids as strings of 16 hex digits: (n,) uint64 → (n,) string."""
    digits = binascii.hexlify(numbers.astype(">u8").tobytes())
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * ID_HEX_DIGITS
    return pa.Array.from_buffers(pa.string(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])


def merge_sorted(known: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the sorted union of two sorted arrays without repetition; cheap where the second adds nothing."""
    if len(known):
        at = np.minimum(np.searchsorted(known, new), len(known) - 1)
        new = new[known[at] != new]
    return np.insert(known, np.searchsorted(known, new), new) if len(new) else known


def _number(text: str) -> int:
    plain = len(text) == ID_HEX_DIGITS and all(char in _HEX for char in text.encode())
    return int(text if plain else content_id(text), 16)


def _bytes(strings: pa.Array) -> bytes:
    """Return the concatenated bytes of a string array without nulls."""
    _, offsets, data = strings.buffers()
    bounds = np.frombuffer(offsets, np.int32)[strings.offset : strings.offset + len(strings) + 1]
    return data.to_pybytes()[bounds[0] : bounds[-1]] if data is not None else b""
