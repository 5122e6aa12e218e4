"""Far too long or far too short: character lengths beside what is usual for the language."""

from __future__ import annotations

import math

from mtqa.filter.target import Target

BASE, PER_ROOT = 0.35, 4.0


def length_ratio(source: str | None, target: str, lang: Target) -> float | None:
    """Return |log((t+1)/(s+1)) - median| as a multiple of what is allowed, .35 + 4/√s: above 1 is unusual.

    s and t count code points of source and translation; the median is the language's (`lengths.yaml`). The form was
    chosen on professional translations: short texts vary more. Languages without data get a wider allowance.
    """
    if not source:
        return None
    s, t = len(source.strip()), len(target.strip())
    deviation = abs(math.log((t + 1) / (s + 1)) - lang.length.median)
    return deviation / (BASE + lang.length.slack + PER_ROOT / math.sqrt(max(s, 1)))
