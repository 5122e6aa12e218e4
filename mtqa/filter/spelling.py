"""Numbers written as words, by the rules of Unicode CLDR (unicode-rbnf has them for some 75 languages of the table)."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from mtqa.filter.numerals import bare

TAGS = {"nob_Latn": "no", "tgl_Latn": "fil", "yue_Hant": "yue", "zho_Hant": "zh_Hant"}
"""Languages that CLDR names otherwise than by their ISO 639-1 code."""
LEAST, MOST = 1, 10**12
GAP = "[\\s,\\u00ad\\u200b-\\u200d\\u2010-\\u2015-]*"
ONE = re.compile(r"(?:ein|één|een|ett|et|egy|um|un|uno|se|satu|одна|одно|jeden|jedna|một)[\s-]?(?=\w{3})")
"""`One` before hundred and thousand, which most texts leave out."""
SPACED = re.compile(r"[A-Za-zͰ-ӿ\u0590-\u06ff]")
"""Scripts that put spaces between words, and whose accents, vowel points and tone marks texts often leave out."""
SEMITIC = re.compile(r"[\u0590-\u06ff]")
SHORTEST = 4
"""Letters of such a script: spellings no longer (`sto`) begin other words too often, and must be whole words."""
INFLECTED = 7
"""Letters: the last of so many or more may be another (`шестидесятых`)."""


def spelled(value: Decimal, text: str, code: str) -> bool | None:
    """Return whether a whole number from 1 to a trillion stands in a text as words.

    It may be cardinal or ordinal, in any gender and case that CLDR knows, and go on (`dreißigjährig`); spaces, hyphens
    and accents are not looked at. None where CLDR does not spell such a number in the language.
    """
    pattern = _pattern(value, code)
    return None if pattern is None else pattern.search(_plain(text)) is not None


@cache
def _pattern(value: Decimal, code: str) -> re.Pattern[str] | None:
    engine = _rules(code)
    if engine is None or value != value.to_integral_value() or not LEAST <= value <= MOST:
        return None
    from unicode_rbnf.engine import FormatPurpose, RbnfError

    found: set[str] = set()
    for purpose in (FormatPurpose.CARDINAL, FormatPurpose.ORDINAL, FormatPurpose.YEAR):
        try:
            found.update(engine.format_number(int(value), purpose=purpose).text_by_ruleset.values())
        except (ValueError, RbnfError):  # no rules for this purpose or size
            continue
    found |= {ONE.sub("", text, count=1) for text in found if ONE.match(text)}
    patterns = {_spelling(_plain(text)) for text in found if not re.search(r"\d", text)} - {None}
    return re.compile("|".join(sorted(filter(None, patterns)))) if patterns else None


def _spelling(text: str) -> str | None:
    """Return the pattern of one spelling, None for one that is too short to mean anything."""
    letters = re.sub(GAP, "", text)
    parts = [re.escape(letter) for letter in letters]
    if not SPACED.search(letters):
        return GAP.join(parts) if len(parts) > 1 else None
    if SEMITIC.search(letters):  # articles and prepositions are written together with the word
        parts = ["[وي]" if letters[n : n + 2] == "ون" else part for n, part in enumerate(parts)]
        return GAP.join(parts) if len(parts) >= SHORTEST else None
    if len(parts) >= INFLECTED:
        parts.pop()
    return r"(?<!\w)" + GAP.join(parts) + (r"(?!\w)" if len(parts) <= SHORTEST else "")


def _plain(text: str) -> str:
    """Return a text in lower case, and without accents where its script can do without them."""
    return bare(text) if SPACED.search(text) else text.casefold()


@cache
def _rules(code: str) -> Any:
    """Return CLDR's rules of a FLORES-200 code, None where there are none."""
    from unicode_rbnf import RbnfEngine

    from mtqa.core.errors import UsageError
    from mtqa.core.languages import get

    try:
        tag = TAGS.get(code, get(code).iso1)
        return RbnfEngine.for_language(tag) if tag else None
    except (UsageError, ValueError):
        return None
