"""Texts into segments, what the model sees: one sentence each, or a part of one that is too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mtqa.translate.protect import LETTER, items, translatable_pieces

MARKER = re.compile(r"(?:[-*+•·–—>#|]+|\(?\d{1,3}[.)])(?=\s)")
LINE = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
CLAUSE_END = re.compile(r"[,;:)\]—–、，；：](?=\s)|[、，；：]|(?<=\s)(?=[(\[—–])")
WORD_END = re.compile(r"\s+")

Counter = Callable[[Sequence[str]], list[int]]
"""Counts the model's tokens of texts."""


class Span(NamedTuple):
    """A segment's place in its text, in code points; of a sentence that was too long, `pieces` tells the parts.

    The last part of such a sentence has their number, the others -1; what was not cut has 0. What lies between spans is
    white space (or, inside a cut word, nothing) and is copied as it is.
    """

    start: int
    end: int
    pieces: int = 0


def split(text: str, count: Counter, budget: int, iso: str = "en") -> list[Span]:
    """Return the segments of a text in order, none longer than `budget` tokens; `iso` is its language.

    Spans do not overlap, begin and end with a character that is not white space, and only white space lies outside
    them: every character is in exactly one segment or separator. A sentence over the budget is cut at the clause mark
    nearest its middle, else at the nearest space, else between two characters, until its parts fit.
    """
    spans: list[Span] = []
    for start, end in sentences(text, iso):
        if _fits(text[start:end], count, budget):
            spans.append(Span(start, end))
        else:
            parts = _cut(text, start, end, count, budget)
            spans += [Span(a, b, len(parts) if b == parts[-1][1] else -1) for a, b in parts]
    return spans


def join(pieces: Sequence[str], text: str, spans: Sequence[Span]) -> tuple[str, list[int]]:
    """Put pieces in the spans' places, white space between them as in `text`; return it and where each piece starts."""
    parts: list[str] = []
    starts: list[int] = []
    at = length = 0
    for piece, span in zip(pieces, spans, strict=True):
        gap = text[at : span.start]
        starts.append(length + len(gap))
        parts += [gap, piece]
        length += len(gap) + len(piece)
        at = span.end
    return "".join([*parts, text[at:]]), starts


def translatable(segment: str) -> bool:
    """Return whether a segment has a letter outside URLs, code and the like; anything else is copied as it is."""
    return bool(LETTER.search(segment)) and (not items(segment) or bool(translatable_pieces(segment)))


def sentences(text: str, iso: str = "en") -> list[tuple[int, int]]:
    """Return the sentences' places, white space around them left out.

    A line break ends a sentence. The mark of a list item or heading at a line's start stands alone, so that it is
    copied and not translated; sentencex takes `1.` between sentences for one of its own.
    """
    import sentencex

    pieces = sentencex.segment(iso, text)
    if "".join(pieces) != text:
        pieces = [text]
    found: list[tuple[int, int]] = []
    at = 0
    for piece in pieces:
        line_at = at
        for match in [*LINE.finditer(piece), None]:
            end = at + (match.start() if match else len(piece))
            found += _line(text, line_at, end)
            line_at = at + match.end() if match else end
        at += len(piece)
    return found


def _line(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the marks at a line's start and the rest of it, trimmed."""
    found = []
    for a, b in _trim(text, start, end):
        at = a
        while mark := MARKER.match(text, at, b):
            found.append(mark.span())
            (at, b), *_ = _trim(text, mark.end(), b)
        found.append((at, b))
    return found


def _trim(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if start < end else []


def _fits(segment: str, count: Counter, budget: int) -> bool:
    """Return whether a segment is within the budget.

    ASCII text has at most a token a character and one for the word mark before it, so most need no counting.
    """
    return (segment.isascii() and len(segment) < budget) or count([segment])[0] <= budget


def _cut(text: str, start: int, end: int, count: Counter, budget: int) -> list[tuple[int, int]]:
    if end - start < 2 or _fits(text[start:end], count, budget):
        return [(start, end)]
    at = start + _middle_cut(text[start:end])
    halves = [*_trim(text, start, at), *_trim(text, at, end)]
    return [part for a, b in halves for part in _cut(text, a, b, count, budget)]


def _middle_cut(segment: str) -> int:
    """Return where to cut: at a clause mark in the middle half, else at the space nearest the middle, else there."""
    middle = len(segment) / 2
    marks = [m.end() for m in CLAUSE_END.finditer(segment) if abs(m.end() - middle) <= len(segment) / 4]
    places = marks or [m.start() for m in WORD_END.finditer(segment) if m.start() > 0]
    return min(places, key=lambda place: (abs(place - middle), place), default=len(segment) // 2)
