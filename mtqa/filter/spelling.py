"""Numbers written as words, by the rules of Unicode CLDR (unicode-rbnf has them for some 75 languages of the table)."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from mtqa.filter.numerals import bare

TAGS = {"nob_Latn": "no", "tgl_Latn": "fil", "yue_Hant": "yue", "zho_Hant": "zh_Hant"}
"""Languages that CLDR names otherwise than by their ISO 639-1 code."""
LEAST, MOST = 1, 10**12
GAP = "\\s,\\u00ad\\u200b-\\u200d\\u2010-\\u2015-"
PIECES = re.compile(rf"\w+|[^\w{GAP}]+")
ONE = re.compile(r"(?:ein|één|een|ett|et|egy|um|un|uno|se|satu|одна|одно|jeden|jedna|một)[\s-]?(?=\w{3})")
"""`One` before hundred and thousand, which most texts leave out."""
SPACED = re.compile(r"[A-Za-zͰ-ӿ]")
"""Alphabets that put spaces around words."""
SEMITIC = re.compile(r"[\u0590-\u06ff]")
"""Scripts that write articles and prepositions together with the word."""
SHORT = 4
"""Letters of an alphabet: spellings no longer (`sto`) begin other words too often, and must be whole words."""
INFLECTED = 7
"""Letters: the last of so many or more may be another (`шестидесятых`)."""


def spelled(value: Decimal, text: str, code: str) -> bool | None:
    """Return whether a whole number from 1 to a trillion stands in a text as words.

    It may be cardinal or ordinal, in any gender and case that CLDR knows, and go on (`dreißigjährig`); spaces, hyphens
    and accents are not looked at. None where CLDR does not spell such a number in the language.
    """
    words = _spellings(value, code)
    if not words:
        return None
    letters, starts, ends = _pieces(text)
    return any(_stands(word, letters, starts, ends) for word in words)


def _stands(word: str, letters: str, starts: frozenset[int], ends: frozenset[int]) -> bool:
    """Whether a spelling stands in a text without gaps, given where words start and end there."""
    if not SPACED.search(word):
        return word in letters
    whole = len(word) <= SHORT
    if len(word) >= INFLECTED:
        word = word[:-1]
    at = letters.find(word)
    while at >= 0 and not (at in starts and (not whole or at + len(word) in ends)):
        at = letters.find(word, at + 1)
    return at >= 0


@lru_cache(maxsize=8)
def _pieces(text: str) -> tuple[str, frozenset[int], frozenset[int]]:
    """Return a text without gaps, and where in it words start and end."""
    starts, ends, length = set(), set(), 0
    pieces = PIECES.findall(_plain(text))
    for piece in pieces:
        starts.add(length)
        length += len(piece)
        ends.add(length)
    return "".join(pieces), frozenset(starts), frozenset(ends)


@lru_cache(maxsize=4096)
def _spellings(value: Decimal, code: str) -> frozenset[str]:
    """Return the spellings of a number without gaps; none where CLDR has none."""
    rules = _rules(code)
    if rules is None or value != value.to_integral_value() or not LEAST <= value <= MOST:
        return frozenset()
    from unicode_rbnf.engine import FormatPurpose, RbnfError

    found: set[str] = set()
    for purpose in (FormatPurpose.CARDINAL, FormatPurpose.ORDINAL, FormatPurpose.YEAR):
        try:
            found.update(rules.format_number(int(value), purpose=purpose).text_by_ruleset.values())
        except (ValueError, RbnfError):  # no rules for this purpose or size
            continue
    found |= {ONE.sub("", text, count=1) for text in found if ONE.match(text)}
    words = {_pieces(text)[0] for text in found if not re.search(r"\d", text)}
    return frozenset(word for word in words if len(word) >= (SHORT if SEMITIC.search(word) else 2))


def _plain(text: str) -> str:
    """Return a text in lower case; without accents, vowel points and Arabic's cases in scripts that do without them."""
    if SEMITIC.search(text):
        return bare(text).replace("ين", "ون")
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
