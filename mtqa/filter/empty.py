"""Nothing there: no text, or hardly anything but punctuation and symbols."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mtqa.filter.target import Target
from mtqa.filter.text import characters, is_letter, letter_count

BLANK = frozenset("\u2800\u17b4\u17b5")
BLANK_LETTERS = "\u3164\u115f\u1160\uffa0"
"""Signs and letters by category that show nothing."""
SENTENCE_LETTERS = 25
NOTHING = frozenset(
    {"null", "NULL", "N/A", "n/a", "NaN", "None", "undefined", "[deleted]", "[removed]", "#N/A", "#REF!"}
)
"""What programs write for nothing."""
ZERO = "0", "zero", "null", "none", "not ", "n/a"
USUAL = 1 / 3
"""A share that text reaches: nobody need ask whether the source is better."""


def symbol_share(source: str | None, target: str, lang: Target) -> float | None:
    """Return the share of visible characters that are no letter, mark or digit; 1 for an empty translation.

    White space, control and format characters and fillers are not visible. 1 too where the source has letters and the
    translation has neither letters nor digits, or no letters for a source of 25 letters or more (shorter ones may be
    number words), and for what programs write for nothing (`null`, `N/A`), unless the source says so. Abstains where a
    third are none and the source is no better itself (formulas, emoticons).
    """
    if source and target.strip() in NOTHING and not any(word in source.casefold() for word in ZERO):
        return 1.0
    share = _share(target)
    if source is not None and share > USUAL and _share(source) >= share:
        return None
    if source and share < 1 and not any(map(is_letter, characters(target))):
        letters = letter_count(source)
        if letters >= SENTENCE_LETTERS or (letters >= 2 and not any(c.isdigit() for c in target)):
            return 1.0
    return share


def _share(text: str) -> float:
    found = characters(text)
    if not found <= _KINDS.known:
        _KINDS.learn(found - _KINDS.known)
    visible = len(text) - sum(map(text.count, found & _KINDS.unseen))
    return sum(map(text.count, found & _KINDS.symbols)) / visible if visible > 0 else 1.0


class _Kinds:
    """The characters met so far: those that show nothing, and those that are no letter, digit or mark."""

    def __init__(self) -> None:
        self.known, self.unseen, self.symbols = set[str](), set[str](), set[str]()

    def learn(self, chars: Iterable[str]) -> None:
        for char in chars:
            category = unicodedata.category(char)[0]
            if char.isspace() or category in "ZC" or char in BLANK or char in BLANK_LETTERS:
                self.unseen.add(char)
            elif not (char.isalnum() or category == "M"):
                self.symbols.add(char)
            self.known.add(char)


_KINDS = _Kinds()
