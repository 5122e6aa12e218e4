"""The sentence of a passage that holds an answer's start (LAReQA's rule: only the start counts)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=64)
def sentences(text: str, iso: str = "en") -> tuple[tuple[int, int], ...]:
    """Return the (start, end) of each sentence, without the blanks around it; `iso` is the language's ISO code."""
    import sentencex

    spans, cursor = [], 0
    for piece in sentencex.segment(iso, text):
        words = piece.strip()
        start = text.find(words, cursor) if words else -1
        if start >= 0:
            cursor = start + len(words)
            spans.append((start, cursor))
    return tuple(spans)


def sentence_at(text: str, place: int, iso: str = "en") -> tuple[int, int] | None:
    """Return the (start, end) of the sentence that holds a place, None where none does."""
    return next(((start, end) for start, end in sentences(text, iso) if start <= place < end), None)
