"""Equal rows, and translations that many different sources share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mtqa.core.hashing import content_id
from mtqa.filter.text import WORDS


def key(*texts: str | None) -> int:
    """Return a 64-bit hash of strings."""
    return int(content_id(*texts), 16)


def source_key(text: str) -> int:
    """Return a hash of a source that is equal for sources which differ in case and punctuation only."""
    return key(" ".join(WORDS.findall(text.casefold())))


def sources_of_each(targets: Sequence[int], sources: Sequence[int]) -> np.ndarray:
    """Return, for each row, how many different sources (n,) its translation has; float32. Keys as `key` gives them.

    A translation shared by three or more different sources is a hallucination nearly always.
    """
    if not len(targets):
        return np.zeros(0, np.float32)
    pairs = np.unique(np.stack([np.asarray(targets, np.uint64), np.asarray(sources, np.uint64)], axis=1), axis=0)
    distinct, counts = np.unique(pairs[:, 0], return_counts=True)
    return counts[np.searchsorted(distinct, np.asarray(targets, np.uint64))].astype(np.float32)


def repeats(rows: Sequence[int]) -> np.ndarray:
    """Return 1 for each row (n,) whose key stood before, else 0; float32."""
    found = np.ones(len(rows), np.float32)
    if len(rows):
        found[np.unique(np.asarray(rows, np.uint64), return_index=True)[1]] = 0
    return found
