"""Fitting length bounds to clean parallel text, for the shipped table and for `mtqa calibrate-filter`."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from mtqa.filter.length import FLOOR, PER_CHARACTER

TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""
MIN_SPREAD = 0.08


def fit(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Return median and spread of the log length ratios of (source, translation) pairs.

    The spread is the robust standard deviation that a source of 100 characters would have: deviations are divided by
    what `length.deviation` says of their source's length. Pairs with an empty side are left out; raises
    statistics.StatisticsError where none is left.
    """
    lengths = [(len(s.strip()), len(t.strip())) for s, t in pairs if s.strip() and t.strip()]
    ratios = [math.log((t + 1) / (s + 1)) for s, t in lengths]
    median = statistics.median(ratios)
    scaled = [
        abs(ratio - median) / math.sqrt(FLOOR + PER_CHARACTER / s)
        for ratio, (s, _) in zip(ratios, lengths, strict=True)
    ]
    return round(median, 3), round(max(TO_SIGMA * statistics.median(scaled), MIN_SPREAD), 3)
