"""Results by what the answer is like: its type and its length.

A question's translations are judged by one text, its English answer, so that a question is in one class in every
language; where the benchmark's languages leave English out there are no classes. The types are simple on purpose, as
any reader can check them: `number`: a digit occurs; `name`: every word but function words begins with a capital;
`phrase`: all others. Lengths are counted in words between spaces.
"""

from __future__ import annotations

from typing import Any

from mtqa.core.languages import ENGLISH
from mtqa.evaluate.lareqa import Benchmark
from mtqa.evaluate.perquery import METRICS, PerQuery, mean

TYPES = ("number", "name", "phrase")
LENGTHS = {"1 word": 1, "2–3 words": 3, "4–7 words": 7}
LONGER = "8 or more words"
FUNCTION_WORDS = {
    "a",
    "an",
    "and",
    "at",
    "by",
    "de",
    "del",
    "for",
    "from",
    "in",
    "la",
    "le",
    "of",
    "on",
    "or",
    "the",
    "to",
}


def answer_type(answer: str) -> str:
    """Return `number`, `name` or `phrase` of an English answer."""
    if any(character.isdigit() for character in answer):
        return "number"
    words = [word for word in answer.split() if word.lower() not in FUNCTION_WORDS and any(map(str.isalpha, word))]
    capitals = [next(c for c in word if c.isalpha()).isupper() for word in words]
    return "name" if capitals and all(capitals) else "phrase"


def answer_length(answer: str) -> str:
    """Return the class of an answer's length."""
    words = len(answer.split())
    return next((name for name, most in LENGTHS.items() if words <= most), LONGER)


def by_answer(benchmark: Benchmark, values: PerQuery) -> dict[str, Any] | None:
    """Return `type` and `length`, each class → its number of questions and headline numbers; None without English."""
    answers = {query.id: query.answer for query in benchmark.queries if query.lang == ENGLISH and query.answer}
    if not answers:
        return None
    classes = {"type": (answer_type, TYPES), "length": (answer_length, (*LENGTHS, LONGER))}
    return {
        name: {
            label: _numbers(values, {id_ for id_, answer in answers.items() if classify(answer) == label})
            for label in labels
        }
        for name, (classify, labels) in classes.items()
    }


def _numbers(values: PerQuery, ids: set[str]) -> dict[str, float]:
    if not ids:
        return {"questions": 0}
    some = values.of_questions(ids)
    return {"questions": len(ids), **{metric: mean(some.cells(metric)) for metric in METRICS}}
