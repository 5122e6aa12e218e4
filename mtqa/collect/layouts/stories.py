"""DuoRC (film plots) and NewsQA (CNN stories): one long text, many questions, answers that may be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.collect.layouts.values import Row, get, records, text, texts
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop

NEWSQA_SPLITS = {"train": None, "dev": "validation", "test": "test"}


def duorc(row: Row, where: str) -> Iterator[RawItem]:
    """Yield a row of the Hub's table, or all questions of a film of the authors' JSON (`qa`).

    Answers were picked from the plot or written freely, so many do not stand in it word by word.
    """
    nested = "qa" in row
    for number, qa in enumerate(records(row["qa"], where) if nested else [dict(row)]):
        at = f"{where}, qa[{number}]" if nested else where
        answers = [Answer(answer) for answer in texts(qa, "answers", at) if answer.strip()]
        yield RawItem(
            id=text(qa, "id" if nested else "question_id", at),
            question=text(qa, "question", at),
            passage=text(row, "plot", where),
            title=text(row, "title", where),
            answers=tuple(answers),
            drop=Drop.UNANSWERABLE if qa.get("no_answer") or not answers else None,
            document=True,
        )


def newsqa(row: Row, where: str) -> Iterator[RawItem]:
    """Yield the questions of a story: an entry of combined-newsqa-data-v1.json, or a row of the CSV of that name.

    JSON: the annotators' consensus is the answer. CSV: the ranges that most annotators marked, the first of equals.
    Bad questions and those without a consensus are unanswerable. The story's split is kept: train, dev, test.
    """
    if "questions" not in row:
        yield _newsqa_csv(row, where)
        return
    story, kind = text(row, "text", where), row.get("type")
    if kind not in NEWSQA_SPLITS:
        raise UsageError("The story's 'type' is unknown.", where=where, expected=", ".join(NEWSQA_SPLITS))
    for number, question in enumerate(records(row["questions"], where)):
        at = f"{where}, questions[{number}]"
        spans = _span(get(question, "consensus", Mapping, at))
        yield _story(
            f"{text(row, 'storyId', where)} {number}", text(question, "q", at), story, spans, NEWSQA_SPLITS[kind]
        )


def _span(consensus: Mapping[str, Any]) -> list[tuple[int, int]]:
    start, end = consensus.get("s"), consensus.get("e")
    bad = consensus.get("badQuestion") or consensus.get("noAnswer")
    return [] if bad or not isinstance(start, int) or not isinstance(end, int) or end <= start else [(start, end)]


def _newsqa_csv(row: Row, where: str) -> RawItem:
    votes: dict[str, int] = {}
    for ranges in text(row, "answer_char_ranges", where).split("|"):
        votes[ranges] = votes.get(ranges, 0) + 1
    best = max(votes, key=lambda ranges: votes[ranges])
    try:
        spans = [] if best in ("None", "") else [(int(a), int(b)) for a, b in (s.split(":") for s in best.split(","))]
    except ValueError as error:
        raise UsageError(
            "The answers' ranges cannot be read.", where=where, expected="196:228|196:202,217:228|None"
        ) from error
    question, story = text(row, "question", where), text(row, "story_text", where)
    return _story(text(row, "story_id", where), question, story, spans, None)


def _story(name: str, question: str, story: str, spans: list[tuple[int, int]], split: str | None) -> RawItem:
    """Make the item; a range may end in blanks, which are cut off."""
    answers = [Answer(story[start:end].rstrip(), start) for start, end in spans if story[start:end].strip()]
    drop = None if answers else Drop.UNANSWERABLE
    return RawItem(name, question, story, None, tuple(answers), split, drop, document=True)
