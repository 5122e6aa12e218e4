"""From a raw item to a row of the corpus, or to the reason why there is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from mtqa.collect.bm25 import Collection
from mtqa.collect.clean import clean_line, clean_text, relocate
from mtqa.collect.contamination import Benchmarks
from mtqa.collect.items import Answer, RawItem
from mtqa.collect.match import only_place
from mtqa.collect.passages import DOCUMENT_CHARACTERS, around, by_answer
from mtqa.collect.sentence import sentence_at
from mtqa.collect.split import split_of
from mtqa.core.hashing import id_of_json, json_text
from mtqa.core.schema import Drop

STARTS_LOST = "answer_starts_lost"
STARTS_CORRECTED = "answer_starts_corrected"
STARTS_FOUND = "answer_starts_found"
CROSSES_SENTENCE = "answers_crossing_sentence"
PASSAGES_CUT = "passages_cut"
PASSAGES_MATCHED = "passages_matched_by_answer"
PASSAGES_LEFT_LONG = "passages_left_long"
PASSAGES_PAIRED = "passages_paired"
NOTES = (
    STARTS_LOST,
    STARTS_CORRECTED,
    STARTS_FOUND,
    CROSSES_SENTENCE,
    PASSAGES_CUT,
    PASSAGES_MATCHED,
    PASSAGES_LEFT_LONG,
    PASSAGES_PAIRED,
)
"""What is counted about usable rows, before duplicates and the limit go: a start that could not be found again, one
that was wrong and could be corrected, one that the source lacks and that only one place can be, an answer that runs
past its sentence (its start becomes null), a passage cut out of a longer one around the answer's place, the same where
only the answer's words say where, a passage longer than asked for that has no answer to cut around, a passage found in
the collection of `pair_with`."""

Cut = tuple[str, list[Answer]]


class Row(NamedTuple):
    """What differs between the rows of a source; the columns of the corpus's schema."""

    item_id: str
    passage_id: str | None
    question_id: str
    licence: str
    split: str
    question: str
    passage: str | None
    title: str | None
    answers: list[Answer]


@dataclass(frozen=True)
class RowMaker:
    """What turns a source's items into rows; `iso` is the language's code for the sentence splitter.

    `characters` is the length to which all long passages are cut; None: only documents, to `DOCUMENT_CHARACTERS`.
    """

    dataset: str
    licence: str
    language: str
    iso: str
    sentence: bool
    validation: float
    characters: int | None = None
    benchmarks: Benchmarks = field(default_factory=Benchmarks)
    collection: Collection | None = None
    paired_licence: str = ""

    def make(self, raw: RawItem, notes: Counter[str]) -> Row | Drop:
        """Return the row, or why the item is dropped; counts into `notes`.

        In a sentence's or a cut passage's row the text is that of the first answer with a known start, and answers
        elsewhere go.
        """
        question = clean_line(raw.question)
        if not question:
            return Drop.NO_QUESTION
        if raw.drop is not None:
            return raw.drop
        row_notes: list[str] = []
        paired = self._pair(raw, question)
        if paired is None:
            return Drop.NO_PASSAGE_FOUND
        if paired is not raw:
            row_notes.append(PASSAGES_PAIRED)
        passage = None if paired.passage is None else clean_text(paired.passage)
        if passage == "":
            return Drop.NO_PASSAGE
        answers = _answers(paired, passage, row_notes)
        if passage is None and not answers and not raw.alone:
            return Drop.NO_ANSWER
        unit = self._unit(paired, question, passage, answers, row_notes)
        if isinstance(unit, Drop):
            return unit
        # A sentence of a benchmark's passage is one, however short; what is cut from a document need not be.
        if self.benchmarks and self.benchmarks.hold(question, unit[0] if paired.document else passage):
            return Drop.CONTAMINATED
        if row_notes:
            notes.update(row_notes)
        licence = self.paired_licence if paired is not raw else self.licence
        return self._row(paired, question, passage, unit, licence)

    def _pair(self, raw: RawItem, question: str) -> RawItem | None:
        """Return the item with a passage of the collection where it has none; None where no passage fits."""
        if raw.passage is not None or self.collection is None:
            return raw
        found = self.collection.find(question, [Answer(clean_text(answer.text)) for answer in raw.answers])
        return raw._replace(passage=found[1], title=found[0] or raw.title) if found else None

    def _unit(
        self, raw: RawItem, question: str, passage: str | None, answers: list[Answer], notes: list[str]
    ) -> tuple[str | None, list[Answer]] | Drop:
        """Return what becomes the row's passage with the answers in it: whole, cut, or a sentence."""
        if self.sentence:
            return self._sentence(passage, answers, notes) or Drop.NO_ANSWER_START
        most = self.characters or (DOCUMENT_CHARACTERS if raw.document else None)
        if passage is None or most is None or len(passage) <= most:
            return passage, answers
        first = next((a for a in answers if a.start is not None), None)
        if first is not None and first.start is not None:
            span = around(passage, (first.start, first.start + len(first.text)), most, self.iso)
            notes += [PASSAGES_CUT] if span else []
        else:
            span = by_answer(passage, question, answers, most, self.iso) if answers else None
            notes += [PASSAGES_MATCHED] if span else []
        if span is None:
            if raw.document and answers:
                return Drop.ANSWER_NOT_IN_DOCUMENT
            notes.append(PASSAGES_LEFT_LONG)
            return passage, answers
        return passage[span[0] : span[1]], _inside(passage, answers, span)

    def _sentence(self, passage: str | None, answers: list[Answer], notes: list[str]) -> Cut | None:
        first = next((a.start for a in answers if a.start is not None), None)
        span = None if passage is None or first is None else sentence_at(passage, first, self.iso)
        if passage is None or span is None:
            return None
        start, end = span
        inside = [a for a in answers if a.start is not None and start <= a.start < end]
        crossing = [a.start is not None and a.start + len(a.text) > end for a in inside]
        notes += [CROSSES_SENTENCE] * sum(crossing)
        cut = [
            Answer(a.text, None if crosses or a.start is None else a.start - start)
            for a, crosses in zip(inside, crossing, strict=True)
        ]
        return passage[start:end], cut

    def _row(
        self,
        raw: RawItem,
        question: str,
        passage: str | None,
        unit: tuple[str | None, list[Answer]],
        licence: str,
    ) -> Row:
        text, answers = unit
        question_json = json_text(question)
        question_id = id_of_json(question_json)
        passage_json, passage_id = _passage(text)
        group = question_id if passage is None else _passage(passage)[1]
        split = raw.split or "train"
        return Row(
            id_of_json(f"{_origin(self.dataset, split)},{json_text(raw.id)},{question_json},{passage_json}"),
            passage_id,
            question_id,
            licence,
            raw.split or split_of(group or "", self.validation),
            question,
            text,
            (clean_line(raw.title) or None) if raw.title else None,
            answers,
        )


def joined_licence(one: str, other: str) -> str:
    """Return the licence of what is made of two things: ` AND ` between the names, as cards read it."""
    return one if one == other else f"{one} AND {other}"


@lru_cache(maxsize=64)
def _origin(dataset: str, split: str) -> str:
    return f"{json_text(dataset)},{json_text(split)}"


@lru_cache(maxsize=64)
def _passage(passage: str | None) -> tuple[str, str | None]:
    """Return a passage as JSON, and its id; several questions in a row share one."""
    written = json_text(passage)
    return written, None if passage is None else id_of_json(written)


def _answers(raw: RawItem, passage: str | None, notes: list[str]) -> list[Answer]:
    """Return the cleaned answers, each once, with their starts in the cleaned passage.

    An answer without a place in the source (or with one before its beginning, which some write for "unknown") gets one
    where it stands in the passage exactly once.
    """
    answers: dict[Answer, None] = {}
    for text, start in raw.answers:
        answer = clean_text(text)
        if not answer:
            continue
        place = None
        if start is not None and start >= 0 and passage is not None and raw.passage is not None:
            place = relocate(raw.passage, passage, text, answer, start)
            if place is None:
                notes.append(STARTS_LOST)
            elif raw.passage[start : start + len(text)] != text:
                notes.append(STARTS_CORRECTED)
        elif passage is not None:
            place = only_place(passage, answer)
            notes += [] if place is None else [STARTS_FOUND]
        answers[Answer(answer, place)] = None
    return list(answers)


def _inside(passage: str, answers: list[Answer], span: tuple[int, int]) -> list[Answer]:
    """Return the answers in a part of a passage: those placed in it, and those whose words only it may hold."""
    start, end = span
    text = passage[start:end]
    kept: dict[Answer, None] = {}
    for answer in answers:
        if answer.start is None:
            kept[Answer(answer.text, only_place(text, answer.text))] = None
        elif start <= answer.start and answer.start + len(answer.text) <= end:
            kept[Answer(answer.text, answer.start - start)] = None
    return list(kept)
