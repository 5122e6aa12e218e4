"""Left untranslated: the source, or a run of its words, stands in the translation."""

from __future__ import annotations

import re

from mtqa.filter.target import Target
from mtqa.filter.text import WORDS

WHOLE = 3
PLAIN_SHARE = 0.6
QUOTED = re.compile(r'"[^"]{1,120}"|“[^”]{1,120}”')


def copied_run(source: str | None, target: str, lang: Target) -> float | None:
    """Return the greatest number of lower-case words in an unbroken run of source words in the translation.

    Counted are words of two letters or more, in runs where they are three of five: names, titles, formulas and short
    quotations stay as they are in good translations. A translation that is the source throughout counts one word more,
    from three lower-case words on.
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
    return len(word) > 1 and word.islower() and word.isalpha()


def _longest_run(source: list[str], target: list[str]) -> int:
    """Return the most lower-case words in a common run of words (dynamic programming over positions)."""
    places: dict[str, list[int]] = {}
    for position, word in enumerate(source):
        places.setdefault(word, []).append(position)
    best = 0
    before: dict[int, tuple[int, int]] = {}
    for word in target:
        here = {}
        for place in places.get(word, ()):
            words, plain = before.get(place - 1, (0, 0))
            here[place] = words + 1, plain + _plain(word)
        best = max([best, *(plain for words, plain in here.values() if plain >= PLAIN_SHARE * words)])
        before = here
    return best
