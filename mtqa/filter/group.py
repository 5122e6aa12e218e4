"""Translation groups: items that leave in every language because of what happened in some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mtqa.core.ids import id_numbers
from mtqa.core.schema import ENGLISH
from mtqa.filter.spill import ByRow, Spill, hashed

STAYS = -1.0


class GroupDrops:
    """For each row of each language, in how many languages its item fails; -1 where it does not leave."""

    def __init__(self, found: dict[str, ByRow] | None = None) -> None:
        self._found = found or {}

    def take(self, lang: str, rows: int) -> NDArray[np.int64]:
        """Return the numbers (rows,) of a language's next rows."""
        if lang not in self._found:
            return np.full(rows, STAYS, np.int64)
        return self._found[lang].take(rows).astype(np.int64)


class Group:
    """Counts in how many languages each item fails and (English aside) passes; what it needs is on disk in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spill = Spill(folder, 4)
        self._rows: dict[str, int] = {}

    def add(self, lang: str, items: pa.Array, failed: NDArray[np.bool_]) -> None:
        """Count a language's next rows: item ids and whether each fails (n,)."""
        start = self._rows.setdefault(lang, 0)
        number = np.full(len(items), list(self._rows).index(lang), np.uint64)
        rows = np.arange(start, start + len(items), dtype=np.uint64)
        ids = id_numbers(items)
        self._spill.add(hashed(ids), ids, number, rows, failed.astype(np.uint64))
        self._rows[lang] = start + len(items)

    def drops(self, mode: str) -> GroupDrops:
        """Return what leaves. `all`: items that fail somewhere; `min_languages:K`: those that pass in fewer than K
        languages other than English.
        """
        found = {lang: ByRow(self._folder, rows, STAYS) for lang, rows in self._rows.items()}
        other = np.array([lang != ENGLISH for lang in self._rows], bool)
        for ids, language, rows, bad in (records.T for records in self._spill.read()):
            _, item = np.unique(ids, return_inverse=True)
            failed = np.bincount(item, weights=bad)
            passed = np.bincount(item, weights=(bad == 0) & other[language.astype(np.int64)])
            leaves = failed > 0 if mode == "all" else passed < int(mode.split(":")[1])
            for number, by_row in enumerate(found.values()):
                here = leaves[item] & (language == number)
                by_row.put(rows[here], failed[item[here]].astype(np.float32))
        self._spill.close()
        return GroupDrops(found)
