"""Written as nobody writes: in capitals, letter by letter, without spaces, back to front, with hidden signs inside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mtqa.filter.target import Target
from mtqa.filter.text import WITH_CASE, characters, words

CASED = 12
CAPITALS, CAPITALS_SOURCE = 0.9, 0.5
COMMON = {"Latn": "eanirt", "Cyrl": "оаеинт", "Grek": "αοιετσ"}
"""Small letters that are common in a script that has capitals: they nearly always settle it."""
APART = re.compile(r"(?:(?<!\S)[^\W\d_]\s(?:[^\w\s]\s)*){7,}")
"""Eight letters in a row that stand apart, as do vowel signs and commas between them."""
LEAST_APART, MOST_APART = 7, 0.9
"""Words of one letter in every match of `APART`; and their share in scripts without spaces, where a tokeniser leaves
rows of short words."""
GLUED_LETTERS = 45
GLUED = re.compile(rf"[^\W\d_]{{{GLUED_LETTERS},}}")
"""Longer than any word that people write."""
WORDS, GAPS, LONG_WORD = 6, 6, 25
"""A source of six words says how many spaces there should be; one long word may well say it all."""
SPACELESS = frozenset({"Hans", "Hant", "Jpan", "Hang", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
JOINERS = SPACELESS - {"Hans", "Hant", "Jpan", "Hang"}
"""Scripts that need hidden signs between words."""
HIDDEN = re.compile(r"(?<=[^\W\d_])[\u200b\u2060\ufeff](?=[^\W\d_])")
HIDDEN_SIGNS = frozenset("\u200b\u2060\ufeff")
FIRST = "?？؟!！,，،;；"
"""Signs that end something: no text begins with them."""


def odd_form(source: str | None, target: str, lang: Target) -> float | None:
    """Return in how many ways a translation is written as its source is not and as no text is. None without a source.

    Nine of ten letters are capitals; eight letters in a row stand apart (nearly all, in scripts without spaces); words
    are glued together (a sixth of the source's spaces, or 45 letters without one; scripts without spaces aside); it
    begins with a question mark, exclamation mark or comma; signs that show nothing stand inside words (scripts that
    need such signs aside).
    """
    if source is None:
        return None
    found = 0
    if lang.script in WITH_CASE and _capitals(target, CAPITALS, COMMON.get(lang.script, "")):
        found += not _capitals(source, CAPITALS_SOURCE, COMMON["Latn"])
    start = target.lstrip()[:1]
    found += bool(start) and start in FIRST and source.lstrip()[:1] not in FIRST
    lengths = list(map(len, words(target)))
    if lengths.count(1) >= LEAST_APART and (
        lang.script not in SPACELESS or lengths.count(1) >= MOST_APART * len(lengths)
    ):
        found += APART.search(target) is not None and APART.search(source) is None
    if lang.script not in SPACELESS and max(lengths, default=0) > LONG_WORD:
        found += _glued(source, target, lengths)
    if lang.script not in JOINERS and not HIDDEN_SIGNS.isdisjoint(characters(target)):
        found += HIDDEN.search(target) is not None and HIDDEN.search(source) is None
    return float(found)


def _glued(source: str, target: str, lengths: Sequence[int]) -> bool:
    given = len(words(source))
    if given >= WORDS and GAPS * (len(lengths) - 1) < given - 1 and len(target) > LONG_WORD * len(lengths):
        return True
    return max(lengths) >= GLUED_LETTERS and GLUED.search(target) is not None and GLUED.search(source) is None


def _capitals(text: str, least: float, common: str) -> bool:
    """Whether capitals are `least` of the letters that have a case, or more; False where these are few.

    `common` small letters are counted first.
    """
    upper = lower = 0
    most = (1 - least) * len(text) + 1
    for char in common:
        lower += text.count(char)
        if lower > most:
            return False
    lower = 0
    for char in characters(text):
        if char.islower():
            lower += text.count(char)
            if lower > most:
                return False
        elif char.isupper():
            upper += text.count(char)
    return upper + lower >= CASED and upper / (upper + lower) >= least
