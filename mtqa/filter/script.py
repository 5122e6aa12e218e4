"""Written in another script than the language's."""

from __future__ import annotations

import unicodedata
from functools import cache

from mtqa.filter.target import Target
from mtqa.filter.text import LETTERS, uncopied

MIN_LETTERS = 3
NAMES: dict[str, tuple[str, ...]] = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL", "CJK"),
    "Hans": ("CJK", "BOPOMOFO"),
    "Hant": ("CJK", "BOPOMOFO"),
    "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA", "HALFWIDTH"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Laoo": ("LAO",),
    "Latn": ("LATIN", "MODIFIER"),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Olck": ("OL",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Tfng": ("TIFINAGH",),
    "Thai": ("THAI",),
    "Tibt": ("TIBETAN",),
}
"""First words of the Unicode names of a script's letters (the standard library has no script property)."""


def wrong_script(source: str | None, target: str, lang: Target) -> float | None:
    """Return the share of letters outside the language's script, among those of words that the source has not.

    Abstains below three such letters, and for scripts that are not in the table. Hans and Hant are not told apart.
    """
    if lang.script not in NAMES:
        return None
    letters = "".join(LETTERS.findall(uncopied(source, target)))
    if len(letters) < MIN_LETTERS:
        return None
    expected = NAMES[lang.script]
    return sum(1 for letter in letters if _script_word(letter) not in expected) / len(letters)


@cache
def _script_word(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]
