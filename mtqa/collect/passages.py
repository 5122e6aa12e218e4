"""Cutting documents into passages at sentence borders, so that the answer stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mtqa.collect.bm25 import best
from mtqa.collect.items import Answer
from mtqa.collect.match import holds
from mtqa.collect.sentence import sentences

DOCUMENT_CHARACTERS = 1000
"""What documents are cut to: about 170 English words, some 250 tokens of XLM-R, so that a translation twice as long
in tokens still fits 512; Wikipedia paragraphs of SQuAD have 740 characters on average."""

Span = tuple[int, int]


@lru_cache(maxsize=64)
def windows(text: str, characters: int, iso: str = "en") -> tuple[Span, ...]:
    """Return the (start, end) of passages: as many whole sentences as fit, one at least, in order, none left out.

    They depend on the text alone, so all questions of a document share them. A sentence longer than `characters` is a
    passage of its own, whole.
    """
    spans: list[Span] = []
    for start, end in sentences(text, iso):
        if spans and end - spans[-1][0] <= characters:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def around(text: str, answer: Span, characters: int, iso: str = "en") -> Span | None:
    """Return the passage that holds an answer's (start, end) whole.

    It is one of `windows` where one holds it; else it is made of the sentences that the answer touches, which grow by
    one to the left and to the right in turn while they fit. None where the answer lies outside all sentences.
    """
    for start, end in windows(text, characters, iso):
        if start <= answer[0] and answer[1] <= end:
            return start, end
    spans = sentences(text, iso)
    touched = [n for n, (start, end) in enumerate(spans) if start < answer[1] and answer[0] < end]
    if not touched:
        return None
    first, last = touched[0], touched[-1]
    left = True
    while True:
        options = [(first - 1, last), (first, last + 1)] if left else [(first, last + 1), (first - 1, last)]
        fitting = [(a, b) for a, b in options if a >= 0 and b < len(spans) and spans[b][1] - spans[a][0] <= characters]
        if not fitting:
            return spans[first][0], spans[last][1]
        first, last = fitting[0]
        left = not left


def by_answer(text: str, question: str, answers: Sequence[Answer], characters: int, iso: str = "en") -> Span | None:
    """Return the passage that best fits the question (BM25) among those that hold an answer; None where none does.

    For documents in which nobody marked the answer (distant supervision): the answer's words need not answer the
    question there, which is why the question has a say.
    """
    spans = windows(text, characters, iso)
    holding = [span for span in spans if any(holds(text[span[0] : span[1]], answer.text) for answer in answers)]
    if len(holding) < 2:
        return holding[0] if holding else None
    return holding[best(question, [text[start:end] for start, end in holding])]
