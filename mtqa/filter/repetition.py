"""Loops: a unit repeated again and again, a phrase that comes back, or a text made of few distinct pieces."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import category

import numpy as np

from mtqa.filter.target import Target
from mtqa.filter.text import squeezed

ALLOWED, ALLOWED_PHRASE = 3, 2
PHRASE_LETTERS, SENTENCE_LETTERS = 7, 16
ALLOWED_LETTER, ALLOWED_SYMBOLS = 6, 9
DENSE, DENSE_LETTERS = "\u2fff", 2.5
"""An ideograph says as much as two or three letters."""
GRAM = 4
SPACE = " ".encode("utf-16-le")
SHORT_TEXT = 300
DISTINCT_SHORT, DISTINCT_LONG = 0.6, 0.5
MIN_GRAMS = 20
WINDOW = 1000
PLACE, FACTOR = np.uint64(2047), np.uint64(0x9E3779B97F4A7C15)
"""A place in a window takes eleven bits (astral characters are two places), the hash of a 4-gram the other 53."""
RETURNS, RETURNS_CHARACTERS = 2.0, 500
WORDS, WORDS_SHORT, WORD_LETTERS = 4, 6, 5
LETTERS_DENSE, LETTERS_KANA, LETTERS_THAI, SPACELESS = 8, 16, 24, 12
"""What a group is: four words (six where words are as short as in Vietnamese); 8 ideographs, 16 letters where kana are
among them, 24 letters of scripts that leave no spaces."""
KANA = re.compile("[ぁ-ヿ]")
LIKE_SOURCE, MUCH = 0.85, 1.3
"""A source that is nearly a loop excuses a translation that is hardly one."""


def repetition(source: str | None, target: str, lang: Target) -> float | None:
    """Return how repetitive a translation is, as a multiple of what good text reaches: above 1 is a loop.

    The greatest of (a) the times that one unit stands in a row, over three (units of seven letters or more: two, of 16:
    one and a half; a single letter: six; units without a letter: nine; an ideograph is two and a half letters), (b) .6
    over the share of distinct character 4-grams (.5 from 300 characters on; texts under 20 4-grams are not judged so),
    in the worst window of 1,000 characters, because long texts repeat more, and (c) how many times more often the
    commonest group of four words comes (of letters in scripts without spaces) than any of the source's, over two and
    one for each 500 characters.
    Abstains where the source is a loop too, or nearly one (.85) and the translation not much of one (1.3). (c) is the
    oscillation measure of Raunak et al., NAACL 2021.
    """
    score = _worst(target)
    if source and (top := _top(target)) > 1:
        score = max(score, (top - _top(source)) / (RETURNS + len(target) / RETURNS_CHARACTERS))
    if source and score > 1 and (ours := _worst(source)) > LIKE_SOURCE and (ours > 1 or score < MUCH):
        return None
    return score


def _top(text: str) -> int:
    """Return how often the commonest group of words (or letters) comes."""
    words = text.casefold().split()
    if len(words) * SPACELESS < len(text):
        letters = "".join(words)
        size = LETTERS_DENSE if text[len(text) // 2] > DENSE else LETTERS_THAI
        if size == LETTERS_DENSE and KANA.search(text):
            size = LETTERS_KANA
        return _most_of_one(letters, size)
    size = WORDS if len(text) >= WORD_LETTERS * len(words) else WORDS_SHORT
    groups = list(zip(*(words[n:] for n in range(size)), strict=False))
    if len(set(groups)) == len(groups):
        return 1
    return max(Counter(groups).values())


def _most_of_one(text: str, size: int) -> int:
    """Return how often the commonest piece of `size` letters (UTF-16) comes; 1 where there is none."""
    grams = _grams(text.encode("utf-16-le", "surrogatepass"))
    number = len(grams) + GRAM - size
    if number < 2:
        return 1
    # A piece is known by its 4-grams that follow one another, the last one ending it.
    found = grams[size - GRAM :].copy()
    for place in range(0, size - GRAM, GRAM):
        found = found * FACTOR + grams[place : place + number]
    found.sort()
    if not (found[1:] == found[:-1]).any():
        return 1
    return int(np.unique(found, return_counts=True)[1].max())


def _grams(raw: bytes) -> np.ndarray:
    """Return the 4-grams of a text in UTF-16: overlapping views of four characters of 16 bits as one number."""
    return np.ndarray(max(len(raw) // 2 - GRAM + 1, 0), "<u8", raw, 0, (2,))


def _worst(text: str) -> float:
    text = squeezed(text)
    starts = [*range(0, max(len(text) - WINDOW, 0), WINDOW), max(len(text) - WINDOW, 0)]
    return max(_score(text[start : start + WINDOW]) for start in starts)


def _score(text: str) -> float:
    raw = text.encode("utf-16-le", "surrogatepass")
    grams = _grams(raw)
    number = len(grams)
    if number < 2:
        return 0.0
    # Their hashes and places in one number each: one sort finds what recurs, and where.
    found = (grams * FACTOR & ~PLACE) | np.arange(number, dtype=np.uint64)
    found.sort()
    same = (found[1:] ^ found[:-1]) <= PLACE
    repeated = int(np.count_nonzero(same))
    score = 0.0
    if number >= MIN_GRAMS:
        score = (DISTINCT_SHORT if number + GRAM <= SHORT_TEXT else DISTINCT_LONG) * number / (number - repeated)
    if not repeated:
        return score
    order, places = (found & PLACE).view(np.int64), np.flatnonzero(same)
    return max(score, _loops(raw, grams, order[places], order[places + 1]))


def _loops(raw: bytes, grams: np.ndarray, here: np.ndarray, there: np.ndarray) -> float:
    """Return the longest row of one unit, over what is allowed; a 4-gram that stands `here` stands `there` next.

    A unit that stands twice in a row begins with a 4-gram that recurs at the unit's distance, and ends with one.
    """
    last = np.maximum(there - here - GRAM, 0)
    possible = there + last < len(grams)
    here, there, last = here[possible], there[possible], last[possible]
    looping = grams[here + last] == grams[there + last]
    best, reached = 0.0, dict[int, int]()
    for start, end in sorted(zip(here[looping].tolist(), there[looping].tolist(), strict=True)):
        size = 2 * (end - start)  # in bytes
        unit = raw[2 * start : 2 * end]
        if 2 * start < reached.get(size, 0) or unit != raw[2 * end : 2 * end + size]:
            continue
        times, place = 2, 2 * end + size
        while raw[place : place + size] == unit:
            times, place = times + 1, place + size
        if raw[place:] == unit[:-2] and unit[-2:] == SPACE:  # the text ends, and with it the last phrase
            times += 1
        reached[size] = place - size
        best = max(best, times / _allowed(unit.decode("utf-16-le", "ignore")))
    return best


def _allowed(unit: str) -> float:
    letters = sum(DENSE_LETTERS if char > DENSE else 1 for char in unit if category(char)[0] in "LM")
    if not letters:
        return ALLOWED_SYMBOLS
    if letters >= SENTENCE_LETTERS:
        return 1.5
    if letters >= PHRASE_LETTERS:
        return ALLOWED_PHRASE
    return ALLOWED if len(unit) > 1 or letters > 1 else ALLOWED_LETTER
