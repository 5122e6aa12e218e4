"""TyDi QA: the gold-passage task (SQuAD-shaped) and the primary task (whole articles, places counted in bytes)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.collect.layouts.values import Row, get, records, text, texts
from mtqa.core.schema import Drop

ENGLISH = "english"


def tydiqa(row: Row, where: str, language: str = ENGLISH) -> Iterator[RawItem]:
    """Yield the question of either task; the other ten languages are dropped, with that reason."""
    yield _primary(row, where, language) if "document_plaintext" in row else _gold(row, where, language)


def _gold(row: Row, where: str, language: str) -> RawItem:
    """Make an item of the gold-passage task; its ids begin with the language's name."""
    name = text(row, "id", where)
    answers = row.get("answers")
    starts = answers.get("answer_start") if isinstance(answers, dict) else None
    found = texts(answers, "text", where)
    return RawItem(
        name,
        text(row, "question", where),
        text(row, "context", where),
        text(row, "title", where),
        tuple(Answer(a, s) for a, s in zip(found, starts or [None] * len(found), strict=True)),
        drop=None if name.startswith(f"{language}-") else Drop.OTHER_LANGUAGE,
    )


def _primary(row: Row, where: str, language: str) -> RawItem:
    """Make an item of the primary task: the passage that an annotator chose, the minimal answer where there is one.

    Of several annotations the first with a minimal answer counts, else the first with a yes or no, else the first with
    a passage; none: unanswerable.
    """
    question, title = text(row, "question_text", where), text(row, "document_title", where)
    name = str(row.get("example_id") or f"{title} {question}")
    if get(row, "language", str, where).lower() != language:
        return RawItem(name, question, "", title, drop=Drop.OTHER_LANGUAGE)
    passages = records(row.get("passage_answer_candidates"), where)
    chosen = [_annotation(a) for a in records(row.get("annotations"), where)]
    chosen = [a for a in chosen if 0 <= a[0] < len(passages)]
    if not chosen:
        return RawItem(name, question, "", title, drop=Drop.UNANSWERABLE)
    index, start, end, said = min(chosen, key=lambda a: (a[1] < 0, a[3] not in ("YES", "NO")))
    raw = text(row, "document_plaintext", where).encode()
    first, last = (int(passages[index][f"plaintext_{edge}_byte"]) for edge in ("start", "end"))
    passage = raw[first:last].decode(errors="replace")
    answers: tuple[Answer, ...] = ()
    if first <= start < end <= last:
        answers = (Answer(raw[start:end].decode(errors="replace"), len(raw[first:start].decode(errors="replace"))),)
    elif said in ("YES", "NO"):
        answers = (Answer(said.lower()),)
    return RawItem(name, question, passage, title, answers)


def _annotation(entry: dict[str, Any]) -> tuple[int, int, int, str]:
    """Return (passage, start, end, yes or no) of Google's nested annotation or of the Hub's flat one."""
    minimal, passage = entry.get("minimal_answer"), entry.get("passage_answer")
    if isinstance(minimal, dict) and isinstance(passage, dict):
        places = (minimal["plaintext_start_byte"], minimal["plaintext_end_byte"])
        return int(passage["candidate_index"]), int(places[0]), int(places[1]), str(entry["yes_no_answer"])
    return (
        int(entry["passage_answer_candidate_index"]),
        int(entry["minimal_answers_start_byte"]),
        int(entry["minimal_answers_end_byte"]),
        str(entry["yes_no_answer"]),
    )
