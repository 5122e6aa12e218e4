"""Counting what the rules did, for the manifest and whoever renders it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtqa.core.schema import Check
from mtqa.filter.decide import dropping
from mtqa.filter.profiles import Rule

GROUP = f"row.{Check.GROUP}"
BINS = 20
UPPER: dict[Check, float] = {
    Check.EMPTY: 1,
    Check.LENGTH_RATIO: 4,
    Check.LANGUAGE: 1,
    Check.SCRIPT: 1,
    Check.COPY: 20,
    Check.REPETITION: 4,
    Check.NUMBERS: 20,
    Check.CUT_OFF: 8,
    Check.ENCODING: 10,
    Check.MARKUP: 10,
    Check.URLS: 5,
    Check.PLACEHOLDERS: 5,
    Check.MISSING_SENTENCE: 20,
    Check.ADDED_SENTENCE: 20,
    Check.CHATTER: 5,
    Check.ANSWERED: 1,
    Check.FORM: 5,
    Check.SEMANTIC: 2,
    Check.ROUND_TRIP: 1,
    Check.MODEL_SCORE: 1,
    Check.HIT_LIMIT: 1,
    Check.DUPLICATE: 20,
    Check.NEAR_DUPLICATE: 1,
    Check.CONFLICT: 10,
    Check.CONTAMINATION: 1,
}
"""Where a check's histogram ends; its last bin counts everything above, too."""


class Tally:
    """Adds up one language's decisions."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        width = len(rules)
        self.rules = rules
        self.splits: dict[str, dict[str, int]] = {}
        self.failed, self.alone, self.abstained = (np.zeros(width, np.int64) for _ in range(3))
        self.bins = np.zeros((width, BINS), np.int64)
        self.group = self.group_alone = 0

    def add(self, split: str, scores: np.ndarray, failed: np.ndarray, grouped: np.ndarray) -> None:
        """Count rows: their scores and failures (n, rules), and which the group dropped (n,)."""
        dropped_by = failed & dropping(self.rules)
        own = dropped_by.sum(axis=1)
        dropped = (own > 0) | grouped
        count = self.splits.setdefault(split, {"in": 0, "kept": 0, "dropped": 0})
        count["in"] += len(scores)
        count["dropped"] += int(dropped.sum())
        count["kept"] += int((~dropped).sum())
        self.failed += failed.sum(axis=0)
        self.alone += dropped_by[own == 1].sum(axis=0)
        self.abstained += np.isnan(scores).sum(axis=0)
        self.group += int(grouped.sum())
        self.group_alone += int((grouped & (own == 0)).sum())
        for n, rule in enumerate(self.rules):
            known = scores[:, n][~np.isnan(scores[:, n])]
            places = np.clip(known / UPPER[rule.check] * BINS, 0, BINS - 1).astype(np.int64)
            self.bins[n] += np.bincount(places, minlength=BINS)

    def counts(self) -> dict[str, Any]:
        """Return the counts for the manifest.

        in, kept, dropped (also by split); `reasons`: rows that failed each rule that drops; `alone`: rows that only
        this rule dropped; `noted`: rows that failed rules that do not drop; `abstained`; `histograms`: `upper` end and
        counts of equal bins from 0 on.
        """
        total = {key: sum(split[key] for split in self.splits.values()) for key in ("in", "kept", "dropped")}
        group = {GROUP: self.group} if self.group else {}
        return {
            **total,
            "splits": self.splits,
            "reasons": self._by_rule(self.failed, drops=True) | group,
            "alone": self._by_rule(self.alone, drops=True) | ({GROUP: self.group_alone} if group else {}),
            "noted": self._by_rule(self.failed, drops=False),
            "abstained": {rule.name: int(n) for rule, n in zip(self.rules, self.abstained, strict=True)},
            "histograms": {
                rule.name: {"upper": UPPER[rule.check], "threshold": rule.threshold, "counts": bins.tolist()}
                for rule, bins in zip(self.rules, self.bins, strict=True)
            },
        }

    def _by_rule(self, numbers: np.ndarray, drops: bool) -> dict[str, int]:
        pairs = zip(self.rules, numbers, strict=True)
        return {rule.name: int(n) for rule, n in pairs if rule.drops == drops and n}


def total(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return rows in, kept and dropped over all languages from the parts' counts."""
    return {key: sum(counts[key] for counts in parts.values()) for key in ("in", "kept", "dropped")}


def main_reasons(counts: Mapping[str, Any], most: int = 3) -> str:
    """Return the commonest reasons of a language as short text."""
    ranked = sorted(counts["reasons"].items(), key=lambda item: (-item[1], item[0]))[:most]
    return ", ".join(f"{name} {number:,}" for name, number in ranked)


def table(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table of rows, kept, dropped and main reasons by language, for people."""
    lines = [f"{'language':<10} {'rows':>9} {'kept':>9} {'dropped':>9}          main reasons"]
    for lang, counts in sorted(parts.items()):
        share = counts["dropped"] / counts["in"] if counts["in"] else 0
        lines.append(
            f"{lang:<10} {counts['in']:>9,} {counts['kept']:>9,} {counts['dropped']:>9,} {share:>7.2%}  "
            f"{main_reasons(counts)}".rstrip()
        )
    return "\n".join(lines)
