"""Exact search: ranks of known relevant candidates, counted block by block on the score matrix.

Neither a full sort nor the full matrix in memory: a candidate's rank is one more than the number of candidates ahead of
it, and counting those is a comparison of the scores with one number a query. Comparisons write bytes of 0 or 1, which
are added up eight at a time. Each core has a block of queries of its own, whose product it makes with one BLAS thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.core.progress import progress

BLOCK = 256
"""Queries a block: with 20,000 candidates a block of scores takes 20 MB, and every core has one."""
MOST_CORES = 8
TILE = 64
"""Queries that are counted at a time: their scores stay in the processor's cache."""
PARTS = 32
"""Scores of a row that share one maximum on the way to its first k."""
FEW = 4
"""Rows of a tile are copied to be counted alone where they are less than one in so many."""
LANES, FULL = 8, 255
"""Bytes in a 64-bit word, and how many words can be added before a byte of their sum runs over."""
Scores = NDArray[np.float32]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Ranks:
    """Where relevant candidates stand; 1-based, 0 where a query has no such candidate.

    `pooled` (Q, G): rank among all candidates. `within` (Q, G): rank among the candidates of its own segment.
    `top` (Q, S): how many of the query's first k candidates belong to each segment (all 0 for k = 0).
    """

    pooled: NDArray[np.int32]
    within: NDArray[np.int32]
    top: NDArray[np.int32]


def gold_ranks(queries: NDArray, candidates: NDArray, gold: Ints, bounds: Ints, *, top_k: int = 0) -> Ranks:
    """Return the exact ranks of each query's gold candidates by dot product, ties by candidate order.

    `queries` (Q, d) and `candidates` (N, d) are compared in float32; `gold` (Q, G) holds candidate indices, −1 for
    none; `bounds` (S + 1,) are the borders of the S segments (languages), so that candidates bounds[s] … bounds[s + 1]
    − 1 are segment s. Of two candidates with equal scores the one with the lower index ranks first; equal vectors
    always have equal scores (the same sum in another column of a matrix product may differ in its last bit, so they
    all get the first one's). Raises ValueError where the shapes do not fit.
    """
    _check(queries, candidates, gold, bounds)
    top_k = min(top_k, len(candidates))
    owner = np.where(gold < 0, -1, np.searchsorted(bounds, gold, side="right") - 1)
    pooled, within = np.zeros(gold.shape, np.int32), np.zeros(gold.shape, np.int32)
    top = np.zeros((len(gold), len(bounds) - 1), np.int32)
    segment_of = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))

    def rank(start: int, block: Scores, ahead: _Ahead) -> None:
        for first in range(0, len(block), TILE):
            tile = block[first : first + TILE]
            rows = slice(start + first, start + first + len(tile))
            for g in range(gold.shape[1]):
                _rank_column(tile, gold[rows, g], owner[rows, g], bounds, ahead, (pooled[rows, g], within[rows, g]))
            if top_k:
                top[rows] = _top_segments(tile, top_k, ahead, segment_of, len(bounds) - 1)

    _each_block(rank, queries, candidates)
    return Ranks(pooled, within, top)


def _rank_column(
    tile: Scores, gold: Ints, owner: Ints, bounds: Ints, ahead: _Ahead, out: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> None:
    """Write the pooled ranks, and the ranks within their segments, of one gold candidate a row."""
    for segment in set(owner.tolist()) - {-1}:
        rows = np.flatnonzero(owner == segment)
        begin, end = int(bounds[segment]), int(bounds[segment + 1])
        if FEW * len(rows) < len(tile):
            scores, index, used = tile[rows], gold[rows], np.arange(len(rows))
        else:  # the others are counted too, for nothing, which costs less than a copy
            scores, index, used = tile, np.where(owner == segment, gold, begin), rows
        mine = scores[np.arange(len(scores)), index][:, None]
        inside = ahead.inside(scores, mine, index, begin, end) + 1
        out[0][rows] = (inside + ahead.outside(scores, mine, begin, end))[used]
        out[1][rows] = inside[used]


class _Ahead:
    """Counts the candidates that rank before one gold candidate a row; holds the bytes that comparisons write.

    `mine` (rows, 1) are the gold candidates' scores.
    """

    def __init__(self, candidates: int) -> None:
        self._bytes = np.zeros((TILE, _padded(candidates)), np.bool_)

    def outside(self, scores: Scores, mine: Scores, begin: int, end: int) -> NDArray[np.int64]:
        """Count those outside the segment: equal ones before it are ahead, equal ones behind it are not."""
        marks = self._bytes[: len(scores)]
        np.greater_equal(scores[:, :begin], mine, out=marks[:, :begin])
        marks[:, begin:end] = False
        np.greater(scores[:, end:], mine, out=marks[:, end : scores.shape[1]])
        return _count(marks)

    def inside(self, scores: Scores, mine: Scores, index: Ints, begin: int, end: int) -> NDArray[np.int64]:
        """Count those in the segment (`begin` … `end` − 1), of equal ones those before the gold candidate."""
        marks = np.zeros((len(scores), _padded(end - begin)), np.bool_)
        part, used = scores[:, begin:end], marks[:, : end - begin]
        equal = part == mine
        np.greater(part, mine, out=used)
        if np.count_nonzero(equal) > len(scores):
            used |= equal & (np.arange(begin, end) < index[:, None])
        return _count(marks)

    def at_least(self, scores: Scores, bound: Scores) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows and places of the scores that are not below their row's bound (rows, 1)."""
        marks = self._bytes[: len(scores)]
        np.greater_equal(scores, bound, out=marks[:, : scores.shape[1]])
        rows, places = np.divmod(np.flatnonzero(marks), marks.shape[1])  # in one dimension, which is far quicker
        return rows, places


def _pieces(width: int) -> int:
    """Return into how many pieces a row of `width` bytes is divided, so that no byte of a piece's sum runs over."""
    return max(1, -(-width // (LANES * FULL)))


def _padded(width: int) -> int:
    """Return `width` rounded up to whole words in equal pieces."""
    unit = LANES * _pieces(width)
    return -(-width // unit) * unit


def _count(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of true values in each row; the width is as `_padded` returns it."""
    words = marks.view(np.uint64).reshape(len(marks), _pieces(marks.shape[1]), -1)
    counts: NDArray[np.int64] = words.sum(axis=2, dtype=np.uint64).view(np.uint8).sum(axis=1, dtype=np.int64)
    return counts


def _top_segments(tile: Scores, k: int, ahead: _Ahead, segment_of: Ints, segments: int) -> NDArray[np.int64]:
    """Return (rows, segments): how many of each row's first k candidates belong to each segment.

    A row is divided into parts: no score outside the k parts with the highest maxima is above all of those maxima, so
    the first k are among the scores that are at least as high as the lowest of them.
    """
    width = tile.shape[1] // PARTS
    if width > k:
        maxima = tile[:, : width * PARTS].reshape(len(tile), PARTS, width).max(axis=1)
        rows, places = ahead.at_least(tile, np.partition(maxima, width - k, axis=1)[:, width - k, None])
    else:
        rows, places = (found.ravel() for found in np.indices(tile.shape))
    order = np.lexsort((places, -tile[rows, places], rows))  # row by row, best first, equal ones in candidate order
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(tile)))])[:-1]
    chosen = places[order][starts[:, None] + np.arange(k)]
    cells = segment_of[chosen] + segments * np.arange(len(tile))[:, None]
    return np.bincount(cells.ravel(), minlength=len(tile) * segments).reshape(len(tile), segments)


def first_k(row: Scores, k: int) -> NDArray[np.intp]:
    """Return the indices of the k best scores (1 ≤ k ≤ N) in index order; at the border lower indices win."""
    border = np.partition(row, len(row) - k)[len(row) - k]
    kept = np.flatnonzero(row >= border)
    if len(kept) > k:
        tied = np.flatnonzero(row[kept] == border)
        kept = np.delete(kept, tied[len(tied) - (len(kept) - k) :])
    return kept


def _each_block(work: Callable[[int, Scores, _Ahead], None], queries: NDArray, candidates: NDArray) -> None:
    """Call `work` with every block's first query, its scores (≤ BLOCK, N) and a counter, on several cores.

    Both are valid within the call only. The cores are those that BLAS would use, at most MOST_CORES.
    """
    rows = np.ascontiguousarray(candidates, np.float32)
    twins, originals = _repeated_rows(rows)
    mine = threading.local()

    def score(start: int) -> int:
        if not hasattr(mine, "space"):
            mine.space, mine.ahead = np.empty((BLOCK, len(rows)), np.float32), _Ahead(len(rows))
        block = np.asarray(queries[start : start + BLOCK], np.float32)
        scores = np.matmul(block, rows.T, out=mine.space[: len(block)])
        if len(twins):
            scores[:, twins] = scores[:, originals]
        work(start, scores, mine.ahead)
        return len(block)

    starts = range(0, len(queries), BLOCK)
    blas, threads = _blas_threads()
    cores = max(1, min(threads, len(starts), MOST_CORES))
    one_each = blas.limit(limits=threads // cores)
    with one_each, ThreadPoolExecutor(cores) as pool, progress("ranking", len(queries), "queries") as bar:
        for done in pool.map(score, starts):
            bar.update(done)


def _blas_threads() -> tuple[Any, int]:
    """Return what limits the threads of BLAS, and how many it would use: the cores, or fewer by OMP_NUM_THREADS."""
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    return blas, max((library["num_threads"] for library in blas.info()), default=1)


def _repeated_rows(rows: Scores) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of vectors that occurred before, and the places where they occurred first."""
    if not rows.size:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    # Equal vectors have equal first values and sums in this order; only such rows are compared byte by byte.
    keys = np.stack([rows[:, 0] + np.float32(0), rows[:, -1] + np.float32(0)], axis=1)
    seen: dict[bytes, int] = {}
    pairs = []
    _, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    for place in np.flatnonzero(counts[inverse.ravel()] > 1).tolist():
        first = seen.setdefault((rows[place] + np.float32(0)).tobytes(), place)  # −0 + 0 = 0
        if first != place:
            pairs.append((place, first))
    found = np.array(pairs, np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _check(queries: NDArray, candidates: NDArray, gold: NDArray, bounds: NDArray) -> None:
    if queries.ndim != 2 or candidates.ndim != 2 or queries.shape[1] != candidates.shape[1]:
        raise ValueError(f"queries {queries.shape} and candidates {candidates.shape} are not rows of one dimension")
    if gold.ndim != 2 or len(gold) != len(queries):
        raise ValueError(f"gold {gold.shape} has no row for each of {len(queries)} queries")
    if bounds[0] != 0 or bounds[-1] != len(candidates) or np.any(np.diff(bounds) < 0):
        raise ValueError(f"bounds do not divide {len(candidates)} candidates")
    if gold.size and (gold.max() >= len(candidates) or gold.min() < -1):
        raise ValueError("a gold index lies outside the candidates")
