"""Times of day: `2:30` is `2.30 Uhr`, `14h30`, `halb drei`, and `saa 8:30` in Swahili."""

from __future__ import annotations

import re
from decimal import Decimal

from mtqa.filter.spelling import spelled

TIME = re.compile(r"(?<![\d.,:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])")
LIKE_TIME = re.compile("[0-9]:[0-9]")
OTHER_TIME = re.compile(r"(?<![\d.,:])([01]?\d|2[0-4])[.hH]([0-5]\d)(?![\d:]|[.,]\d)")
ENGLISH_TIME = re.compile(r"\d\s*(?:[ap]\.?m\b|o['’]clock)|\d:[0-5]\d", re.IGNORECASE)
FROM_SUNRISE = frozenset({"swh_Latn", "amh_Ethi", "tir_Ethi", "gaz_Latn"})
"""Swahili, Amharic, Tigrinya and Oromo count hours from six in the morning and evening."""
NOON, QUARTER = 12, 15


def colons(text: str, other: str) -> str:
    """Return a text whose `2.30` and `14h30` are written `2:30` where the other text has that time, noon aside."""
    times = {(int(hour) % NOON, minutes) for hour, minutes in _times(other)}
    if not times:
        return text

    def colon(match: re.Match[str]) -> str:
        known = (int(match[1]) % NOON, match[2]) in times
        return f"{match[1]}:{match[2]}" if known else match[0]

    return OTHER_TIME.sub(colon, text)


def counts_from_sunrise(english: str, code: str) -> bool:
    """Return whether hours of an English text may be six more or less in the language."""
    return code in FROM_SUNRISE and ENGLISH_TIME.search(english) is not None


def times_in_words(english: str, translation: str, code: str) -> frozenset[Decimal]:
    """Return the hours and minutes of an English text's times of day that stand in the translation as words.

    The hour must stand there, or the next one (`halb drei`, `tres menos cuarto`), or the one after noon; the minutes
    too unless they are whole quarters. Languages that CLDR does not spell are believed.
    """
    found: set[Decimal] = set()
    for hour, minutes in _times(english):
        first = int(hour)
        hours = {first, first % NOON + 1, first + NOON}
        named = [spelled(Decimal(h), translation, code) for h in hours]
        exact = int(minutes) % QUARTER == 0 or spelled(Decimal(minutes), translation, code) is not False
        if exact and (any(named) or None in named):
            found.update({Decimal(hour), Decimal(minutes)})
    return frozenset(found)


def _times(text: str) -> list[tuple[str, str]]:
    """Return the hours and minutes in a text (as `ascii_digits` gives it)."""
    return TIME.findall(text) if ":" in text and LIKE_TIME.search(text) else []
