"""Translated segments back into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from mtqa.core.schema import Flag
from mtqa.translate.answers import Place, locate
from mtqa.translate.memory import Entry, segment_key
from mtqa.translate.segment import Span, join, translatable

KEPT_WORDS = 4


class Built(NamedTuple):
    """A translated text: score (mean log-probability a token, None where nothing was translated), flags, segments."""

    text: str
    score: float | None
    flags: frozenset[str]
    segments: tuple[dict[str, Any], ...]


@dataclass
class Assembler:
    """Makes rows of one language from English rows; `counts` counts as it goes.

    `split` is the function that the segments came from, `entries` the translation of each by key, `model` the name for
    `mt.model`.
    """

    lang: str
    model: str
    split: Callable[[str], list[Span]]
    entries: Mapping[bytes, Entry]
    flags: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._built = lru_cache(4096)(self._build)

    def row(self, english: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's translation; ids, data set, licence and split stay."""
        question = self._built(english["question"])
        passage = None if english["passage"] is None else self._built(english["passage"])
        title = None if english["title"] is None else self._built(english["title"])
        texts = [self._built(answer["text"]) for answer in english["answers"]]
        flags = {flag for built in (question, passage, title, *texts) if built for flag in built.flags}
        answers = []
        for answer, text in zip(english["answers"], texts, strict=True):
            answers.append(self._answer(answer, text, passage))
            if answer["start"] is not None:
                lost = answers[-1]["start"] is None
                self.answers["lost" if lost else "found"] += 1
                flags |= {Flag.ANSWER_LOST.value} if lost else set()
        self.flags.update(flags)
        return {
            **english,
            "lang": self.lang,
            "question": question.text,
            "passage": None if passage is None else passage.text,
            "title": None if title is None else title.text,
            "answers": answers,
            "mt": {
                "model": self.model,
                "question_score": question.score,
                "passage_score": None if passage is None else passage.score,
                "flags": [flag.value for flag in Flag if flag.value in flags],
                "segments": None if passage is None else list(passage.segments),
            },
        }

    def _build(self, text: str) -> Built:
        spans = self.split(text)
        sources = [text[span.start : span.end] for span in spans]
        found = [self.entries[segment_key(s)] if translatable(s) else None for s in sources]
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
        flags |= {Flag.CUT_SEGMENT.value} if any(span.cut for span in spans) else set()
        return Built(target, _mean_score([entry for entry in found if entry]), frozenset(flags), segments)

    def _answer(self, answer: Mapping[str, Any], text: Built, passage: Built | None) -> dict[str, Any]:
        """Return the answer as it stands in the translated passage, else its own translation with no place."""
        if answer["start"] is None or passage is None:
            return {"text": text.text, "start": None}
        places = [Place(*(s[k] for k in Place.__dataclass_fields__)) for s in passage.segments]
        forms = [text.text, answer["text"]] if _may_be_kept(answer["text"]) else [text.text]
        place = locate(passage.text, forms, answer["start"], places)
        if place is None:
            return {"text": text.text, "start": None}
        return {"text": passage.text[place[0] : place[1]], "start": place[0]}


def _mean_score(entries: list[Entry]) -> float | None:
    """Return the mean log-probability a token over segments, `</s>` counted; None where there is no segment."""
    weights = [entry.tokens + 1 for entry in entries]
    if not weights:
        return None
    return sum(e.score * w for e, w in zip(entries, weights, strict=True)) / sum(weights)


def _may_be_kept(answer: str) -> bool:
    """Return whether an English answer may stand in the translation as it is: a number, or a name of some length."""
    return answer[:1].isdigit() or (answer[:1].isupper() and len(answer) >= KEPT_WORDS)
