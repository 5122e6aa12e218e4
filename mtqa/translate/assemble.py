"""Translated segments back into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from mtqa.core.errors import MtqaError
from mtqa.core.schema import Flag
from mtqa.translate.align import Question
from mtqa.translate.answers import Place, locate
from mtqa.translate.memory import Entry, segment_key
from mtqa.translate.segment import Span, join, translatable

KEPT_WORDS = 4
BUILT_KEPT = 512
TEXTS = ("question", "passage", "title")


def texts_of(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is translated of a row, as far as its columns were read: texts, then answers."""
    yield from (row[name] for name in TEXTS if row.get(name) is not None)
    yield from (answer["text"] for answer in row.get("answers", ()))


class Built(NamedTuple):
    """A translated text: score (mean log-probability a token, None where nothing was translated), flags, segments."""

    text: str
    score: float | None
    flags: frozenset[str]
    segments: tuple[dict[str, Any], ...]


class Open(NamedTuple):
    """An answer that does not stand literally in the passage: its number, what to ask, where the segment starts."""

    answer: int
    question: Question
    target_start: int


@dataclass
class Draft:
    """A row whose open answers are still to be found."""

    row: dict[str, Any]
    flags: set[str]
    open: list[Open]


@dataclass
class Assembler:
    """Makes rows of one language from English rows and counts as it goes.

    `split` is the function that the segments came from, `get` returns the translations of segments by key, `model` is
    the name for `mt.model`.
    """

    lang: str
    model: str
    split: Callable[[str], list[Span]]
    get: Callable[[Iterator[bytes]], Mapping[bytes, Entry]]
    flags: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._entries: Mapping[bytes, Entry] = {}
        self._built = lru_cache(BUILT_KEPT)(self._build)

    def drafts(self, english: Sequence[Mapping[str, Any]]) -> list[Draft]:
        """Return the translations of some rows; ids, data set, licence and split stay."""
        self._look_up({text for row in english for text in texts_of(row)})
        return [self._draft(row) for row in english]

    def texts(self, sources: Sequence[str]) -> list[str]:
        """Return the translations of some texts."""
        self._look_up(set(sources))
        return [self._built(text).text for text in sources]

    def _look_up(self, texts: set[str]) -> None:
        self._entries = self.get(
            segment_key(text[span.start : span.end]) for text in texts for span in self.split(text)
        )

    def finish(self, draft: Draft, places: Mapping[bytes, tuple[int, int] | None]) -> dict[str, Any]:
        """Return a row, its open answers put where `places` (by the question's key) says, or flagged as lost."""
        row, flags = draft.row, draft.flags
        for number, question, start in draft.open:
            place = places.get(question.key)
            self.answers["lost" if place is None else "aligned"] += 1
            flags.add((Flag.ANSWER_LOST if place is None else Flag.ANSWER_ALIGNED).value)
            if place is not None:
                begin, end = start + place[0], start + place[1]
                row["answers"][number] = {"text": row["passage"][begin:end], "start": begin}
        row["mt"]["flags"] = [flag.value for flag in Flag if flag.value in flags]
        self.flags.update(flags)
        return row

    def _draft(self, english: Mapping[str, Any]) -> Draft:
        built = {name: None if english[name] is None else self._built(english[name]) for name in TEXTS}
        question, passage = built["question"], built["passage"]
        texts = [self._built(answer["text"]) for answer in english["answers"]]
        flags = {flag for text in (*built.values(), *texts) if text for flag in text.flags}
        answers, still_open = [], []
        for number, (answer, text) in enumerate(zip(english["answers"], texts, strict=True)):
            found = self._answer(answer, text, passage)
            answers.append(found or {"text": text.text, "start": None})
            if answer["start"] is None or passage is None:
                continue
            if found:
                self.answers["found"] += 1
            elif asked := _question(english["passage"], answer, passage):
                still_open.append(Open(number, *asked))
            else:
                self.answers["lost"] += 1
                flags.add(Flag.ANSWER_LOST.value)
        row = {
            **english,
            "lang": self.lang,
            **{name: None if text is None else text.text for name, text in built.items()},
            "answers": answers,
            "mt": {
                "model": self.model,
                "question_score": None if question is None else question.score,
                "passage_score": None if passage is None else passage.score,
                "flags": [],
                "segments": None if passage is None else list(passage.segments),
            },
        }
        return Draft(row, flags, still_open)

    def _build(self, text: str) -> Built:
        spans = self.split(text)
        sources = [text[span.start : span.end] for span in spans]
        found = [self._entry(source) for source in sources]
        pieces = [source if entry is None else entry.text for source, entry in zip(sources, found, strict=True)]
        target, starts = join(pieces, text, spans)
        segments = tuple(
            {
                "source_start": span.start,
                "source_end": span.end,
                "target_start": start,
                "target_end": start + len(piece),
                "score": None if entry is None else entry.score,
            }
            for span, piece, start, entry in zip(spans, pieces, starts, found, strict=True)
        )
        flags = {flag for entry in found if entry for flag in entry.flags}
        flags |= {Flag.CUT_SEGMENT.value} if any(span.pieces for span in spans) else set()
        return Built(target, _mean_score([entry for entry in found if entry]), frozenset(flags), segments)

    def _entry(self, segment: str) -> Entry | None:
        if not translatable(segment):
            return None
        entry = self._entries.get(segment_key(segment))
        if entry is None:
            raise MtqaError(
                "A segment is not in the translation memory.",
                where=segment[:80],
                expected="the memory as it was when the job was planned",
                next_step="run the same command again: what is missing is translated",
            )
        return entry

    def _answer(self, answer: Mapping[str, Any], text: Built, passage: Built | None) -> dict[str, Any] | None:
        """Return the answer as it stands literally in the translated passage, or None."""
        if answer["start"] is None or passage is None:
            return None
        places = [Place(*(s[k] for k in Place.__dataclass_fields__)) for s in passage.segments]
        forms = [text.text, answer["text"]] if _may_be_kept(answer["text"]) else [text.text]
        place = locate(passage.text, forms, answer["start"], places)
        return None if place is None else {"text": passage.text[place[0] : place[1]], "start": place[0]}


def _question(passage: str, answer: Mapping[str, Any], built: Built) -> tuple[Question, int] | None:
    """Return what to ask the attention about an answer, and where its segment's translation begins."""
    start = answer["start"]
    home = next((s for s in built.segments if s["source_start"] <= start < s["source_end"]), None)
    if home is None or home["score"] is None:
        return None
    source = passage[home["source_start"] : home["source_end"]]
    target = built.text[home["target_start"] : home["target_end"]]
    begin = start - home["source_start"]
    return Question(source, target, (begin, min(begin + len(answer["text"]), len(source)))), home["target_start"]


def _mean_score(entries: list[Entry]) -> float | None:
    """Return the mean log-probability a token over segments, `</s>` counted; None where there is no segment."""
    weights = [entry.tokens + 1 for entry in entries]
    if not weights:
        return None
    return sum(e.score * w for e, w in zip(entries, weights, strict=True)) / sum(weights)


def _may_be_kept(answer: str) -> bool:
    """Return whether an English answer may stand in the translation as it is: a number, or a name of some length."""
    return answer[:1].isdigit() or (answer[:1].isupper() and len(answer) >= KEPT_WORDS)
