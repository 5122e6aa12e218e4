"""What readers yield: one item of a source, as the source has it."""

from __future__ import annotations

from typing import NamedTuple

from mtqa.core.schema import Drop


class Answer(NamedTuple):
    """An answer's text and its start in the passage (code points), None where unknown."""

    text: str
    start: int | None = None


def as_text(value: object) -> str:
    """Return a text as it is; raises TypeError for anything else, which JSON may hold in its place."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


class RawItem(NamedTuple):
    """A question with what belongs to it, uncleaned; a tuple, as millions of them may go from process to process.

    `passage` is None where the source has no passages, "" where this row lacks one. `split` is the source's own split
    where it must stay what it is (`validation`, `test`), None where collect may choose. `drop` is why the source itself
    says that this is no pair: unanswerable, judged not relevant, of another language. `document`: the passage is a
    whole document, of which the part with an answer is wanted. `alone`: the source has questions and nothing else.
    """

    id: str
    question: str
    passage: str | None
    title: str | None = None
    answers: tuple[Answer, ...] = ()
    split: str | None = None
    drop: Drop | None = None
    document: bool = False
    alone: bool = False
