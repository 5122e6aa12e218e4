"""From scores to decisions: which rules a row fails, and why it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtqa.core.schema import Check
from mtqa.filter.profiles import Rule


def failures(scores: np.ndarray, rules: Sequence[Rule]) -> np.ndarray:
    """Return which rules each row fails: bool (n, rules) from scores (n, rules); a check that abstains fails none."""
    return scores > np.array([rule.threshold for rule in rules], np.float32)


def dropping(rules: Sequence[Rule]) -> np.ndarray:
    """Return which rules drop a row that fails them: bool (rules,)."""
    return np.array([rule.drops for rule in rules], bool)


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
