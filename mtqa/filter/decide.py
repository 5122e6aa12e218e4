"""From scores to decisions: which rules a row fails, which items leave their whole translation group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtqa.core.schema import ENGLISH, Check
from mtqa.filter.profiles import Rule


def failures(scores: np.ndarray, rules: Sequence[Rule]) -> np.ndarray:
    """Return which rules each row fails: bool (n, rules) from scores (n, rules); a check that abstains fails none."""
    return scores > np.array([rule.threshold for rule in rules], np.float32)


def dropping(rules: Sequence[Rule]) -> np.ndarray:
    """Return which rules drop a row that fails them: bool (rules,)."""
    return np.array([rule.drops for rule in rules], bool)


def group_drops(group: str, failed: Mapping[str, Iterable[str]], kept: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return the items that leave in every language, with the number of languages that they fail in.

    `failed` and `kept` map each language to item ids. `any`: none; `all`: those that fail somewhere;
    `min_languages:K`: those that are kept in fewer than K languages other than English.
    """
    counts = Counter(item for items in failed.values() for item in items)
    if group == "any":
        return {}
    if group == "all":
        return dict(counts)
    least = int(group.split(":")[1])
    passed = Counter(item for lang, items in kept.items() if lang != ENGLISH for item in items)
    everything = {item for items in (*failed.values(), *kept.values()) for item in items}
    return {item: counts[item] for item in sorted(everything) if passed[item] < least}


def reasons(scores: np.ndarray, failed: np.ndarray, rules: Sequence[Rule], group_failures: int) -> list[dict[str, Any]]:
    """Return one row's reasons (field, check, score), from its scores and failures (rules,)."""
    found: list[dict[str, Any]] = [
        {"field": rule.field, "check": str(rule.check), "score": float(score)}
        for rule, score, is_reason in zip(rules, scores, failed, strict=True)
        if is_reason
    ]
    if group_failures >= 0:
        found.append({"field": "row", "check": str(Check.GROUP), "score": float(group_failures)})
    return found
