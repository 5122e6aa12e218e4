"""Exact search: ranks of known relevant candidates, counted block by block on the score matrix.

Neither a full sort nor the full matrix in memory: a candidate's rank is one more than the number of candidates ahead of
it, and counting those is a comparison of the row of scores with one number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtqa.core.progress import progress

BLOCK = 256
"""Queries a block: with 20,000 candidates a block of scores takes 20 MB."""


@dataclass(frozen=True)
class Ranks:
    """Where relevant candidates stand; 1-based, 0 where a query has no such candidate.

    `pooled` (Q, G): rank among all candidates. `within` (Q, G): rank among the candidates of its own segment.
    `top` (Q, S): how many of the query's first k candidates belong to each segment (all 0 for k = 0).
    """

    pooled: NDArray[np.int32]
    within: NDArray[np.int32]
    top: NDArray[np.int32]


def gold_ranks(
    queries: NDArray, candidates: NDArray, gold: NDArray[np.integer], bounds: NDArray[np.integer], *, top_k: int = 0
) -> Ranks:
    """Return the exact ranks of each query's gold candidates by dot product, ties by candidate order.

    `queries` (Q, d) and `candidates` (N, d) are compared in float32; `gold` (Q, G) holds candidate indices, −1 for
    none; `bounds` (S + 1,) are the borders of the S segments (languages), so that candidates bounds[s] … bounds[s + 1]
    − 1 are segment s. Of two candidates with equal scores the one with the lower index ranks first; equal vectors
    always have equal scores (they are multiplied once: the same sum in another column of a matrix product may differ
    in its last bit). Raises ValueError where the shapes do not fit.
    """
    _check(queries, candidates, gold, bounds)
    count, segments = len(candidates), len(bounds) - 1
    top_k = min(top_k, count)
    owner = np.searchsorted(bounds, gold, side="right") - 1
    pooled, within = np.zeros(gold.shape, np.int32), np.zeros(gold.shape, np.int32)
    top = np.zeros((len(gold), segments), np.int32)
    segment_of = np.repeat(np.arange(segments), np.diff(bounds))
    ahead = np.empty(count, np.bool_)
    for q, row in enumerate(_score_rows(queries, candidates)):
        for g in np.flatnonzero(gold[q] >= 0):
            mark_ahead(row, gold[q, g], ahead)
            pooled[q, g] = np.count_nonzero(ahead) + 1
            within[q, g] = np.count_nonzero(ahead[bounds[owner[q, g]] : bounds[owner[q, g] + 1]]) + 1
        if top_k:
            top[q] = np.bincount(segment_of[first_k(row, top_k)], minlength=segments)
    return Ranks(pooled, within, top)


def mark_ahead(row: NDArray[np.float32], index: int, ahead: NDArray[np.bool_]) -> None:
    """Set `ahead` (N,) to which candidates rank before candidate `index`: better ones, and equal ones before it."""
    np.greater_equal(row[:index], row[index], out=ahead[:index])
    np.greater(row[index:], row[index], out=ahead[index:])


def first_k(row: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the indices of the k best scores (1 ≤ k ≤ N) in index order; at the border lower indices win."""
    border = np.partition(row, len(row) - k)[len(row) - k]
    kept = np.flatnonzero(row >= border)
    if len(kept) > k:
        tied = np.flatnonzero(row[kept] == border)
        kept = np.delete(kept, tied[len(tied) - (len(kept) - k) :])
    return kept


def _score_rows(queries: NDArray, candidates: NDArray) -> Iterator[NDArray[np.float32]]:
    """Yield each query's scores over all candidates; the array is valid until the next one is asked for."""
    distinct, place = _distinct_rows(candidates)
    repeated = len(distinct) < len(place)
    full = np.empty(len(place), np.float32)
    with progress("ranking", len(queries), "queries") as bar:
        for start in range(0, len(queries), BLOCK):
            scores = np.asarray(queries[start : start + BLOCK], np.float32) @ distinct.T
            for row in scores:
                yield np.take(row, place, out=full) if repeated else row
            bar.update(len(scores))


def _distinct_rows(vectors: NDArray) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the distinct vectors in order of first occurrence, and for each vector its place among them."""
    rows = np.ascontiguousarray(vectors, np.float32) + np.float32(0)  # −0 + 0 = 0: equal values, equal bytes
    if not rows.size:
        return rows[:1], np.zeros(len(rows), np.intp)
    keys = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    new_place = np.empty_like(order)
    new_place[order] = np.arange(len(order))
    return (rows if len(first) == len(rows) else rows[first[order]]), new_place[inverse.ravel()]


def _check(queries: NDArray, candidates: NDArray, gold: NDArray, bounds: NDArray) -> None:
    if queries.ndim != 2 or candidates.ndim != 2 or queries.shape[1] != candidates.shape[1]:
        raise ValueError(f"queries {queries.shape} and candidates {candidates.shape} are not rows of one dimension")
    if gold.ndim != 2 or len(gold) != len(queries):
        raise ValueError(f"gold {gold.shape} has no row for each of {len(queries)} queries")
    if bounds[0] != 0 or bounds[-1] != len(candidates) or np.any(np.diff(bounds) < 0):
        raise ValueError(f"bounds do not divide {len(candidates)} candidates")
    if gold.size and (gold.max() >= len(candidates) or gold.min() < -1):
        raise ValueError("a gold index lies outside the candidates")
