"""What several checks need to know about a text: its letters, and what of a translation was not copied."""

from __future__ import annotations

import re
from functools import lru_cache

LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"
LETTERS = re.compile(rf"[{LATIN}]+|[^\W\d_{LATIN}]+")
"""Runs of letters; Latin ones end where another script begins, as in `NASUWT是什么`."""
WORDS = re.compile(r"\w+")
ANCHORS = re.compile(rf"\d{{1,15}}|(?<![{LATIN}])[A-Z\u00c0-\u00de][{LATIN}]{{2,}}")


def letter_count(text: str) -> int:
    """Return the number of letters (Unicode categories L*; combining vowel signs do not count)."""
    return sum(map(len, LETTERS.findall(text)))


@lru_cache(maxsize=4096)
def _known_words(source: str) -> frozenset[str]:
    return frozenset(LETTERS.findall(source.casefold()))


@lru_cache(maxsize=64)
def uncopied(source: str | None, target: str) -> str:
    """Return the translation with every word that also stands in the source left out, whatever its case.

    Names, units and quotations stay as they are in a good translation, so they say nothing about its language.
    """
    if not source:
        return target
    known = _known_words(source)
    return LETTERS.sub(lambda match: " " if match[0].casefold() in known else match[0], target)


@lru_cache(maxsize=256)
def anchors(text: str) -> frozenset[str]:
    """Return what a translation keeps as it is: numbers (in ASCII digits) and capitalised Latin words of three letters.

    Words are cut to their first five letters, as grammar changes their ends.
    """
    return frozenset(str(int(word)) if word.isdigit() else word[:5].casefold() for word in ANCHORS.findall(text))
