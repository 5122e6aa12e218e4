"""Measures that became others in translation: 5 miles are 8 km, half an hour is 30 minutes, half of them are 50 %."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from mtqa.filter.numerals import Number, numbers, word_lists

WITHIN = 0.06
"""The share by which a converted number may differ: translators round."""
FACTORS = {
    name: factors
    for names, factors in (
        ("meter meters metre metres gram grams", (0.001,)),
        ("kilometer kilometers kilometre kilometres kilogram kilograms kilo kilos", (1000,)),
        ("mile miles", (1.609, 1609)),
        ("mph", (1.609,)),
        ("feet foot ft", (0.3048, 30.48)),
        ("inch inches", (2.54, 25.4)),
        ("yard yards", (0.9144,)),
        ("pound pounds lb lbs", (0.4536,)),
        ("ounce ounces oz", (28.35,)),
        ("gallon gallons", (3.785,)),
        ("acre acres", (0.4047, 4047)),
    )
    for name in names.split()
} | {"square miles": (2.59,), "square feet": (0.0929,), "square foot": (0.0929,)}
"""Units in English, and what one of them is in units that translators put in their place."""
AMOUNT = (
    r"\d(?<![\d.,].)[\d.,]{0,15}(?:(?:\s?[–-]\s?|\s(?:to|or|and)\s)\d[\d.,]{0,15})?"
    r"(?:\s(?:hundred|thousand|[a-z]{1,4}illion))?[\s-]?"
)
MEASURE = re.compile(rf"({AMOUNT})({'|'.join(FACTORS)})\b", re.IGNORECASE)
HEIGHT = re.compile(
    r"(\d\d*)(?:\s?-?(?:feet|foot|ft)|['′])\.?[\s-]?(?:and\s)?(\d+)(?:\s?-?inch|\s?in\b|[\"″])", re.IGNORECASE
)
FAHRENHEIT = re.compile(r"(-?\d+)\s?(?:°\s?F\b|degrees?\sF)", re.IGNORECASE)
MINUTES, PERCENT = re.compile(r"\bmin(?:ute|\b)", re.IGNORECASE), re.compile(r"%|\bper\s?cent", re.IGNORECASE)
HOURS_HALF = re.compile(r"\bhalf[\s-](?:an?[\s-])?hour|hours?\sand\sa\shalf", re.IGNORECASE)
HOURS_QUARTER = re.compile(r"\bquarters?\sof\s(?:an?\s)?hour|\bquarter[\s-]hour", re.IGNORECASE)
HALF, QUARTER = frozenset(map(Decimal, (30, 90))), frozenset(map(Decimal, (15, 45)))
HALVES, QUARTERS = frozenset({Decimal(50)}), frozenset(map(Decimal, (25, 75)))


def without_converted(lost: list[Number], added: list[Number], english: str) -> tuple[list[Number], list[Number]]:
    """Return the numbers left over on both sides without those of measures that were converted.

    A number added is explained if it is one of the English text's in another unit, within 6 %; that one is then not
    lost.
    """
    known = {
        factor * float(value): {value}
        for amount, unit in MEASURE.findall(english)
        for number in numbers(amount)
        for value in number.values
        for factor in FACTORS[unit.lower()]
    }
    for feet, inches in HEIGHT.findall(english):
        height = 0.3048 * int(feet) + 0.0254 * int(inches)
        known |= {height * scale: {Decimal(feet), Decimal(inches)} for scale in (1, 100)}
    degrees = FAHRENHEIT.findall(english) if "°" in english or "degree" in english.lower() else ()
    known |= {(int(f) - 32) / 1.8: {abs(Decimal(f))} for f in degrees}
    if not known:
        return lost, added
    gone: set[Decimal] = set()
    left = []
    for number in added:
        near = [of for size, of in known.items() if any(_near(float(value), size) for value in number.values)]
        gone.update(*near)
        if not near:
            left.append(number)
    return [number for number in lost if number.values.isdisjoint(gone)], left


def as_fractions(english: str, translation: str) -> frozenset[Decimal]:
    """Return the numbers of minutes and percent in English that the translation may have as a half or a quarter."""
    small = english.lower()
    minutes = "min" in small and MINUTES.search(english)
    percent = ("%" in small or "cent" in small) and PERCENT.search(english)
    if not minutes and not percent:
        return frozenset()
    half, quarter = (pattern.search(translation) for pattern in _fractions())
    found: frozenset[Decimal] = frozenset()
    for word, of_hour, of_all in ((half, HALF, HALVES), (quarter, QUARTER, QUARTERS)):
        if word:
            found |= (of_hour if minutes else frozenset()) | (of_all if percent else frozenset())
    return found


def fractions_of_hours(english: str) -> frozenset[Decimal]:
    """Return the minutes that an English text says as fractions of an hour."""
    if "hour" not in english.lower():
        return frozenset()
    half = HALF if HOURS_HALF.search(english) else frozenset[Decimal]()
    return half | (QUARTER if HOURS_QUARTER.search(english) else frozenset())


def _near(value: float, other: float) -> bool:
    return abs(abs(value) - abs(other)) <= max(WITHIN * abs(other), 0.6 if abs(other) > 1 else 0)


@cache
def _fractions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    half, quarter = ("|".join(map(re.escape, word_lists()[name])) for name in ("halves", "quarters"))
    return re.compile(half, re.IGNORECASE), re.compile(quarter, re.IGNORECASE)
