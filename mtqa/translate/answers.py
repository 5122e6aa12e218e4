"""Where a translated answer stands in the translated passage."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

EDGE = " \t\n.,;:!?…。，、；：！？\"'“”‘’«»„()[]"


@dataclass(frozen=True)
class Place:
    """The segment that holds the English answer: where it lies in both passages (code points)."""

    source_start: int
    source_end: int
    target_start: int
    target_end: int


def locate(passage: str, answers: Sequence[str], start: int, places: Sequence[Place]) -> tuple[int, int] | None:
    """Return (start, end) of an answer in the translated passage, or None where none of its forms stands there.

    `answers` are the forms to look for in turn (its translation; the English words, which names and numbers keep);
    `start` is where the English answer begins in the English passage. Case and punctuation at the ends do not count,
    and a form must not begin or end inside a word. An occurrence in the segment that corresponds to the English
    answer's is taken first, nearest to the same relative place; else, for the first form only, the one nearest to it.
    """
    home = next((p for p in places if p.source_start <= start < p.source_end), None)
    folded = _fold(passage)
    for number, answer in enumerate(answers):
        needle = _fold(answer.strip(EDGE))
        found = _occurrences(folded, needle)
        if not found:
            continue
        if home is None:
            return (found[0], found[0] + len(needle)) if number == 0 else None
        share = (start - home.source_start) / max(1, home.source_end - home.source_start)
        expected = home.target_start + share * (home.target_end - home.target_start)
        inside = [at for at in found if home.target_start <= at and at + len(needle) <= home.target_end]
        if inside or number == 0:
            at = min(inside or found, key=lambda place: (abs(place - expected), place))
            return at, at + len(needle)
    return None


def _fold(text: str) -> str:
    """Return the text in lower case, every character in its place (`casefold` makes two of some)."""
    return "".join(low if len(low := char.casefold()) == 1 else char for char in text)


def _occurrences(text: str, needle: str) -> list[int]:
    found = []
    at = text.find(needle) if needle else -1
    while at >= 0:
        if _edge(text, at) and _edge(text, at + len(needle)):
            found.append(at)
        at = text.find(needle, at + 1)
    return found


def _edge(text: str, at: int) -> bool:
    """Return whether a word may begin or end here: letters of scripts that put no spaces between words always may."""
    if at == 0 or at == len(text):
        return True
    before, after = text[at - 1], text[at]
    return not (in_word(before) and in_word(after))


def in_word(char: str) -> bool:
    """Return whether a character is part of a word that its neighbours belong to: a letter of a spaced script."""
    return unicodedata.category(char)[0] in "LMN" and not _unspaced(char)


def _unspaced(char: str) -> bool:
    code = ord(char)
    return (
        0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x1000 <= code <= 0x109F  # Burmese
        or 0x1780 <= code <= 0x17FF  # Khmer
        or 0x0F00 <= code <= 0x0FFF  # Tibetan
        or 0x3040 <= code <= 0x30FF  # kana
        or 0x3400 <= code <= 0x9FFF  # Han
        or 0x20000 <= code <= 0x3FFFF
    )
