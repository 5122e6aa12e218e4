"""Equal rows, and translations that many different sources share: scores from the hashes of rows with one key."""

from __future__ import annotations

import numpy as np

from mtqa.core.hashing import content_id
from mtqa.filter.spill import U64, Floats
from mtqa.filter.text import folded


def key(*texts: str | None) -> int:
    """Return a 64-bit hash of strings."""
    return int(content_id(*texts), 16)


def source_key(text: str) -> int:
    """Return a hash of a source that is equal for sources which differ in case and punctuation only."""
    return key(folded(text))


def sources_of_each(keys: U64) -> Floats:
    """Return, for each row, how many different sources (n,) its translation has; `keys` (n, 2): translation, source.

    A translation shared by three or more different sources is a hallucination nearly always.
    """
    pairs = np.unique(keys[:, :2], axis=0)
    distinct, counts = np.unique(pairs[:, 0], return_counts=True)
    return counts[np.searchsorted(distinct, keys[:, 0])].astype(np.float32)


def repeats(keys: U64) -> Floats:
    """Return 1 for each row (n,) whose key (n, 1) stood before, else 0."""
    found = np.ones(len(keys), np.float32)
    found[np.unique(keys[:, 0], return_index=True)[1]] = 0
    return found


def conflicts(keys: U64) -> Floats:
    """Return how many other answers (n,) a question has that became equal to others in translation, else 0.

    `keys` (n, 3): the translated question on its passage, the English question, the English answers.
    """
    questions, answers = sources_of_each(keys), sources_of_each(keys[:, [0, 2]])
    return np.where(questions > 1, answers - 1, 0).astype(np.float32)
