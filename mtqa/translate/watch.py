"""What can be seen to be wrong with an output, at once and without a model."""

from __future__ import annotations

import math
import re

from mtqa.core.languages import get
from mtqa.core.schema import Flag

VERSION = 1
LOWER, LOWER_WORDS = re.compile(r"\b[a-z]{2,}\b"), 3
SHORT_SOURCE = 40
DENSE_SCRIPTS = {"Hans", "Hant", "Jpan", "Hang"}
DENSE, SPARSE = 0.10, 0.30
LOOP = re.compile(r"(.{1,60}?)\1{3,}", re.DOTALL)
LOOP_CHARS = 12
LONG_NGRAM = 9  # any unit that stands four times in a row and fills 12 characters repeats one: a quick first look
NGRAM, MANY_SAME, GRAMS_FROM = 4, 0.5, 60


def problems(source: str, target: str, hit_limit: bool, lang: str) -> list[Flag]:
    """Return what is wrong with the translation of one segment, in the order of the enum; empty if all seems well.

    Thresholds are far from what good translations do: they ask for a second attempt, and the filter judges later.
    """
    found = {
        Flag.HIT_LIMIT: hit_limit,
        Flag.LOOP: loops(target) and not loops(source),
        Flag.EMPTY: not target.strip(),
        Flag.COPIED: copied(source, target),
        Flag.SYMBOLS: bool(target.strip()) and not any(char.isalnum() for char in target),
        Flag.TOO_SHORT: bool(target.strip()) and too_short(source, target, lang),
    }
    return [flag for flag in Flag if found.get(flag)] if any(found.values()) else []


def loops(text: str) -> bool:
    """Return whether a unit stands four times in a row, or half of the character 4-grams are repetitions.

    The repeated stretch must have 12 characters and a letter, the text 60 characters for the 4-grams. Of 9,970
    professional translations (FLORES dev, ten languages) two look like loops: a list of names, and a quotation.
    """
    for match in LOOP.finditer(text) if _distinct(text, LONG_NGRAM) < 1 else ():
        if len(match[0]) >= LOOP_CHARS and any(char.isalpha() for char in match[1]):
            return True
    return len(text) >= GRAMS_FROM and _distinct(text, NGRAM) < MANY_SAME


def _distinct(text: str, size: int) -> float:
    """Return the share of a text's character n-grams that are distinct; 1 where it has none."""
    grams = len(text) - size + 1
    return len({text[i : i + size] for i in range(grams)}) / grams if grams > 0 else 1.0


def copied(source: str, target: str) -> bool:
    """Return whether the target is the source again, though that is more than names and numbers.

    Three words in lower case are the sign: names and numbers are rightly copied.
    """
    same = " ".join(source.split()).casefold() == " ".join(target.split()).casefold()
    return same and len(LOWER.findall(source)) >= LOWER_WORDS


def too_short(source: str, target: str, lang: str) -> bool:
    """Return whether the target has far fewer characters than any full translation of the source would have.

    Below .30 of the source's characters (.10 where a character is a syllable or word): the shortest of FLORES dev's
    professional translations in nine languages has .41, in Chinese .17. Sources under 40 characters vary too much.
    """
    bound = DENSE if get(lang).script in DENSE_SCRIPTS else SPARSE
    return len(source) >= SHORT_SOURCE and math.floor(bound * len(source)) > len(target.strip())
