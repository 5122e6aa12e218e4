"""Translation groups: items that leave in every language because of what happened in some."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mtqa.core.ids import distinct, id_numbers, merge_sorted
from mtqa.core.schema import ENGLISH


@dataclass(frozen=True)
class GroupDrops:
    """Items that leave in every language: `ids` (n,) sorted uint64, and in how many languages each `failed` (n,)."""

    ids: np.ndarray
    failed: np.ndarray

    def of(self, items: pa.Array) -> np.ndarray:
        """Return, for each item (rows,), the number of languages that it fails in; -1 where it does not leave."""
        if not len(self.ids):
            return np.full(len(items), -1, np.int64)
        wanted = id_numbers(items)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[at] == wanted, self.failed[at], -1).astype(np.int64)


NO_DROPS = GroupDrops(np.empty(0, np.uint64), np.empty(0, np.int16))


class Group:
    """Counts, in 12 bytes an item, in how many languages each fails and (English aside) passes."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.uint64)
        self._failed, self._passed = np.empty(0, np.int16), np.empty(0, np.int16)

    def add(self, lang: str, rows: Iterable[tuple[pa.Array, np.ndarray]]) -> None:
        """Count a language's rows: item ids and whether each fails."""
        ids, bad = [np.empty(0, np.uint64)], [np.empty(0, bool)]
        for items, failed in rows:
            ids.append(id_numbers(items))
            bad.append(failed)
        here, failed = np.concatenate(ids), np.concatenate(bad)
        known = merge_sorted(self._ids, distinct(here))
        counts = []
        for old, which in ((self._failed, failed), (self._passed, ~failed & (lang != ENGLISH))):
            count = np.zeros(len(known), np.int16)
            count[np.searchsorted(known, self._ids)] = old
            np.add.at(count, np.searchsorted(known, here[which]), 1)
            counts.append(count)
        self._ids, (self._failed, self._passed) = known, counts

    def drops(self, mode: str) -> GroupDrops:
        """Return the items that leave. `any`: none; `all`: those that fail somewhere; `min_languages:K`: those that
        pass in fewer than K languages other than English.
        """
        if mode == "any":
            return NO_DROPS
        leaves = self._failed > 0 if mode == "all" else self._passed < int(mode.split(":")[1])
        return GroupDrops(self._ids[leaves], self._failed[leaves])
