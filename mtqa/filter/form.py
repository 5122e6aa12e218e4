"""Written as nobody writes: in capitals, letter by letter, back to front, with signs inside words that show nothing."""

from __future__ import annotations

import re

from mtqa.filter.target import Target
from mtqa.filter.text import characters

CASED = 12
CAPITALS, CAPITALS_SOURCE = 0.9, 0.5
APART = re.compile(r"(?:(?<![^\s])[^\W\d_]\s){7,}")
LIKE_APART = re.compile(r"\s[^\W\d_]\s[^\W\d_]\s")
"""What every match of `APART` holds, found sooner."""
WITH_CASE = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
SPACELESS = frozenset({"Hans", "Hant", "Jpan", "Hang", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
HIDDEN = re.compile(r"(?<=[^\W\d_])[\u200b\u2060\ufeff](?=[^\W\d_])")
HIDDEN_SIGNS = frozenset("\u200b\u2060\ufeff")
FIRST = "?？؟!！,，،;；"
"""Signs that end something: no text begins with them."""


def odd_form(source: str | None, target: str, lang: Target) -> float | None:
    """Return in how many ways a translation is written as its source is not and as no text is. None without a source.

    Nine of ten letters are capitals; eight letters in a row stand apart; it begins with a question mark, exclamation
    mark or comma; signs that show nothing stand inside words (scripts that need such signs between words aside).
    """
    if source is None:
        return None
    found = 0
    if lang.script in WITH_CASE and _capitals(target, CAPITALS):
        found += not _capitals(source, CAPITALS_SOURCE)
    start = target.lstrip()[:1]
    found += bool(start) and start in FIRST and source.lstrip()[:1] not in FIRST
    if lang.script not in SPACELESS:
        if LIKE_APART.search(target):
            found += APART.search(target) is not None and APART.search(source) is None
        if not HIDDEN_SIGNS.isdisjoint(characters(target)):
            found += HIDDEN.search(target) is not None and HIDDEN.search(source) is None
    return float(found)


def _capitals(text: str, least: float) -> bool:
    """Whether capitals are `least` of the letters that have a case, or more; False where these are few."""
    upper = lower = 0
    most = (1 - least) * len(text) + 1
    for char in characters(text):
        if char.islower():
            lower += text.count(char)
            if lower > most:
                return False
        elif char.isupper():
            upper += text.count(char)
    return upper + lower >= CASED and upper / (upper + lower) >= least
