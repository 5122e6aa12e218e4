"""Numbers lost, changed or added, after pairing those that mean the same."""

from __future__ import annotations

import re
from decimal import Decimal

from mtqa.filter.clock import colons, times_in_words
from mtqa.filter.measures import changed_measures
from mtqa.filter.number_changes import misread, rescaled_numbers
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
    numbers,
)
from mtqa.filter.pairing import YEARS, paired, regrouped, size_of
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
POWERS = frozenset(map(Decimal, (2, 3)))
ZERO, FULL_HOUR = frozenset({Decimal(0)}), re.compile(r"[0-9][:：]00(?![0-9])")
CONVERTED = re.compile(
    r"([0-9][0-9.,]*(?:\s?[-–]\s?[0-9][0-9.,]*)?)[^()（）0-9]{1,40}"
    r"[(（][^()（）0-9]{0,20}([0-9][0-9.,]*(?:\s?[-–]\s?[0-9][0-9.,]*)?)[^()（）0-9]{0,40}[)）]"
)
DISEASE = re.compile(r"\bCOVID[-‐– ]?19\b", re.IGNORECASE)
"""Its number is left out in many languages (新冠肺炎, el coronavirus)."""
DANGLING = re.compile(r"\w[-‐–](?!\w)")
"""What is left of `COVID-19` where its number was lost."""
MILITARY = re.compile(r"(?<![0-9.,:])([01][0-9]|2[0-3])([0-5][0-9])(?= (?:UTC|GMT|hours|hrs|local)\b)")
WORDY, THOUSAND = 10_000, 1000
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
    if "19" in ours and "19" not in theirs and not DANGLING.search(theirs):
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
    lost, added = paired(given, found, lang, ours)
    if added:
        lost, added = regrouped(lost, added)
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
                or (wordy and _sayable(min(n.values)) and may_be_words(size_of(n), target, lang.code))
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
    alike = sum(any(misread(a, b) for b in added) for a in lost)
    return float(
        max(len(lost), len(added)) + alike + CHANGED * len(rescaled_numbers(given, found, target, lang)) + measures
    )


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
    return may_be_words(size_of(number), target, lang.code)


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


def _explained(number: Number, other: list[Number], words: frozenset[Decimal]) -> bool:
    """Whether a left-over number repeats one that has a partner, or stands as a word or numeral on the other side."""
    values = number.values | (_centuries(number) if number.decade else set())
    return not values.isdisjoint(words) or any(not values.isdisjoint(n.values) for n in other)
