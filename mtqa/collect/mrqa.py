"""MRQA's JSON lines: a header line, then contexts with questions and the places where answers were detected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mtqa.collect.items import Answer, RawItem, as_text
from mtqa.collect.tabular import Row
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop

SHAPE = "a header line, then context and qas[] of qid, question, answers, detected_answers[] of text, char_spans"


def is_mrqa(first: Any) -> bool:
    """Tell whether the first line of a JSON-lines file is MRQA's header."""
    return isinstance(first, dict) and isinstance(first.get("header"), dict)


def read_mrqa(rows: Iterable[Row], path: Path) -> Iterator[RawItem]:
    """Yield the questions; an answer's start is that of its first detected span (ends are inclusive in MRQA).

    Answers that were not detected in the context are kept without a place. Raises UsageError with the line where the
    data are not of that shape.
    """
    for where, row in rows:
        if "header" in row:
            continue
        try:
            for qa in row["qas"]:
                detected = [_detected(found) for found in qa["detected_answers"]]
                known = {answer.text for answer in detected}
                others = [as_text(text) for text in qa.get("answers", [])]
                answers = (*detected, *(Answer(text) for text in others if text not in known))
                drop = None if answers else Drop.UNANSWERABLE
                question, passage = as_text(qa["question"]), as_text(row["context"])
                yield RawItem(str(qa["qid"]), question, passage, None, answers, drop=drop)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise UsageError("The file is not MRQA's JSON lines.", where=where or path, expected=SHAPE) from error


def _detected(found: dict[str, Any]) -> Answer:
    start = found["char_spans"][0][0]
    if not isinstance(start, int):
        raise TypeError(f"{start!r} is not a place")
    return Answer(as_text(found["text"]), start)
