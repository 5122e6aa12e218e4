"""Pairing the numbers of a text and its translation: equal values, then what may be one number written otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from mtqa.filter.clock import counts_from_sunrise
from mtqa.filter.numerals import Number
from mtqa.filter.target import Target

THOUSAND_FOLD = frozenset(Decimal(10) ** power for power in (-6, -3, 3, 6))
"""How far apart two numbers with scale words may be: a billion, and a billón, is what its language says."""
CLOCK = re.compile(
    r"\d\s?[ap]\.?\s?m\b|\d[:.h]\d\d|o.?clock|\d[\s-]to[\s-]\d|\b(?:hours?|noon|midnight|morning|evening|night|afternoon)\b",
    re.IGNORECASE,
)
"""Without one of these in English, 9 and 21 are no hours."""
BUDDHIST = {"tha_Thai", "lao_Laoo", "khm_Khmr"}
BUDDHIST_YEARS = 543
YEARS = frozenset(map(Decimal, range(1000, 2200)))
REGROUPED = 4
"""Digits of which other groups (4 400, 555 12 34) are not by chance."""


def paired(given: list[Number], found: list[Number], lang: Target, english: str) -> tuple[list[Number], list[Number]]:
    """Return the numbers left over on both sides after pairing equal ones, then loosely equal ones.

    Where English says a time of day, hours of the afternoon and hours counted from sunrise are equal too.
    """
    left, right = _without_equal(given, found, _equal)
    if not left or not right:
        return left, right
    ratios = {size_of(a) / size_of(b) for a in given for b in found if a.scaled and b.scaled and size_of(b)}
    clock, sunrise = CLOCK.search(english) is not None, counts_from_sunrise(english, lang.code)
    return _without_equal(left, right, partial(_loosely_equal, lang=lang, ratios=ratios, clock=clock, sunrise=sunrise))


def _without_equal(
    given: list[Number], found: list[Number], equal: Callable[[Number, Number], bool]
) -> tuple[list[Number], list[Number]]:
    """Return the numbers of both sides that have no partner on the other."""
    left, right = [], list(found)
    for number in given:
        partner = next((n for n in right if equal(number, n)), None)
        if partner is None:
            left.append(number)
        else:
            right.remove(partner)
    return left, right


def regrouped(lost: list[Number], added: list[Number]) -> tuple[list[Number], list[Number]]:
    """Return the numbers left over, none where they are the same digits in other groups (555 1234 and 555 12 34)."""
    ours, theirs = ("".join(str(max(n.values)) for n in side) for side in (lost, added))
    same = ours == theirs and len(ours) >= REGROUPED and ours.isdigit() and len(lost) <= len(added)
    return ([], []) if same else (lost, added)


def _equal(a: Number, b: Number) -> bool:
    return not a.values.isdisjoint(b.values)


def _loosely_equal(a: Number, b: Number, lang: Target, ratios: set[Decimal], clock: bool, sunrise: bool) -> bool:
    """Whether two numbers may be one: equal digits beside a scale word, a short year, an hour.

    Where neither has a scale word, as the 30 of `30 to 50 thousand` and the 3 of `3到5万`, their ratio must be that of
    two that have. Where both have, they must be a thousand or a million times apart.
    """
    if not {digits(x) for x in a.values}.isdisjoint(digits(y) for y in b.values):
        if a.scaled != b.scaled:
            return True
        allowed = THOUSAND_FOLD if a.scaled else ratios
        if any(y and x / y in allowed for x in a.values for y in b.values):
            return True
    return any(_related(x, y, lang, clock) or (sunrise and _six_apart(x, y)) for x in a.values for y in b.values)


def _related(source: Decimal, target: Decimal, lang: Target, clock: bool) -> bool:
    short, long = sorted((source, target))
    if long in YEARS and short < 100 and (long % 100 == short or (long % 100 == 0 and long // 100 + 1 == short)):
        return True
    if clock and short > 0 and long <= 24 and long - short == 12:
        return True
    return lang.code in BUDDHIST and target - source == BUDDHIST_YEARS


def _six_apart(x: Decimal, y: Decimal) -> bool:
    return x <= 24 and y <= 12 and abs(x - y) % 12 == 6


def size_of(number: Number) -> Decimal:
    """Return the number without its scale word, read as large as its separators allow."""
    return min(number.values) if number.scaled else max(number.values)


def digits(value: Decimal) -> str:
    """Return the significant digits: equal for 230 and 2.3."""
    return "".join(map(str, value.normalize().as_tuple().digits))
