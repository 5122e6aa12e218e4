"""Numbers lost, changed or added, after pairing those that mean the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from mtqa.filter.clock import colons, counts_from_sunrise, times_in_words
from mtqa.filter.measures import changed_measures
from mtqa.filter.numerals import (
    LIKE_SPACED,
    NUMBER,
    Number,
    ascii_digits,
    dates,
    english_values,
    has_digits,
    joined_units,
    letter_values,
    may_be_words,
    names_scale,
    numbers,
)
from mtqa.filter.spelling import spelled
from mtqa.filter.target import Target
from mtqa.filter.units import as_fractions, fractions_of_hours, without_converted

WORDED = frozenset(map(Decimal, [*range(21), "0.5", "1.5", 30, 40, 50, 100, 1000]))
"""Numbers in digits that translators write as words: their loss alone is no evidence."""
SMALL = frozenset(map(Decimal, [*range(13), "0.5", "1.5"]))
TENS = frozenset(map(Decimal, (20, 30, 40, 50, 100, 1000)))
ROUND = re.compile(
    "hundert|cien|cent|сот|сто|yüz|εκατ|hond|hundr|sto|trăm|百|सौ|مائ|مئ|ร้อย|ratus|mia|백|tausend|mil|тысяч|bin|χίλι|"
    "duiz|tus|nghìn|ngàn|千|हज|ألف|พัน|천|ribu|elfu|tízez|ezer|száz|sto|tys|dziesi|zwanzig|vingt|veinte|venti|vinte|"
    "двадцат|yirmi|hai mươi|二十|बीस|عشر|ยี่สิบ|είκοσι|ثلاث|اربع|أربع|خمس|तीस|चालीस|पचास|тридц|сорок|пятьд|otuz|kırk|elli",
    re.IGNORECASE,
)
"""Beginnings of words for 20 to 50, 100 and 1000 in the languages of `WITH_DIGITS`."""
GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([.,٬'’])[0-9]{3})(?:\1[0-9]{3})*")
"""A number with signs between its thousands, as other languages write it."""
THOUSANDS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9,])")
"""In English a comma before three digits is no decimal sign."""
THOUSAND_FOLD = frozenset(Decimal(10) ** power for power in (-6, -3, 3, 6))
"""How far apart two numbers with scale words may be: a billion, and a billón, is what its language says."""
CLOCK = re.compile(
    r"\d\s?[ap]\.?\s?m\b|\d[:.h]\d\d|o.?clock|\d[\s-]to[\s-]\d|\b(?:hours?|noon|midnight|morning|evening|night|afternoon)\b",
    re.IGNORECASE,
)
"""Without one of these in English, 9 and 21 are no hours."""
MILLION = 6
SCALE_WORDS = """
arb_Arab deu_Latn ell_Grek fra_Latn hin_Deva ind_Latn ita_Latn jpn_Jpan kor_Hang nld_Latn por_Latn rus_Cyrl spa_Latn
tha_Thai tur_Latn vie_Latn zho_Hans zho_Hant
"""
SCALES_KNOWN = frozenset(SCALE_WORDS.split())
"""Languages of which `number_words.yaml` has all words for millions and billions."""
POWERS = frozenset(map(Decimal, (2, 3)))
ZERO, FULL_HOUR = frozenset({Decimal(0)}), re.compile(r"[0-9][:：]00(?![0-9])")
CONVERTED = re.compile(
    r"([0-9][0-9.,]*(?:\s?[-–]\s?[0-9][0-9.,]*)?)[^()（）0-9]{1,40}"
    r"[(（][^()（）0-9]{0,20}([0-9][0-9.,]*(?:\s?[-–]\s?[0-9][0-9.,]*)?)[^()（）0-9]{0,40}[)）]"
)
DISEASE = re.compile(r"\bCOVID[-‐– ]?19\b", re.IGNORECASE)
"""Its number is left out in many languages (新冠肺炎, el coronavirus)."""
MILITARY = re.compile(r"(?<![0-9.,:])([01][0-9]|2[0-3])([0-5][0-9])(?= (?:UTC|GMT|hours|hrs|local)\b)")
BUDDHIST = {"tha_Thai", "lao_Laoo", "khm_Khmr"}
BUDDHIST_YEARS = 543
YEARS = frozenset(map(Decimal, range(1000, 2200)))
WORDY, THOUSAND = 10_000, 1000
REGROUPED = 4
"""Digits of which other groups (4 400, 555 12 34) are not by chance."""
DIGITS_KEPT = """
arb_Arab bul_Cyrl cat_Latn ces_Latn dan_Latn deu_Latn ell_Grek est_Latn fin_Latn fra_Latn glg_Latn heb_Hebr hin_Deva
hrv_Latn hun_Latn ind_Latn isl_Latn ita_Latn jpn_Jpan kor_Hang lit_Latn lvs_Latn mkd_Cyrl nld_Latn nob_Latn pes_Arab
pol_Latn por_Latn ron_Latn rus_Cyrl slk_Latn slv_Latn spa_Latn srp_Cyrl swe_Latn swh_Latn tha_Thai tur_Latn ukr_Cyrl
vie_Latn zho_Hans zho_Hant zsm_Latn
"""
WITH_DIGITS = frozenset(DIGITS_KEPT.split())
"""Languages whose translators keep digits as digits, and whose words for round numbers `ROUND` knows."""
ALSO_KEPT = """
afr_Latn als_Latn asm_Beng azj_Latn bel_Cyrl ben_Beng bos_Latn ceb_Latn ckb_Arab cym_Latn epo_Latn eus_Latn fao_Latn
gle_Latn guj_Gujr hat_Latn hye_Armn jav_Latn kan_Knda kat_Geor kaz_Cyrl khk_Cyrl khm_Khmr kir_Cyrl kmr_Latn lao_Laoo
ltz_Latn mal_Mlym mar_Deva mlt_Latn mya_Mymr nno_Latn npi_Deva oci_Latn ory_Orya pan_Guru pbt_Arab prs_Arab sin_Sinh
sun_Latn tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tuk_Latn uig_Arab urd_Arab uzn_Latn
"""
ALSO_WITH_DIGITS = frozenset(ALSO_KEPT.split())
"""Others that keep digits: any round number may have become a word there. Elsewhere numbers are written as words; if
`number_words.yaml` has these words, one of the number's size must stand where it was lost, else only a change is
seen."""
CHANGED = 2
NAMED_DECADES = frozenset(map(Decimal, range(1900, 2100)))


def unmatched_numbers(source: str | None, target: str, lang: Target) -> float | None:
    """Return how many numbers do not correspond: the greater of those lost and those added (a change is both).

    One that became a number which looks like it (1263, 1963), or millions that became billions, or less than millions,
    or kilometres that became metres (`measures`), count twice: they were not converted, rounded or left out.
    Paired are equal values in any digits, separators and scale words (230 million = 2.3亿, 30 to 50 thousand = 3到5万),
    decades and short years (1970s = '70s), centuries (1700s = 18th), afternoon hours (3 pm = 15), Buddhist years (+543)
    in Thai, Lao and Khmer. Of a measure and its conversion, `100 feet (30 m)`, one is enough. Numbers may become
    words (`spelling`; of whatever size and number where the words are not known), times of day too (`clock`);
    English number words, months and Roman numerals may become digits; a repeated number counts once.
    """
    if source is None:
        return None
    if not has_digits(source) and not has_digits(target):
        return 0.0
    ours, theirs = ascii_digits(source), ascii_digits(target)
    if "19" in ours and "19" not in theirs:
        ours = DISEASE.sub("COVID", ours)
    if ":" in theirs:
        ours = MILITARY.sub(lambda at: f"{at[1]}:{at[2]}" if f"{int(at[1])}:{at[2]}" in theirs else at[0], ours)
    ours, theirs = colons(ours, theirs), colons(theirs, ours)
    same = sorted(map(_english, NUMBER.findall(ours))) == sorted(map(_other, NUMBER.findall(theirs)))
    measures = CHANGED * changed_measures(source, target, lang)
    if same and "illion" not in ours:
        return float(measures)
    ours = THOUSANDS.sub(lambda match: match[0].replace(",", ""), ours)
    given = numbers(ours)
    values = frozenset[Decimal]().union(*(n.values for n in given))
    theirs = dates(joined_units(theirs, values), ours, values)
    found = numbers(theirs, joined=values)
    if LIKE_SPACED.search(ours):
        given = numbers(ours, joined=frozenset().union(*(n.values for n in found)))
    lost, added = _pair(given, found, lang, ours)
    if added:
        lost, added = _regrouped(lost, added)
        still, left = without_converted(lost, added, ours)
        if all(n.values <= SMALL for n in still):  # else a number changed
            lost, added = still, left
    if lost:
        words = (
            as_fractions(source, target)
            | letter_values(target)
            | (frozenset() if added else times_in_words(ours, target, lang.code))
        )
        wordy = not added and lang.code not in WITH_DIGITS | ALSO_WITH_DIGITS
        lost = [
            n
            for n in lost
            if not (
                _worded(n, target, lang)
                or (wordy and _sayable(min(n.values)) and may_be_words(_size(n), target, lang.code))
                or _explained(n, found, words)
            )
        ]
    if added:
        words = english_values(source) | fractions_of_hours(source) | {c for n in given for c in _centuries(n)}
        added = [n for n in added if not ((n.attached and n.values & POWERS) or _explained(n, given, words))]
        if FULL_HOUR.search(theirs):
            added = [n for n in added if n.values != ZERO]
    if not lost or not added:  # a number changed is no number converted
        lost, added = _no_conversions(lost, given, ours), _no_conversions(added, found, theirs)
    misread = sum(any(_misread(a, b) for b in added) for a in lost)
    return float(max(len(lost), len(added)) + misread + CHANGED * len(_rescaled(given, found, target, lang)) + measures)


def _rescaled(given: list[Number], found: list[Number], text: str, lang: Target) -> list[Number]:
    """Return the millions and billions that became others, or lost their word, in languages whose words are known."""
    if lang.code not in SCALES_KNOWN:
        return []
    rescaled = []
    for number in given:
        whole = max(number.values)
        if number.power < MILLION or any(whole in other.values for other in found):
            continue
        same_digits = [other for other in found if _digits(min(number.values)) in map(_digits, other.values)]
        allowed = [other for other in same_digits if min(other.power, number.power) > MILLION]
        if same_digits and not allowed and (any(other.scaled for other in same_digits) or not names_scale(text)):
            rescaled.append(number)
    return rescaled


def _misread(lost: Number, added: Number) -> bool:
    """Whether one number looks like another: a digit is another, two are swapped, or one is more or less."""
    ours, theirs = (f"{max(number.values):f}" for number in (lost, added))
    if len(ours) == len(theirs):
        unequal = [n for n, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
        swapped = len(unequal) == 2 and unequal[1] - unequal[0] == 1 and sorted(ours) == sorted(theirs)
        return len(ours) > 1 and (len(unequal) == 1 or swapped)
    short, long = sorted((ours, theirs), key=len)
    return len(short) > 1 and long.isdigit() and any(long[:n] + long[n + 1 :] == short for n in range(len(long)))


def _english(number: str) -> str:
    """Return an English number without the commas between its thousands."""
    return number.replace(",", "") if "," in number and THOUSANDS.fullmatch(number) else number


def _other(number: str) -> str:
    """Return another language's number as English writes it, without signs between its thousands."""
    if number.isdigit():
        return number
    if GROUPED.fullmatch(number):
        return "".join(filter(str.isdigit, number))
    return number.replace(",", ".") if number.count(",") == 1 and "." not in number else number


def _worded(number: Number, target: str, lang: Target) -> bool:
    """Whether translators may have written a number as a word: small ones always, others if such a word stands there.

    Where words are not known, round numbers and decades are believed to have become words.
    """
    if number.decade:
        return any(_named_decade(value, target, lang) for value in number.values)
    if number.values <= SMALL:
        return True
    found = [spelled(value, target, lang.code) for value in sorted(number.values)]
    if any(found):
        return True
    if not number.values <= WORDED:
        return False
    if lang.code in WITH_DIGITS:
        return (number.values <= TENS or None in found) and ROUND.search(target) is not None
    return may_be_words(_size(number), target, lang.code)


def _sayable(value: Decimal) -> bool:
    """Whether anybody writes a number in words: below 10,000, or so many thousands."""
    return value < WORDY or (value % THOUSAND == 0 and value < WORDY * THOUSAND)


def _named_decade(value: Decimal, target: str, lang: Target) -> bool:
    """Whether a decade may have become a word: that of its tens, where the language's words are known."""
    if value >= 100 and value not in NAMED_DECADES:
        return False
    tens = value % 100
    found = [spelled(n, target, lang.code) for n in (tens, value)]
    return tens <= 10 or any(found) or (None in found and may_be_words(tens, target, lang.code))


def _size(number: Number) -> Decimal:
    """Return the number without its scale word, read as large as its separators allow."""
    return min(number.values) if number.scaled else max(number.values)


def _pair(given: list[Number], found: list[Number], lang: Target, english: str) -> tuple[list[Number], list[Number]]:
    """Return the numbers left over on both sides after pairing equal ones, then loosely equal ones.

    Where English says a time of day, hours of the afternoon and hours counted from sunrise are equal too.
    """
    left, right = _without_equal(given, found, _equal)
    if not left or not right:
        return left, right
    ratios = {_size(a) / _size(b) for a in given for b in found if a.scaled and b.scaled and _size(b)}
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


def _regrouped(lost: list[Number], added: list[Number]) -> tuple[list[Number], list[Number]]:
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
    if not {_digits(x) for x in a.values}.isdisjoint(_digits(y) for y in b.values):
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


def _no_conversions(left: list[Number], all_numbers: list[Number], text: str) -> list[Number]:
    """Return the left-over numbers without those of `100 feet (30 m)` whose other number has a partner."""
    if not left:
        return left
    matched = frozenset().union(*(n.values for n in all_numbers if n not in left))
    optional: set[Decimal] = set()
    for pair in CONVERTED.findall(text):
        one, other = (frozenset().union(*(n.values for n in numbers(side))) for side in pair)
        optional |= (other if one & matched else frozenset()) | (one if other & matched else frozenset())
    return [n for n in left if n.values.isdisjoint(optional)]


def _centuries(number: Number) -> set[Decimal]:
    return {value // 100 + 1 for value in number.values if value in YEARS}


def _digits(value: Decimal) -> str:
    """Return the significant digits: equal for 230 and 2.3."""
    return "".join(map(str, value.normalize().as_tuple().digits))


def _explained(number: Number, other: list[Number], words: frozenset[Decimal]) -> bool:
    """Whether a left-over number repeats one that has a partner, or stands as a word or numeral on the other side."""
    values = number.values | (_centuries(number) if number.decade else set())
    return not values.isdisjoint(words) or any(not values.isdisjoint(n.values) for n in other)
