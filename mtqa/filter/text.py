"""What several checks need to know about a text: its characters, its letters, and what of it was not copied."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"
LETTERS = re.compile(rf"[{LATIN}]+|[^\W\d_{LATIN}]+")
"""Runs of letters; Latin ones end where another script begins, as in `NASUWT是什么`."""
WORDS = re.compile(r"\w+")
ANCHORS = re.compile(rf"\d{{1,15}}|(?<![{LATIN}])[A-Z\u00c0-\u00de][{LATIN}]{{2,}}")
WITH_CASE = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
"""Scripts in which a sentence begins with a capital."""
_SPLIT = re.compile(rf"({LETTERS.pattern})")
REMEMBERED = 128
"""Texts that a row's checks share what was found of: those of a few rows."""


class Uncopied(NamedTuple):
    """What of a translation does not stand in its source, and how many letters that has."""

    text: str
    letters: int


@lru_cache(maxsize=REMEMBERED)
def characters(text: str) -> frozenset[str]:
    """Return the distinct characters: a check whose signs are not among them need not read the text."""
    return frozenset(text)


@cache
def is_letter(char: str) -> bool:
    """Return whether a character is one that `LETTERS` matches."""
    return LETTERS.match(char) is not None


def letter_count(text: str) -> int:
    """Return the number of letters (Unicode categories L*; combining vowel signs do not count)."""
    return sum(map(len, LETTERS.findall(text)))


@lru_cache(maxsize=REMEMBERED)
def _known_words(source: str) -> frozenset[str]:
    return frozenset(LETTERS.findall(source.casefold()))


@lru_cache(maxsize=REMEMBERED)
def uncopied(source: str | None, target: str) -> Uncopied:
    """Return the translation with every word that also stands in the source left out, whatever its case.

    Names, units and quotations stay as they are in a good translation, so they say nothing about its language.
    """
    if not source:
        return Uncopied(target, letter_count(target))
    known = _known_words(source)
    pieces = _SPLIT.split(target)  # every second piece is a run of letters
    words = [" " if word.casefold() in known else word for word in pieces[1::2]]
    letters = sum(map(len, words)) - words.count(" ")
    pieces[1::2] = words
    return Uncopied("".join(pieces), letters)


@lru_cache(maxsize=REMEMBERED)
def anchors(text: str) -> frozenset[str]:
    """Return what a translation keeps as it is: numbers (in ASCII digits) and capitalised Latin words of three letters.

    Words are cut to their first five letters, as grammar changes their ends.
    """
    return frozenset(str(int(word)) if word.isdigit() else word[:5].casefold() for word in ANCHORS.findall(text))
