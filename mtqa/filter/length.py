"""Far too long or far too short: character lengths beside what is usual for the language."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from mtqa.filter.target import Target

DEVIATIONS = 4.2
FLOOR, PER_CHARACTER, LONG = 0.45, 55.0, 300
DRIFT, SHORT = 0.05, 2.0
NAMES_BESIDE = re.compile(r"\s?[(（](?![^)）]*\b[a-zß-ÿ]{4})[A-Za-zÀ-ɏ .,&'’-]+[)）]")
"""Latin names in brackets, which some put beside those in their own script."""


def length_ratio(source: str | None, target: str, lang: Target) -> float | None:
    """Return |log((t+1)/(s+1)) - median| as a multiple of what is allowed: above 1 is unusual.

    s and t count code points of source and translation; the median and the standard deviation at 100 characters are
    the language's (`lengths.yaml`). Allowed are 4.2 deviations, .05 for another domain, and 2/s for the shortest;
    languages without data get a wider allowance. Short texts vary more, see `deviation`. Where a text in another script
    is too long, Latin names in brackets do not count: `伊斯坦布尔 (Istanbul)`.
    """
    if not source:
        return None
    s, t = len(source.strip()), len(target.strip())
    allowed = DEVIATIONS * deviation(s, lang) + DRIFT + lang.length.slack + SHORT / max(s, 1)
    beyond = math.log((t + 1) / (s + 1)) - lang.length.median
    if beyond > allowed and lang.script != "Latn":
        t = len(NAMES_BESIDE.sub("", target).strip())
        beyond = math.log((t + 1) / (s + 1)) - lang.length.median
    return abs(beyond) / allowed


def deviation(characters: int, lang: Target) -> float:
    """Return the standard deviation of the log length ratio for a source of so many characters.

    The variance is a floor and a part that falls with the length, as in Gale and Church (1993); the two were fitted on
    sentences of 5 to 300 characters in eleven languages. Beyond that the floor falls with the root of the length, which
    is more than the passages of SQuAD-it vary.
    """
    return lang.length.spread * math.sqrt(relative_variance(characters))


@lru_cache(maxsize=4096)
def relative_variance(characters: int) -> float:
    """Return the variance of the log length ratio at so many characters, that at 100 characters being 1."""
    return FLOOR * min(1.0, math.sqrt(LONG / max(characters, 1))) + PER_CHARACTER / max(characters, 1)


def variance(characters: int, lang: Target) -> float:
    """Return the variance of the log length ratio, with half of the slack of languages without data."""
    spread, slack = lang.length.spread, lang.length.slack
    return spread * spread * relative_variance(characters) + slack * slack / 4


def excess(source: str, target: str, lang: Target) -> float:
    """Return by how many standard deviations a translation is longer than usual (negative: shorter)."""
    return excess_of(len(source.strip()), len(target.strip()), lang)


def excess_of(s: int, t: int, lang: Target) -> float:
    """Return `excess` of a source and a translation of s and t characters."""
    return (math.log((t + 1) / (s + 1)) - lang.length.median) / math.sqrt(variance(s, lang))
