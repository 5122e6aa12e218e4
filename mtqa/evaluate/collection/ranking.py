"""From tasks to what is reported of them: each one's ranking is made, handed on, measured, and let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from mtqa.evaluate.collection.retrieve import Found, Retrieve
from mtqa.evaluate.collection.source import Task
from mtqa.evaluate.collection.summary import InPool, Measured, measured
from mtqa.evaluate.collection.trec import Run
from mtqa.evaluate.summary import TOP_K


@dataclass(frozen=True)
class Ranked:
    """The metrics of each task, counts over all, and of a pool how many documents are in each language."""

    lines: list[Measured]
    counts: dict[str, int]
    pool: dict[str, int]


def rank(
    tasks: Sequence[Task], retrieve: Retrieve, metrics: Sequence[str], write: Callable[[Task, Run], None]
) -> Ranked:
    """Rank and measure every task; `write` is given each ranking. Documents that tasks share are searched once."""
    lines: list[Measured] = []
    documents = missing = 0
    pool: dict[str, int] = {}
    for _, group in groupby(tasks, key=lambda task: (task.source.layout, task.source.documents, task.source.pool)):
        together = list(group)
        found = retrieve(together)
        documents += len(found.ids)
        missing += _missing(together, found.ids)
        if together[0].source.pool:
            counts = found.langs.value_counts()
            pool = dict(sorted((str(row["values"]), int(row["counts"])) for row in counts.to_pylist()))
        for number, (task, run) in enumerate(zip(together, found.runs, strict=True)):
            write(task, run)
            in_pool = _in_pool(found, task, run, number) if task.source.pool else None
            lines.append(measured(task.source.lang, task.judged, run, metrics, len(found.ids), in_pool))
    counts = {
        "queries": sum(len(task.queries) for task in tasks),
        "queries_without_relevant": sum(task.unanswered for task in tasks),
        "queries_not_judged": sum(task.unjudged for task in tasks),
        "documents": documents,
        "relevant_but_no_document": missing,
    }
    return Ranked(lines, counts, pool)


def _missing(tasks: Sequence[Task], ids: pa.ChunkedArray) -> int:
    """Return how many relevant documents the collection does not hold: they count as not found."""
    names = {name for task in tasks for texts in task.judged.values() for name, value in texts.items() if value > 0}
    return len(names) - int(pc.sum(pc.is_in(pa.array(list(names)), value_set=ids.combine_chunks())).as_py())


def _in_pool(found: Found, task: Task, run: Run, number: int) -> InPool:
    names = {name for texts in task.judged.values() for name, value in texts.items() if value > 0}
    names |= {name for hits in run.values() for name in hits.ids[:TOP_K]}
    wanted = pa.array(sorted(names), pa.string())
    places = pc.index_in(wanted, value_set=found.ids.combine_chunks())
    langs = found.langs.cast(pa.string()).take(places).to_pylist()
    of = {name: lang for name, lang in zip(wanted.to_pylist(), langs, strict=True) if lang is not None}
    return InPool(task.source.query_lang, of, found.agreement[number] if found.agreement else None)
