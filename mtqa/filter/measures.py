"""What a number counts: units, currencies and percentages that became others while their number stayed."""

from __future__ import annotations

import re
from functools import lru_cache

from mtqa.filter.numerals import ascii_digits
from mtqa.filter.target import Target
from mtqa.filter.text import REMEMBERED, characters

UNITS = (
    "km/h|mph|km|cm|mm|nm|μm|µm|mi|ft|yd|kg|mg|lbs?|oz|ml|mL|cl|ha|kWh|kW|MW|GW|TW|kHz|MHz|GHz|Hz|KB|MB|GB|TB|[mgltVW]"
)
MEASURE = re.compile(
    rf"(?<![\w.,])(\d[\d.,]*)\s?(?:({UNITS})(?![\w'’/²³^])|(°\s?[CF])(?!\w)|([$€£¥₹]))|([$€£¥₹])\s?(\d[\d.,]*)"
)
LIKE_MEASURE = re.compile(rf"[0-9]\s?(?:(?:{UNITS})(?![\w'’/²³^])|°)")
"""Without one of these, or a currency sign, a text holds no measure; looked for first, as it is found fast."""
PERCENT = re.compile(r"(?<![\w.,])(\d[\d.,]*)\s?(?:%|percent\b|per cent\b)")
MONEY = frozenset("$€£¥₹")
SIGN = re.compile("[%٪％﹪]")
PER_CENT = {
    "arb_Arab": "المئة|المائة|بالمئة|بالمائة|مئوية|مائة",
    "ces_Latn": "procent|proc",
    "dan_Latn": "procent|pct",
    "deu_Latn": "prozent",
    "ell_Grek": "τοις εκατό|ποσοστ",
    "fin_Latn": "prosent",
    "fra_Latn": "pour.?cent",
    "hin_Deva": "प्रतिशत|फ़ीसदी|फीसदी|परसेंट",
    "hun_Latn": "százalék",
    "ind_Latn": "perse",
    "ita_Latn": "per.?cento|percentual",
    "jpn_Jpan": "パーセント|割",
    "kor_Hang": "퍼센트|프로",
    "nld_Latn": "procent",
    "pol_Latn": "procent|proc",
    "por_Latn": "por.?cento|percent",
    "rus_Cyrl": "процент",
    "spa_Latn": "por.?cien|porcent",
    "swe_Latn": "procent",
    "swh_Latn": "asilimia",
    "tha_Thai": "ร้อยละ|เปอร์เซ็น",
    "tur_Latn": "yüzde",
    "ukr_Cyrl": "відсот|процент",
    "vie_Latn": "phần trăm",
    "zho_Hans": "百分|成",
    "zho_Hant": "百分|成",
}
"""How a language says per cent, its beginning at least; others are not judged by what is missing."""


def changed_measures(source: str, target: str, lang: Target) -> int:
    """Return the numbers of a source whose unit or currency sign is another in the translation, or whose % is gone.

    Only numbers that stand in both with one unit each are compared, and only units in Latin letters: what a translator
    converted has another number, and what was written out has no sign.
    """
    changed = 0
    if (not MONEY.isdisjoint(characters(source)) or LIKE_MEASURE.search(source)) and (ours := _measures(source)):
        theirs = _measures(target)
        changed += sum(theirs.get(number, unit) != unit for number, unit in ours.items())
    if "%" in characters(source) and lang.code in PER_CENT and not SIGN.search(target):
        numbers = {_digits(number) for number in PERCENT.findall(source)}
        if not re.search(PER_CENT[lang.code], target, re.IGNORECASE):
            found = {_digits(number) for number in re.findall(r"\d[\d.,]*", ascii_digits(target))}
            changed += len(numbers & found)
    return changed


@lru_cache(maxsize=REMEMBERED)
def _measures(text: str) -> dict[str, str]:
    """Return the digits of a text's measures and what they count, without those that count several things."""
    found: dict[str, set[str]] = {}
    for number, unit, degrees, after, before, amount in MEASURE.findall(ascii_digits(text)):
        what = unit or degrees.replace(" ", "") or after or before
        found.setdefault(_digits(number or amount), set()).add(what)
    return {number: next(iter(units)) for number, units in found.items() if len(units) == 1}


def _digits(number: str) -> str:
    return number.replace(".", "").replace(",", "")
