"""Numbers that became others: a digit is another, millions are billions. Nobody converts or rounds so."""

from __future__ import annotations

from mtqa.filter.numerals import Number, names_scale
from mtqa.filter.pairing import digits
from mtqa.filter.target import Target

MILLION = 6
SCALE_WORDS = """
arb_Arab deu_Latn ell_Grek fra_Latn hin_Deva ind_Latn ita_Latn jpn_Jpan kor_Hang nld_Latn por_Latn rus_Cyrl spa_Latn
tha_Thai tur_Latn vie_Latn zho_Hans zho_Hant
"""
SCALES_KNOWN = frozenset(SCALE_WORDS.split())
"""Languages of which `number_words.yaml` has all words for millions and billions."""


def rescaled_numbers(given: list[Number], found: list[Number], text: str, lang: Target) -> list[Number]:
    """Return the millions and billions that became others, or lost their word, in languages whose words are known."""
    if lang.code not in SCALES_KNOWN:
        return []
    rescaled = []
    for number in given:
        whole = max(number.values)
        if number.power < MILLION or any(whole in other.values for other in found):
            continue
        same_digits = [other for other in found if digits(min(number.values)) in map(digits, other.values)]
        allowed = [other for other in same_digits if min(other.power, number.power) > MILLION]
        if same_digits and not allowed and (any(other.scaled for other in same_digits) or not names_scale(text)):
            rescaled.append(number)
    return rescaled


def misread(lost: Number, added: Number) -> bool:
    """Whether one number looks like another: a digit is another, two are swapped, or one is more or less."""
    ours, theirs = (f"{max(number.values):f}" for number in (lost, added))
    if len(ours) == len(theirs):
        unequal = [n for n, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
        swapped = len(unequal) == 2 and unequal[1] - unequal[0] == 1 and sorted(ours) == sorted(theirs)
        return len(ours) > 1 and (len(unequal) == 1 or swapped)
    short, long = sorted((ours, theirs), key=len)
    return len(short) > 1 and long.isdigit() and any(long[:n] + long[n + 1 :] == short for n in range(len(long)))
