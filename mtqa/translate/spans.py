"""From attention to words: where a part of a source stands in its translation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np

from mtqa.translate.answers import EDGE, in_word

THRESHOLD = 0.4
"""More than this share of a target token's attention makes it part of the answer: measured, see docs/translate.md."""
MARK = "▁"
BYTE = re.compile("<0x[0-9A-F]{2}>")


class Piece(NamedTuple):
    """A token and its place in the text (code points)."""

    token: str
    start: int
    end: int


def project(
    attention: np.ndarray, source: Sequence[Piece], target: Sequence[Piece], answer: tuple[int, int], text: str
) -> tuple[int, int] | None:
    """Return (start, end) in the translation `text` of the source's part `answer`, or None where nothing attends to it.

    `attention`: float [target tokens, source tokens], marks left out. The run of target tokens is taken whose shares of
    attention on the answer exceed `THRESHOLD` by most in sum, and widened to whole words without punctuation at the
    ends.
    """
    inside = np.array([piece.start < answer[1] and piece.end > answer[0] for piece in source], dtype=bool)
    if not inside.any() or not len(target):
        return None
    share = attention[:, inside].sum(1) / np.maximum(attention.sum(1), 1e-9)
    run = _best_run(share - THRESHOLD)
    return None if run is None else _whole_words(text, target[run[0]].start, target[run[1]].end)


def place_pieces(text: str, tokens: Sequence[str]) -> list[Piece]:
    """Return sentencepiece tokens with their places in the text that they came from.

    The model normalises (NFKC, white space), so characters are compared in that form; where the two still differ,
    what is equal is matched and a token without any counterpart is empty.
    """
    ours = [
        (char, at) for at, raw in enumerate(text) for char in unicodedata.normalize("NFKC", raw) if not char.isspace()
    ]
    theirs = [(char, n) for n, token in enumerate(tokens) for char in _surface(token)]
    left, right = "".join(char for char, _ in ours), "".join(char for char, _ in theirs)
    if left == right:
        pairs = zip(range(len(left)), range(len(right)), strict=True)
    else:
        blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
        pairs = ((b.a + i, b.b + i) for b in blocks for i in range(b.size))  # type: ignore[assignment]
    places: dict[int, tuple[int, int]] = {}
    for mine, other in pairs:
        at, token = ours[mine][1], theirs[other][1]
        places[token] = (places.get(token, (at, at))[0], at + 1)
    found, end = [], 0
    for number, name in enumerate(tokens):
        start, end = places.get(number, (end, end))
        found.append(Piece(name, start, end))
    return found


def _surface(token: str) -> str:
    """Return a token's characters; one byte of a character (`<0xE2>`) has none that could be compared."""
    return "" if BYTE.fullmatch(token) else token.replace(MARK, "")


def _best_run(gain: np.ndarray) -> tuple[int, int] | None:
    """Return first and last place of the run with the largest sum (the first such), None where none is above 0."""
    best = 0.0
    found: tuple[int, int] | None = None
    total, start = 0.0, 0
    for place, value in enumerate(gain.tolist()):
        if total <= 0:
            total, start = 0.0, place
        total += value
        if total > best + 1e-9:
            best, found = total, (start, place)
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start] in EDGE:
        start += 1
    while end > start and text[end - 1] in EDGE:
        end -= 1
    if start == end:
        return None
    while start > 0 and in_word(text[start - 1]) and in_word(text[start]):
        start -= 1
    while end < len(text) and in_word(text[end - 1]) and in_word(text[end]):
        end += 1
    return start, end


def word_tokens(tokens: Sequence[str]) -> dict[str, range]:
    """Return the places of the tokens of each word (without punctuation at its ends) that stands there only once."""
    starts = [i for i, token in enumerate(tokens) if token.startswith(MARK)] or [0]
    found: dict[str, list[range]] = {}
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        word = "".join(tokens[start:end]).replace(MARK, "")
        core = word.strip(EDGE)
        while end > start and not tokens[end - 1].replace(MARK, "").strip(EDGE):
            end -= 1
        found.setdefault(core, []).append(range(start, end))
    return {word: places[0] for word, places in found.items() if word and len(places) == 1}
