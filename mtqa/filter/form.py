"""Written as nobody writes: in capitals, letter by letter, without spaces, back to front, with hidden signs inside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mtqa.filter.accents import accents_lost
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
HIDDEN = re.compile(r"(?<=[^\W\d_])[\u200b\u2060\ufeff](?=[^\W\d_])|(?:[^\W\d_]\u00ad[^\u00ad]*){3}", re.DOTALL)
"""Soft hyphens, where there are three: one or two may be left of a line's end."""
HIDDEN_SIGNS = frozenset("\u200b\u2060\ufeff\u00ad")
TITLED, SMALL_WORDS = 8, 0.4
NAMES = 2
FIRST = "?？؟!！,，،;；。।"
STOP_FIRST = re.compile(r"\s*\.[^\W\d_A-Z]")
"""Signs that end something: no text begins with them."""


def odd_form(source: str | None, target: str, lang: Target) -> float | None:
    """Return in how many ways a translation is written as its source is not and as no text is. None without a source.

    Nine of ten letters are capitals; eight letters in a row stand apart (nearly all, in scripts without spaces); words
    are glued together (a sixth of the source's spaces, or 45 letters without one; scripts without spaces aside); it
    begins with a question mark, full stop or comma; signs that show nothing stand inside words (scripts that
    need such signs aside); every word begins with a capital; none does, though its source has names; no letter has an
    accent in a language that is full of them (`accents`).
    """
    if source is None:
        return None
    found = 0
    parts = words(target)
    if lang.script in WITH_CASE:
        if _capitals(target, CAPITALS, COMMON.get(lang.script, "")):
            found += not _capitals(source, CAPITALS_SOURCE, COMMON["Latn"])
        elif not any(word[0].islower() for word in parts):
            found += _titled(source, parts)
        elif target.islower():
            found += _names(source) >= NAMES
        found += accents_lost(source, target, lang)
    start = target.lstrip()[:1]
    found += bool(start) and start in FIRST and source.lstrip()[:1] not in FIRST
    found += start == "." and STOP_FIRST.match(target) is not None and STOP_FIRST.match(source) is None
    lengths = list(map(len, parts))
    if lengths.count(1) >= LEAST_APART and (
        lang.script not in SPACELESS or lengths.count(1) >= MOST_APART * len(lengths)
    ):
        found += APART.search(target) is not None and APART.search(source) is None
    if lang.script not in SPACELESS and max(lengths, default=0) > LONG_WORD:
        found += _glued(source, target, lengths)
    if lang.script not in JOINERS and not HIDDEN_SIGNS.isdisjoint(characters(target)):
        found += HIDDEN.search(target) is not None and HIDDEN.search(source) is None
    return float(found)


def _titled(source: str, parts: Sequence[str]) -> bool:
    """Whether eight words or more begin with a capital, and of the source's two in five with a small letter."""
    given = words(source)
    capitals = sum(word[0].isupper() for word in parts)
    return capitals >= TITLED and sum(word[0].islower() for word in given) >= SMALL_WORDS * len(given)


def _names(source: str) -> int:
    """Return the words of a source that begin with a capital, though no sentence begins there."""
    parts = pairwise(words(source))
    return sum(word[0].isupper() and before[-1] not in ".?!:" for before, word in parts if word != "I")


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
