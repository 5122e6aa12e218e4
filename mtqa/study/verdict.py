"""What a comparison decides, in words that claim no more than the numbers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mtqa.study.settings import FEW_SEEDS

SIGNIFICANT = 0.05
LESS_IS_BETTER = ("rank_distance",)
NEITHER = ("LPR",)
"""Measures of a preference, which may be wanted: there a difference is called higher or lower."""
TITLES = {"rank_distance": "bias"}


def judge(measure: str, test: Mapping[str, Any]) -> str:
    """Return better, worse (of a preference higher, lower) or undecided.

    Decided is a difference whose 95 % interval leaves out zero and whose p-value, Holm-corrected within its family, is
    below 5 %.
    """
    low, high = test["interval"]
    if low <= 0 <= high or test["p_holm"] >= SIGNIFICANT:
        return "undecided"
    if measure in NEITHER:
        return "higher" if test["difference"] > 0 else "lower"
    return "better" if (test["difference"] > 0) != (measure in LESS_IS_BETTER) else "worse"


def sentence(comparison: Mapping[str, Any], topics: str | None) -> str:
    """Return a comparison's outcome as a sentence with its uncertainty."""
    measure, seeds = comparison["measure"], comparison["by_seed"]
    where = comparison["benchmark"] + (f" ({topics})" if topics else "")
    same = sum((d > 0) == (comparison["difference"] > 0) for d in seeds)
    text = (
        f"{comparison['first']} − {comparison['second']} on {TITLES.get(measure, measure)} of {where}: "
        f"{number(measure, comparison['difference'], '+')} {spread(measure, comparison['interval'])}, "
        f"Holm p = {comparison['p_holm']:.3f}, same sign in {same} of {len(seeds)} seeds: {comparison['verdict']}"
    )
    if comparison["verdict"] == "undecided":
        text += f" (a difference of {number(measure, comparison['detectable'])} would have been found)"
    return text + "."


def answers(primary: Sequence[Mapping[str, Any]], seeds: int) -> list[str]:
    """Return `outcomes`, and what they are worth with so few seeds."""
    out = outcomes(primary)
    if seeds < FEW_SEEDS:
        them = "1 seed this describes this seed" if seeds == 1 else f"{seeds} seeds this describes these seeds"
        out.append(f"With {them}; a claim about other seeds wants {FEW_SEEDS} or more.")
    return out


def outcomes(primary: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence for each pair of arms compared beforehand: whether the first beats the second, and where."""
    pairs = list(dict.fromkeys((c["first"], c["second"]) for c in primary))
    out = []
    for first, second in pairs:
        found = [c for c in primary if (c["first"], c["second"]) == (first, second)]
        by_verdict = {
            verdict: [
                f"{TITLES.get(c['measure'], c['measure'])} of {c['benchmark']}"
                for c in found
                if c["verdict"] == verdict
            ]
            for verdict in ("better", "worse", "undecided")
        }
        parts = [f"{verdict} on {', '.join(places)}" for verdict, places in by_verdict.items() if places]
        start = {
            (True, False): f"{first} beats {second}",
            (False, True): f"{first} loses to {second}",
            (True, True): f"{first} against {second} depends on the measure",
            (False, False): f"No difference between {first} and {second} is shown",
        }[bool(by_verdict["better"]), bool(by_verdict["worse"])]
        if len(found) == len(by_verdict["better"]):
            start += " wherever it was asked"
        out.append(f"{start}: {'; '.join(parts)}.")
    return out


def number(measure: str, value: float, sign: str = "") -> str:
    """Return a value of a measure as text: four digits, of ranks and MRC (−100 to 100) one."""
    digits = 1 if measure in LESS_IS_BETTER or measure.startswith("MRC@") else 4
    return f"{value:{sign}.{digits}f}".replace("-", "−")


def spread(measure: str, interval: Sequence[float], sign: str = "+") -> str:
    """Return an interval as text."""
    return f"[{number(measure, interval[0], sign)}, {number(measure, interval[1], sign)}]"
