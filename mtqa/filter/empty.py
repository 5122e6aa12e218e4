"""Nothing there: no text, or hardly anything but punctuation and symbols."""

from __future__ import annotations

import unicodedata

from mtqa.filter.target import Target
from mtqa.filter.text import letter_count

BLANK = frozenset("\u2800\u3164\u115f\u1160\uffa0\u17b4\u17b5")
"""Letters by category that show nothing."""
SENTENCE_LETTERS = 25


def symbol_share(source: str | None, target: str, lang: Target) -> float | None:
    """Return the share of visible characters that are no letter, mark or digit; 1 for an empty translation.

    White space, control and format characters and fillers are not visible. 1 too where the source has letters and the
    translation has neither letters nor digits, or no letters for a source of 25 letters or more (shorter ones may be
    number words). Abstains where the source is no better itself (formulas, emoticons).
    """
    share = _share(target)
    if source is not None and share > 0 and _share(source) >= share:
        return None
    if source and share < 1 and not letter_count(target):
        letters = letter_count(source)
        if letters >= SENTENCE_LETTERS or (letters >= 2 and not any(c.isdigit() for c in target)):
            return 1.0
    return share


def _share(text: str) -> float:
    if text.isascii():
        visible = "".join(text.split())
        return 1 - sum(map(str.isalnum, visible)) / len(visible) if visible.isprintable() and visible else _slow(text)
    return _slow(text)


def _slow(text: str) -> float:
    visible = symbols = 0
    for char in text:
        if char.isalnum() and char not in BLANK:
            visible += 1
            continue
        category = unicodedata.category(char)
        if category[0] in "ZC" or char in BLANK:
            continue
        visible += 1
        symbols += category[0] != "M"
    return symbols / visible if visible else 1.0
