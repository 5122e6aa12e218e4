"""Left untranslated: the source, or a run of its words, stands in the translation."""

from __future__ import annotations

import re

from mtqa.filter.target import Target
from mtqa.filter.text import WORDS

WHOLE = 3
QUOTED = re.compile(r'"[^"]{1,120}"|“[^”]{1,120}”')


def copied_run(source: str | None, target: str, lang: Target) -> float | None:
    """Return the longest unbroken run of lower-case source words in the translation, in words of two letters or more.

    A translation that is the source throughout counts one word more, from three lower-case words on: shorter ones are
    names, titles and terms. Words in lower case only, because names stay as they are, and so do letters in formulas and
    short quotations.
    """
    if not source:
        return None
    ours, theirs = WORDS.findall(source), WORDS.findall(target)
    run = _longest_run(WORDS.findall(QUOTED.sub(" | ", source)), theirs)
    lower = sum(1 for word in theirs if _plain(word))
    if lower >= WHOLE and [w.casefold() for w in ours] == [w.casefold() for w in theirs]:
        return float(max(run, lower) + 1)
    return float(run)


def _plain(word: str) -> bool:
    return word.islower() and word.isalpha()


def _longest_run(source: list[str], target: list[str]) -> int:
    """Return the weight of the longest common run of lower-case words (dynamic programming over positions)."""
    places: dict[str, list[int]] = {}
    for position, word in enumerate(source):
        if _plain(word):
            places.setdefault(word, []).append(position)
    best, before = 0, {}
    for word in target:
        weight = int(len(word) > 1)
        here = {place: before.get(place - 1, 0) + weight for place in places.get(word, ())}
        if here:
            best = max(best, *here.values())
        before = here
    return best
