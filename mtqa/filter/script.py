"""Written in another script than the language's."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from mtqa.filter.target import Target
from mtqa.filter.text import characters, distinct, is_letter, uncopied

MIN_LETTERS = 3
LAST_COMMON = {"gb2312": 0xD7, "big5": 0xC6}
STRAY = 3.0
MIN_STRAY = 3
NO_MAIN: dict[str, int] = {"Jpan": 10, "Hang": 4}
"""Letters from which a text without one of its main script's own is wrong: kanji alone may be a name."""
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
USUAL = {
    "Latn": re.compile("[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+"),
    "Cyrl": re.compile("[0-9\u0410-\u044f]+"),
    "Hans": re.compile("[0-9\u4e00-\u9fa5]+"),
    "Hant": re.compile("[0-9\u4e00-\u9fa5]+"),
}
"""Letters and digits that certainly are the script's: a pattern passes over them faster."""
ANYWHERE = frozenset({"LATIN", "GREEK", "MODIFIER", "FULLWIDTH", "MATHEMATICAL", "", "FEMININE", "MASCULINE"})
"""Letters that names, units and formulas bring into any script."""


def wrong_script(source: str | None, target: str, lang: Target) -> float | None:
    """Return the share of letters outside the language's script, among those of words that the source has not.

    Letters of a third script (neither the language's nor Latin or Greek, three at least) count three times, as no good
    text has them. Where the language is written in simplified or in traditional characters, the share of those that
    exist in the other only, if that is greater. Japanese without kana and Korean without hangul are
    wrong from a length on where kanji may be a name no more. Abstains without letters, below three
    not copied if one is of another script, and for scripts that are not in the table.
    """
    if lang.script not in NAMES or not any(map(is_letter, characters(target))):
        return None
    expected, words = NAMES[lang.script], _SCRIPT_WORDS
    others = USUAL[lang.script].sub("", distinct(target)) if lang.script in USUAL else distinct(target)
    outside = [char for char in others if words[char] is not None and words[char] not in expected]
    score = 0.0
    if outside or lang.script in NO_MAIN:
        text, total = uncopied(source, target)
        if total < MIN_LETTERS:
            return None
        if lang.script in NO_MAIN and total >= NO_MAIN[lang.script]:
            main = frozenset(expected) - {"CJK"}
            if main.isdisjoint(map(words.__getitem__, frozenset(text))):
                return 1.0
        score = sum(map(text.count, outside)) / total
        stray = sum(text.count(char) for char in outside if words[char] not in ANYWHERE)
        if stray >= MIN_STRAY:
            score = max(score, min(1.0, STRAY * stray / total))
    if lang.script in ("Hans", "Hant"):
        simplified, traditional = _variants()
        own, other = (simplified, traditional) if lang.script == "Hans" else (traditional, simplified)
        letters = characters(target)
        if not other.isdisjoint(letters):
            text = uncopied(source, target).text
            wrong, right = (sum(map(text.count, found.intersection(letters))) for found in (other, own))
            score = max(score, wrong / (wrong + right) if wrong else 0.0)
    return score


class _ScriptWords(dict[str, str | None]):
    """The first words of the Unicode names of letters; None for other characters."""

    def __missing__(self, char: str) -> str | None:
        self[char] = unicodedata.name(char, "").split(" ")[0] if is_letter(char) else None
        return self[char]


_SCRIPT_WORDS = _ScriptWords()


@cache
def _variants() -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters that only simplified and only traditional Chinese has.

    Those of one national character set's common plane that the other set lacks (GB 2312, Big5): Python's codecs know
    them. Rarer characters stand in names, whatever the variety.
    """
    han = [chr(code) for code in range(0x4E00, 0xA000)]
    simplified, traditional = (frozenset(c for c in han if _lead(codec, c)) for codec in ("gb2312", "big5"))
    common_simplified = frozenset(c for c in simplified if _lead("gb2312", c) <= LAST_COMMON["gb2312"])
    common_traditional = frozenset(c for c in traditional if _lead("big5", c) <= LAST_COMMON["big5"])
    return common_simplified - traditional, common_traditional - simplified


def _lead(codec: str, char: str) -> int:
    """Return the first byte of a character, 0 where the character set lacks it."""
    try:
        return char.encode(codec)[0]
    except UnicodeEncodeError:
        return 0
