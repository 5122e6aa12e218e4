"""Histograms of the filter's scores, one a rule and language, as small inline SVG."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from mtqa.core.languages import get
from mtqa.core.manifest import Manifest

BAR, GAP, HEIGHT = 5, 1, 34
"""Pixels of a bar's width, of the space between bars and of the highest bar."""


def histograms(filtered: Manifest) -> dict[str, Any] | None:
    """Return a table of histograms: rules in rows, languages in columns; None where no score is spread.

    Rules whose scores are the same in all rows of all languages say nothing and are left out.
    """
    parts = {lang: part.counts for lang, part in sorted(filtered.parts.items()) if part.counts.get("histograms")}
    rules = list(dict.fromkeys(rule for counts in parts.values() for rule in counts["histograms"]))
    spread = [r for r in rules if any(_is_spread(c["histograms"].get(r, {"counts": []})) for c in parts.values())]
    if not spread:
        return None
    return {
        "languages": [get(lang).name for lang in parts],
        "rows": [{"rule": rule, "cells": [_cell(rule, lang, parts[lang]) for lang in parts]} for rule in spread],
    }


def _is_spread(histogram: dict[str, Any]) -> bool:
    return sum(1 for count in histogram["counts"] if count) > 1


def _cell(rule: str, lang: str, counts: dict[str, Any]) -> str:
    histogram = counts["histograms"].get(rule)
    if histogram is None or not any(histogram["counts"]):
        return "–"
    failed = counts["reasons"].get(rule, 0) + counts["noted"].get(rule, 0)
    label = (
        f"{get(lang).name}, {rule}: {sum(histogram['counts']):,} scores from 0 to {histogram['upper']:g} or more, "
        f"{failed:,} above the threshold {histogram['threshold']:g}."
    )
    return svg(histogram["counts"], failed, min(1.0, histogram["threshold"] / histogram["upper"]), label)


def svg(counts: list[int], failed: int, threshold: float, label: str) -> str:
    """Return the bars of equal bins, those whose rows all failed in another colour, and the threshold as a line.

    `failed`: number of rows above the threshold, which is given as a share of the histogram's width. Heights are
    logarithmic, as a few bad rows stand beside thousands of good ones.
    """
    most = math.log1p(max(counts))
    width = len(counts) * (BAR + GAP)
    bars: dict[str, str] = {"var(--blue)": "", "var(--bad)": ""}
    for place, count in enumerate(counts):
        if count:
            height = max(1, round(HEIGHT * math.log1p(count) / most))
            colour = "var(--bad)" if sum(counts[place:]) <= failed else "var(--blue)"
            bars[colour] += f"M{place * (BAR + GAP)} {HEIGHT}v-{height}h{BAR}v{height}z"
    paths = "".join(f'<path fill="{colour}" d="{path}"/>' for colour, path in bars.items() if path)
    at = round(threshold * width, 1)
    return (
        f'<svg role="img" aria-label="{escape(label)}" width="{width}" height="{HEIGHT + 1}" '
        f'viewBox="0 0 {width} {HEIGHT + 1}"><title>{escape(label)}</title>{paths}'
        f'<path stroke="currentColor" stroke-dasharray="2 2" d="M{at} 0v{HEIGHT}"/>'
        f'<path stroke="var(--line)" d="M0 {HEIGHT + 0.5}h{width}"/></svg>'
    )
