"""MRC: whether translations of a query score the same documents alike (Yang et al., MRL 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mtqa.core.vector_search import Parts
from mtqa.evaluate.collection.source import Task
from mtqa.evaluate.mlir import spearman

Agreement = list[dict[str, float]]
"""For each task: query id → its mean rank correlation with its translations, −100 to 100; NaN alone."""


def agreement(tasks: Sequence[Task], queries: Sequence[NDArray], best: Sequence[NDArray], parts: Parts) -> Agreement:
    """Return each query's mean over its translations of Spearman's correlation, × 100.

    `queries`: of each task the vectors (Q, d); `best`: the places (Q, k) of their first k documents in `parts`. A pair
    is compared by its scores of the union of both queries' documents. Memory holds the vectors of all those.
    """
    needed = np.unique(np.concatenate([places[places >= 0] for places in best]))
    documents = _gathered(parts, needed)
    rows = {
        (task_number, query): row for task_number, task in enumerate(tasks) for row, query in enumerate(task.queries)
    }
    sums: list[dict[str, list[float]]] = [{query: [] for query in task.queries} for task in tasks]
    for query in dict.fromkeys(query for task in tasks for query in task.queries):
        asked = [number for number in range(len(tasks)) if (number, query) in rows]
        own = {number: best[number][rows[number, query]] for number in asked}
        union = np.unique(np.concatenate([places[places >= 0] for places in own.values()]))
        at = documents[np.searchsorted(needed, union)]
        scores = {number: at @ queries[number][rows[number, query]] for number in asked}
        for a, b in combinations(asked, 2):
            both = np.isin(union, own[a]) | np.isin(union, own[b])
            value = 100 * spearman(scores[a][both], scores[b][both])
            sums[a][query].append(value)
            sums[b][query].append(value)
    return [{q: float(np.mean(values)) if values else np.nan for q, values in task.items()} for task in sums]


def _gathered(parts: Parts, places: NDArray) -> NDArray:
    """Return the vectors at some places, which are sorted."""
    found, seen = [], 0
    for read in parts:
        part = read()
        here = places[np.searchsorted(places, seen) : np.searchsorted(places, seen + len(part))]
        found.append(np.array(part[here - seen], np.float32))
        seen += len(part)
    return np.concatenate(found)
