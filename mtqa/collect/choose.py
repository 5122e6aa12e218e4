"""Leaving rows out: exact duplicates, and what goes beyond the limit."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any

from mtqa.core.hashing import content_id


class Seen:
    """Remembers which question-passage pairs have come, 8 bytes of hash each (about 80 bytes in a Python set)."""

    def __init__(self) -> None:
        self._pairs: set[int] = set()

    def is_new(self, row: dict[str, Any]) -> bool:
        """Tell whether the row's question and passage have not come together before, and remember them."""
        passage_id = row["passage_id"] or ""
        pair = int(row["question_id"], 16) ^ int(content_id("pair", passage_id), 16)
        if pair in self._pairs:
            return False
        self._pairs.add(pair)
        return True


def draw(rows: Iterable[dict[str, Any]], limit: int, seed: int) -> list[dict[str, Any]]:
    """Return `limit` rows drawn by the seed, in their order; only as many are held in memory.

    Which rows are drawn depends on seed and item ids alone: those with the smallest hashes.
    """
    numbered = ((content_id("collect", str(seed), row["item_id"]), number, row) for number, row in enumerate(rows))
    return [row for _, _, row in sorted(heapq.nsmallest(limit, numbered, key=lambda x: x[:2]), key=lambda x: x[1])]
