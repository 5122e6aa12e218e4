"""Which items and languages batches may be made of, as the settings and the data allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mtqa.core.errors import UsageError
from mtqa.shards.index import Index
from mtqa.shards.pairs import allowed_pairs
from mtqa.shards.settings import OTHER, ShardSettings

MONO, CROSS = 0, 1
KINDS = ("mono", "cross")


@dataclass(frozen=True)
class Choice:
    """The items that may be used and the languages they have.

    `items` (n,) bool; `pattern` (items,) int32: which languages an item has, as a row of `has` (patterns, languages)
    bool; `weights` (languages,): of each language's draw; `mono` (languages,) bool: enough items for a batch and a
    weight; `pairs` (languages, languages) bool: cross pairs that may be drawn; `left_out`: items by reason.
    """

    languages: list[str]
    items: np.ndarray
    pattern: np.ndarray
    has: np.ndarray
    weights: np.ndarray
    mono: np.ndarray
    pairs: np.ndarray
    left_out: dict[str, int]

    @property
    def cross(self) -> np.ndarray:
        """Which patterns can make one of the allowed pairs."""
        return _crosses(self.has, self.pairs)


def effective_kinds(settings: ShardSettings) -> tuple[int, ...]:
    """Return the kinds of batches that the settings ask for; hybrid with α 0 or 1 is cross or mono."""
    alpha = {"mono": 1.0, "cross": 0.0, "hybrid": settings.alpha}[settings.mode]
    return (MONO,) if alpha == 1 else (CROSS,) if alpha == 0 else (MONO, CROSS)


def choose(index: Index, settings: ShardSettings) -> Choice:
    """Return the items and languages that the settings allow. Raises UsageError where they cannot fill a batch."""
    kinds = effective_kinds(settings)
    names = settings.languages or index.languages
    _check_languages(names, index.languages, kinds, settings)
    rows = [index.languages.index(name) for name in names]
    factors = np.array([settings.weights.get(name, 1.0) for name in names])
    pairs = allowed_pairs(names, settings.pairs, settings.exclude_pairs)
    pairs &= (factors > 0)[:, None] & (factors > 0)
    allowed = np.ones(index.items, bool)
    if settings.common_items:
        for row in index.rows:
            allowed &= row >= 0
    left_out = {"not_in_all_languages": int((~allowed).sum())}
    if settings.pair_with is not None:
        second = _has_second(index, settings.pair_with, [r for r, f in zip(rows, factors, strict=True) if f > 0])
        left_out["no_second_version"] = int((allowed & ~second).sum())
        allowed &= second
    pattern, has = _patterns([index.rows[row] >= 0 for row in rows])
    counts = np.bincount(pattern[allowed], minlength=len(has))
    sizes = counts @ has
    mono = (sizes >= settings.batch_size) & (factors > 0)
    crosses = _crosses(has, pairs)
    _check_sizes(kinds, sizes[factors > 0], int(counts[crosses].sum()), settings.batch_size)
    fits = np.zeros(len(has), bool)
    if MONO in kinds:
        fits |= has[:, mono].any(axis=1)
    if CROSS in kinds:
        fits |= crosses
    items = allowed & fits[pattern]
    left_out["lacks_languages"] = int((allowed & ~items).sum())
    power = 0.0 if settings.sampling == "uniform" else 1 / settings.temperature
    weights = np.where(sizes > 0, np.maximum(sizes, 1) ** power * factors, 0.0)
    shares = weights / max(weights.sum(), 1e-300)
    return Choice(list(names), items, pattern, has, shares, mono, pairs, left_out)


def _crosses(has: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return by pattern whether it has both languages of some allowed pair."""
    return np.asarray((((has.astype(np.int32) @ pairs) > 0) & has).any(axis=1))


def _has_second(index: Index, pair_with: str, rows: list[int]) -> np.ndarray:
    """Return by item whether it has the second version that `pair_with` asks for."""
    if pair_with != OTHER:
        return np.asarray(index.rows[index.languages.index(pair_with)] >= 0)
    count = np.zeros(index.items, np.int16)
    for row in rows:
        count += index.rows[row] >= 0
    return count >= 2


def _patterns(present: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return each item's pattern of languages as a number, and the patterns (k, languages) bool."""
    code = np.zeros(len(present[0]), np.int32)
    has = np.zeros((1, 0), bool)
    for here in present:
        code = code * 2 + here
        seen = np.flatnonzero(np.bincount(code, minlength=2 * len(has)))
        has = np.hstack([has[seen // 2], (seen % 2 == 1)[:, None]])
        lookup = np.zeros(int(seen[-1]) + 1, np.int32)
        lookup[seen] = np.arange(len(seen), dtype=np.int32)
        code = lookup[code]
    return code, has


def _check_languages(names: list[str], known: list[str], kinds: tuple[int, ...], settings: ShardSettings) -> None:
    second = [] if settings.pair_with in (None, OTHER) else [str(settings.pair_with)]
    for where, given, expected in (
        ("languages", names, known),
        ("weights", list(settings.weights), names),
        ("pair_with", second, known),
    ):
        missing = [name for name in given if name not in expected]
        if missing:
            raise UsageError(
                f"The corpus has no {', '.join(missing)}."
                if expected is known
                else f"{', '.join(missing)} is not among the languages that are used.",
                where=where,
                expected=f"some of {', '.join(expected)}",
            )
    if CROSS in kinds and len(names) < 2:
        raise UsageError(
            "Cross batches need two languages.",
            where="languages",
            expected="at least two, or mode mono",
            next_step="translate the corpus, or choose --mode mono",
        )


def _check_sizes(kinds: tuple[int, ...], languages: np.ndarray, cross: int, size: int) -> None:
    """Raise UsageError where a kind has fewer items than a batch: in each of `languages`, or (`cross`) in a pair."""
    largest = int(languages.max(initial=0))
    there = {MONO: (largest, "in the largest language"), CROSS: (cross, "in both languages of a pair")}
    few = [f"{count:,} items {where}" for kind, (count, where) in there.items() if kind in kinds and count < size]
    if few:
        raise UsageError(
            "There are too few items for one batch.",
            where=", ".join(few),
            expected=f"at least the batch size, {size:,}",
            next_step="choose a smaller --batch-size or give more data",
        )
