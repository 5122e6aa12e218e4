"""Equal and nearly equal rows, and translations that many different sources share."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtqa.core.hashing import content_id
from mtqa.filter.near import PERMUTATIONS, SIMILAR, minhash
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


class Near:
    """Finds rows whose question is nearly an earlier one's, on the same passage or on none.

    MinHash of the question's character 5-grams (datasketch, 64 permutations), candidates from its index at a Jaccard
    similarity of .7, the similarity itself estimated from the signatures.
    """

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index: Any = MinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS)
        self._found = array("f")

    def add(self, row: dict[str, Any], source: Any = None) -> None:
        """Count a row: the estimated similarity to the likest earlier one, 0 where none is like it."""
        from datasketch import LeanMinHash

        place, found = content_id(row["passage"]), minhash(row["question"])
        earlier = [name for name in self._index.query(found) if name[0] == place]
        likest = max((found.jaccard(name[2]) for name in earlier), default=0.0)
        self._found.append(likest if likest >= SIMILAR else 0.0)
        self._index.insert((place, len(self._found), LeanMinHash(found)), found, check_duplication=False)

    def scores(self) -> np.ndarray:
        """Return the similarities (rows,), float32."""
        return np.array(self._found, np.float32)
