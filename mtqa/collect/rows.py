"""From a raw item to a row of the corpus, or to the reason why there is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mtqa.collect.clean import clean_line, clean_text, relocate
from mtqa.collect.items import Answer, RawItem
from mtqa.collect.sentence import sentence_at
from mtqa.collect.split import split_of
from mtqa.core.hashing import content_id
from mtqa.core.schema import Drop

STARTS_LOST = "answer_starts_lost"
STARTS_CORRECTED = "answer_starts_corrected"
CROSSES_SENTENCE = "answers_crossing_sentence"
NOTES = (STARTS_LOST, STARTS_CORRECTED, CROSSES_SENTENCE)
"""What is counted about usable rows, before duplicates and the limit go: a start that could not be found again, one
that was wrong and could be corrected, an answer that runs past its sentence (its start becomes null)."""


@dataclass(frozen=True)
class RowMaker:
    """What turns a source's items into rows; `iso` is the language's code for the sentence splitter."""

    dataset: str
    licence: str
    language: str
    iso: str
    sentence: bool
    validation: float

    def make(self, raw: RawItem, notes: Counter[str]) -> dict[str, Any] | Drop:
        """Return the row, or why the item is dropped; counts into `notes`.

        In a sentence's row the passage is that of the first answer with a known start, and answers elsewhere go.
        """
        question = clean_line(raw.question)
        if not question:
            return Drop.NO_QUESTION
        passage = None if raw.passage is None else clean_text(raw.passage)
        if passage == "":
            return Drop.NO_PASSAGE
        if raw.unanswerable:
            return Drop.UNANSWERABLE
        row_notes: Counter[str] = Counter()
        answers = _answers(raw, passage, row_notes)
        if passage is None and not answers:
            return Drop.NO_ANSWER
        unit = passage
        if self.sentence:
            cut = self._cut(passage, answers, row_notes)
            if cut is None:
                return Drop.NO_ANSWER_START
            unit, answers = cut
        notes.update(row_notes)
        return self._row(raw, question, passage, unit, answers)

    def _cut(self, passage: str | None, answers: list[Answer], notes: Counter[str]) -> tuple[str, list[Answer]] | None:
        first = next((a.start for a in answers if a.start is not None), None)
        span = None if passage is None or first is None else sentence_at(passage, first, self.iso)
        if passage is None or span is None:
            return None
        start, end = span
        inside = [a for a in answers if a.start is not None and start <= a.start < end]
        crossing = [a.start is not None and a.start + len(a.text) > end for a in inside]
        notes[CROSSES_SENTENCE] += sum(crossing)
        cut = [
            Answer(a.text, None if crosses or a.start is None else a.start - start)
            for a, crosses in zip(inside, crossing, strict=True)
        ]
        return passage[start:end], cut

    def _row(
        self, raw: RawItem, question: str, passage: str | None, unit: str | None, answers: list[Answer]
    ) -> dict[str, Any]:
        question_id = content_id(question)
        group = question_id if passage is None else _passage_id(passage)
        return {
            "item_id": content_id(self.dataset, raw.split or "train", raw.id, question, unit),
            "passage_id": None if unit is None else _passage_id(unit),
            "question_id": question_id,
            "dataset": self.dataset,
            "licence": self.licence,
            "split": raw.split or split_of(group, self.validation),
            "lang": self.language,
            "question": question,
            "passage": unit,
            "title": clean_line(raw.title or "") or None,
            "answers": [{"text": answer.text, "start": answer.start} for answer in answers],
            "mt": None,
        }


@lru_cache(maxsize=64)
def _passage_id(passage: str) -> str:
    """Return a passage's id; several questions in a row share one."""
    return content_id(passage)


def _answers(raw: RawItem, passage: str | None, notes: Counter[str]) -> list[Answer]:
    """Return the cleaned answers, each once, with their starts in the cleaned passage."""
    answers: dict[Answer, None] = {}
    for text, start in raw.answers:
        answer = clean_text(text)
        if not answer:
            continue
        place = None
        if start is not None and passage is not None and raw.passage is not None:
            place = relocate(raw.passage, passage, text, answer, start)
            if place is None:
                notes[STARTS_LOST] += 1
            elif raw.passage[start : start + len(text)] != text:
                notes[STARTS_CORRECTED] += 1
        answers[Answer(answer, place)] = None
    return list(answers)
