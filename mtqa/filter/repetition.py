"""Loops: a unit repeated again and again, a phrase that comes back, or a text made of few distinct pieces."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from mtqa.filter.target import Target

ALLOWED, ALLOWED_PHRASE = 3, 2
PHRASE_LETTERS, SENTENCE_LETTERS = 7, 24
ALLOWED_LETTER, ALLOWED_SYMBOLS = 6, 9
GRAM = 4
SHORT_TEXT = 300
DISTINCT_SHORT, DISTINCT_LONG = 0.6, 0.5
MIN_GRAMS = 20
WINDOW = 1000
RETURNS, RETURNS_CHARACTERS = 2.0, 500
WORDS, WORDS_SHORT, WORD_LETTERS = 4, 6, 5
LETTERS_DENSE, LETTERS_THAI, SPACELESS = 8, 24, 12
"""What a group is: four words (six where words are as short as in Vietnamese); 8 ideographs, 24 letters of scripts that
leave no spaces."""


def repetition(source: str | None, target: str, lang: Target) -> float | None:
    """Return how repetitive a translation is, as a multiple of what good text reaches: above 1 is a loop.

    The greatest of (a) the times that one unit stands in a row, over three (units of seven letters or more: two, of 24:
    one and a half; a single letter: six; units without a letter: nine), (b) .6 over the share of distinct character
    4-grams (.5 from 300 characters on; texts under 20 4-grams are not judged so), in the worst window of 1,000
    characters, because long texts repeat more, and (c) how many times more often the commonest group of four words
    comes (of letters in scripts without spaces) than any of the source's, over two and one for each 500 characters.
    Abstains where the source is a loop too. (c) is the oscillation measure of Raunak et al., NAACL 2021.
    """
    score = _worst(target)
    if source:
        score = max(score, (_top(target) - _top(source)) / (RETURNS + len(target) / RETURNS_CHARACTERS))
    return None if source and score > 1 and _worst(source) > 1 else score


def _top(text: str) -> int:
    """Return how often the commonest group of words (or letters) comes."""
    words = text.casefold().split()
    if len(words) * SPACELESS < len(text):
        letters = "".join(words)
        size = LETTERS_DENSE if text[len(text) // 2] > "\u2fff" else LETTERS_THAI
        return max(Counter(letters[i : i + size] for i in range(len(letters) - size + 1)).values(), default=1)
    size = WORDS if len(text) >= WORD_LETTERS * len(words) else WORDS_SHORT
    groups = zip(*(words[n:] for n in range(size)), strict=False)
    return max(Counter(groups).values(), default=1)


def _worst(text: str) -> float:
    text = " ".join(text.split())
    starts = [*range(0, max(len(text) - WINDOW, 0), WINDOW), max(len(text) - WINDOW, 0)]
    return max(_score(text[start : start + WINDOW]) for start in starts)


def _score(text: str) -> float:
    grams = [text[i : i + GRAM] for i in range(len(text) - GRAM + 1)]
    counts = Counter(grams)
    score = 0.0
    if len(grams) >= MIN_GRAMS:
        limit = DISTINCT_SHORT if len(text) < SHORT_TEXT else DISTINCT_LONG
        score = limit * len(grams) / len(counts)
    if len(counts) == len(grams):
        return score
    places: dict[str, list[int]] = {}
    for place, gram in enumerate(grams):
        if counts[gram] > 1:
            places.setdefault(gram, []).append(place)
    return max([score, *(_loop(text, found) for found in places.values())])


def _loop(text: str, places: list[int]) -> float:
    """Return the longest row of one unit, over what is allowed, among units that begin at one of the places.

    A unit that stands twice in a row begins with a 4-gram that recurs at the unit's distance.
    """
    best = 0.0
    reached = -1
    for here, there in pairwise(places):
        period = there - here
        if here < reached or text[here:there] != text[there : there + period]:
            continue
        unit, times, end = text[here:there], 2, there + period
        while text[end : end + period] == unit:
            times, end = times + 1, end + period
        reached = end - period
        best = max(best, times / _allowed(unit))
    return best


def _allowed(unit: str) -> float:
    letters = sum(map(str.isalpha, unit))
    if not letters:
        return ALLOWED_SYMBOLS
    if letters >= SENTENCE_LETTERS:
        return 1.5
    if letters >= PHRASE_LETTERS:
        return ALLOWED_PHRASE
    return ALLOWED if len(unit) > 1 else ALLOWED_LETTER
