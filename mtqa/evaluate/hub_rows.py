"""Benchmarks of whole passages as the Hub holds them: one row a question, with its passage.

Two forms of rows. Belebele (facebook/belebele, `data/LANG.jsonl`): `link`, `question_number`, `flores_passage`,
`question`, `mc_answer1` …, `correct_answer_num`; a passage is known by its link, as in mteb. XQuAD and XQuAD-R
(google/xquad, google-research-datasets/xquad_r, `LANG/*.parquet`): `id`, `context`, `question`, `answers`. The Hub's
rows do not say where sentences begin, so they are good for passages only; MLQA-R is not on the Hub.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.errors import UsageError
from mtqa.evaluate.lareqa import ROWS, Benchmark, Candidate, Query

EXPECTED = (
    "rows of Belebele (link, question_number, flores_passage, question, mc_answer1 …, correct_answer_num) or of XQuAD "
    "(id, context, question, answers)"
)


@dataclass(frozen=True)
class Row:
    """One question: its id and its passage's, both shared by translations, and the texts."""

    question_id: str
    passage_id: str
    question: str
    passage: str
    answer: str


def are_rows(files: dict[str, Path]) -> bool:
    """Say whether files of a benchmark hold rows and not the official JSON."""
    return any(path.name.endswith(ROWS) for path in files.values())


def load_rows(name: str, files: dict[str, Path]) -> Benchmark:
    """Read a benchmark whose candidates are passages; a question's gold is its passage in each language that has it.

    Raises UsageError naming file and row where one is wrong, a question id occurs twice in a language, or one link
    stands for two passages.
    """
    queries: list[Query] = []
    candidates: list[Candidate] = []
    answers: list[dict[str, int]] = []
    bounds = [0]
    for lang, path in files.items():
        places: dict[str, int] = {}
        answer_of: dict[str, int] = {}
        for number, row in enumerate(_rows(path), start=1):
            place = places.setdefault(row.passage_id, len(candidates))
            if place == len(candidates):
                candidates.append(Candidate(str(len(places) - 1), lang, row.passage, row.passage))
            if candidates[place].sentence != row.passage:
                raise UsageError("Two passages share a link.", where=f"{path}: row {number}", expected="one each")
            if row.question_id in answer_of:
                raise UsageError(f"The question id {row.question_id!r} occurs twice.", where=f"{path}: row {number}")
            answer_of[row.question_id] = place
            queries.append(Query(row.question_id, lang, row.question, row.answer))
        answers.append(answer_of)
        bounds.append(len(candidates))
    if not queries:
        raise UsageError("The files hold no question.", where=next(iter(files.values())).parent)
    gold = np.array([[of.get(query.id, -1) for of in answers] for query in queries], np.int64)
    return Benchmark(name, list(files), queries, candidates, gold, np.array(bounds, np.int64))


def _rows(path: Path) -> Iterator[Row]:
    done = 0
    try:
        for row in _records(path):
            yield _belebele(row) if "flores_passage" in row else _xquad(row)
            done += 1
    except (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException) as error:
        raise UsageError("The row cannot be read.", where=f"{path}: row {done + 1}", expected=EXPECTED) from error


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _belebele(row: dict[str, Any]) -> Row:
    return Row(
        f"{row['link']}#{row['question_number']}",
        _text(row["link"]),
        _text(row["question"]),
        _text(row["flores_passage"]),
        _text(row[f"mc_answer{row['correct_answer_num']}"]),
    )


def _xquad(row: dict[str, Any]) -> Row:
    context = _text(row["context"])
    return Row(_text(row["id"]), context, _text(row["question"]), context, _text(row["answers"]["text"][0]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
