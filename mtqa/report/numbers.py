"""Numbers, intervals and verdicts as a report shows them."""

from __future__ import annotations

from collections.abc import Sequence

TITLES = {"rank_distance": "language bias"}
LESS_IS_BETTER = {"rank_distance"}
NEITHER = {"LPR"}
"""Measures of a preference, which may be wanted: no difference is better or worse."""
CSS = {"better": "yes", "worse": "no", "undecided": "", "higher": "", "lower": ""}
"""Class of a number by what it decides."""


def title(measure: str) -> str:
    """Return a measure's name in a table."""
    return TITLES.get(measure, measure)


def number(measure: str, value: float | None, sign: str = "", digits: int = 3) -> str:
    """Return a value of a measure as text: some digits, of ranks and MRC (−100 to 100) one."""
    if value is None:
        return "–"
    if measure in LESS_IS_BETTER or measure.startswith("MRC@"):
        digits = 1
    return f"{value:{sign}.{digits}f}".replace("-", "−")


def spread(measure: str, interval: Sequence[float] | None, sign: str = "", digits: int = 3) -> str:
    """Return an interval as text."""
    if interval is None:
        return ""
    low, high = (number(measure, end, sign, digits) for end in interval)
    return f"[{low}, {high}]"


def measured(
    measure: str, value: float | None, interval: Sequence[float] | None, *, digits: int = 3, verdict: str | None = None
) -> dict[str, str]:
    """Return a number with its interval for the templates' macro of that name; with a verdict it is a difference."""
    sign = "" if verdict is None else "+"
    return {
        "text": number(measure, value, sign, digits),
        "interval": spread(measure, interval, sign, digits),
        "verdict": CSS[verdict or "undecided"],
    }


def decided(measure: str, interval: Sequence[float]) -> str:
    """Return better, worse, or undecided where the interval of a difference holds zero."""
    low, high = interval
    if low <= 0 <= high or measure in NEITHER:
        return "undecided"
    return "better" if (low > 0) != (measure in LESS_IS_BETTER) else "worse"
