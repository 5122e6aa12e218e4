"""Scores that need more than one text: duplicates, conflicts, test sets, model scores, translations back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mtqa.core.corpus import Corpus
from mtqa.core.schema import ENGLISH, Check, Flag
from mtqa.filter import duplicates
from mtqa.filter.contamination import HeldOut
from mtqa.filter.join import Row, joined
from mtqa.filter.near import Near
from mtqa.filter.profiles import Rule
from mtqa.filter.ranks import Ranks
from mtqa.filter.spill import Floats, Grouped
from mtqa.filter.target import Target

if TYPE_CHECKING:
    from mtqa.filter.roundtrip import Back
    from mtqa.filter.semantic import Semantic


@dataclass(frozen=True)
class Extra:
    """What checks beyond single texts need: None where the check is not made."""

    semantic: Semantic | None = None
    tests: HeldOut | None = None
    back: Back | None = None


ALL_ROWS = frozenset({Check.DUPLICATE, Check.NEAR_DUPLICATE, Check.CONFLICT, Check.MODEL_SCORE})
ONE_ROW = frozenset({Check.CONTAMINATION, Check.HIT_LIMIT, Check.ROUND_TRIP})
Pairs = Sequence[tuple[Row, Row | None]]
"""Rows beside their English rows."""


class Collector(Protocol):
    """A check that needs all rows: counts them first, then scores them, both in order."""

    def add(self, rows: Pairs) -> None:
        """Count rows."""

    def take(self, rows: int) -> Floats:
        """Return the next rows' scores (rows,)."""


class Whole:
    """Scores of a language's rows that need more than one text, by column of the rules.

    Where a check needs all rows there is one pass over the language, whose records wait on disk in `folder`.
    """

    def __init__(self, corpus: Corpus, facts: Target, rules: Sequence[Rule], extra: Extra, folder: Path) -> None:
        self._single = {n: _single(rule, facts, extra) for n, rule in enumerate(rules) if rule.check in ONE_ROW}
        self._all = {n: _collector(rule, folder) for n, rule in enumerate(rules) if rule.check in ALL_ROWS}
        for split in corpus.splits(facts.code) if self._all else ():
            for rows in joined(corpus, facts.code, split):
                for collector in self._all.values():
                    collector.add(rows)

    def scores(self, rows: Pairs) -> dict[int, Floats]:
        """Return the scores (n,) of the next rows."""
        found = {n: collector.take(len(rows)) for n, collector in self._all.items()}
        return found | {n: np.array([score(*pair) for pair in rows], np.float32) for n, score in self._single.items()}


class _Keyed:
    """Scores rows by those with the same key, where `keys` makes a row's hashes."""

    def __init__(self, keys: Callable[[Row, Row | None], tuple[int, ...]], grouped: Grouped) -> None:
        self._keys, self._grouped = keys, grouped

    def add(self, rows: Pairs) -> None:
        found = np.array([self._keys(row, source) for row, source in rows], np.uint64)
        self._grouped.add(*found.T)

    def take(self, rows: int) -> Floats:
        return self._grouped.take(rows)


def _shared(field: str, folder: Path) -> _Keyed:
    """Counts the sources of each translation of a field."""

    def keys(row: Row, source: Row | None) -> tuple[int, ...]:
        return duplicates.key(row[field]), duplicates.source_key((source or row)[field] or "")

    return _Keyed(keys, Grouped(folder, 2, duplicates.sources_of_each, usual=1))


def _repeats(folder: Path) -> _Keyed:
    """Finds rows that equal an earlier one."""

    def keys(row: Row, source: Row | None) -> tuple[int, ...]:
        return (duplicates.key(row["question"], row["passage"], *(answer["text"] for answer in row["answers"])),)

    return _Keyed(keys, Grouped(folder, 1, duplicates.repeats, usual=0))


def _conflicts(folder: Path) -> _Keyed:
    """Finds questions on one passage that became equal in translation though they are answered otherwise."""

    def keys(row: Row, source: Row | None) -> tuple[int, ...]:
        english = source or row
        return (
            duplicates.key(row["question"], row["passage"]),
            duplicates.source_key(english["question"]),
            duplicates.key(*(answer["text"] for answer in english["answers"])),
        )

    return _Keyed(keys, Grouped(folder, 3, duplicates.conflicts, usual=0))


def _collector(rule: Rule, folder: Path) -> Collector:
    if rule.check == Check.DUPLICATE:
        return _repeats(folder) if rule.field == "row" else _shared(rule.field, folder)
    if rule.check == Check.NEAR_DUPLICATE:
        return Near(folder)
    if rule.check == Check.CONFLICT:
        return _conflicts(folder)
    return Ranks(f"{rule.field}_score", folder)


def _single(rule: Rule, facts: Target, extra: Extra) -> Callable[[Row, Row | None], float]:
    """Return the score of a row by itself; NaN where nothing was set for it."""
    if rule.check == Check.HIT_LIMIT:
        return lambda row, source: float(Flag.HIT_LIMIT in ((row["mt"] or {}).get("flags") or ()))
    if rule.check == Check.CONTAMINATION and extra.tests is not None:
        tests = extra.tests
        return lambda row, source: max(tests.overlap(r["question"], r["passage"]) for r in (row, source) if r)
    if rule.check == Check.ROUND_TRIP and extra.back is not None and facts.code != ENGLISH:
        back = extra.back
        return lambda row, source: back.score(row["item_id"], facts.code, rule.field, source)
    return lambda row, source: np.nan
