"""Exact search: ranks of known relevant candidates, counted block by block on the score matrix.

Neither a full sort nor the full matrix in memory: a candidate's rank is one more than the number of candidates ahead of
it, and counting those is a comparison of the scores with one number a query. Comparisons write bytes of 0 or 1, which
are added up eight at a time; the next block is multiplied meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtqa.core.progress import progress

BLOCK = 256
"""Queries a block: with 20,000 candidates a block of scores takes 20 MB, and there are two."""
TILE = 64
"""Queries that are counted at a time: their scores stay in the processor's cache."""
PARTS = 16
"""Scores of a row that share one maximum on the way to its first k."""
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
    ahead = _Ahead(len(candidates))
    for start, block in _score_blocks(queries, candidates):
        for first in range(0, len(block), TILE):
            tile = block[first : first + TILE]
            rows = slice(start + first, start + first + len(tile))
            for g in range(gold.shape[1]):
                _rank_column(tile, gold[rows, g], owner[rows, g], bounds, ahead, (pooled[rows, g], within[rows, g]))
            if top_k:
                top[rows] = _top_segments(tile, top_k, segment_of, len(bounds) - 1)
    return Ranks(pooled, within, top)


def _rank_column(
    tile: Scores, gold: Ints, owner: Ints, bounds: Ints, ahead: _Ahead, out: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> None:
    """Write the pooled ranks, and the ranks within their segments, of one gold candidate a row."""
    for segment in np.unique(owner[owner >= 0]).tolist():
        rows = np.flatnonzero(owner == segment)
        scores, index = (tile, gold) if len(rows) == len(tile) else (tile[rows], gold[rows])
        begin, end = int(bounds[segment]), int(bounds[segment + 1])
        inside = ahead.inside(scores, index, begin, end) + 1
        out[0][rows] = inside + ahead.outside(scores, index, begin, end)
        out[1][rows] = inside


class _Ahead:
    """Counts the candidates that rank before one gold candidate a row; holds the bytes that comparisons write."""

    def __init__(self, candidates: int) -> None:
        self._bytes = np.zeros((TILE, _padded(candidates)), np.bool_)

    def outside(self, scores: Scores, index: Ints, begin: int, end: int) -> NDArray[np.int64]:
        """Count those outside the segment: equal ones before it are ahead, equal ones behind it are not."""
        marks = self._bytes[: len(scores)]
        mine = scores[np.arange(len(scores)), index][:, None]
        np.greater_equal(scores[:, :begin], mine, out=marks[:, :begin])
        marks[:, begin:end] = False
        np.greater(scores[:, end:], mine, out=marks[:, end : scores.shape[1]])
        return _count(marks)

    def inside(self, scores: Scores, index: Ints, begin: int, end: int) -> NDArray[np.int64]:
        """Count those in the segment (`begin` … `end` − 1), of equal ones those before the gold candidate."""
        mine = scores[np.arange(len(scores)), index][:, None]
        marks = np.zeros((len(scores), _padded(end - begin)), np.bool_)
        part, used = scores[:, begin:end], marks[:, : end - begin]
        np.greater(part, mine, out=used)
        equal = part == mine
        if np.count_nonzero(equal) > len(scores):
            used |= equal & (np.arange(begin, end) < index[:, None])
        return _count(marks)


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


def _top_segments(tile: Scores, k: int, segment_of: Ints, segments: int) -> NDArray[np.int64]:
    """Return (rows, segments): how many of each row's first k candidates belong to each segment."""
    width = tile.shape[1] // PARTS
    out = np.zeros((len(tile), segments), np.int64)
    unsure = np.ones(len(tile), np.bool_)
    if width > k:
        indices, unsure = _in_best_parts(tile, k, width)
        values = np.take_along_axis(tile, indices, axis=1)
        border = np.partition(values, values.shape[1] - k, axis=1)[:, -k, None]
        rows, places = np.nonzero(values >= border)
        np.add.at(out, (rows, segment_of[indices[rows, places]]), 1)
        unsure |= out.sum(axis=1) != k  # equal scores at the border: order decides
    for row in np.flatnonzero(unsure):
        out[row] = np.bincount(segment_of[first_k(tile[row], k)], minlength=segments)
    return out


def _in_best_parts(tile: Scores, k: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the indices of each row's candidates in the k parts with the highest maxima, and whether parts tie.

    Part p is p, p + width, …: no score outside those parts (and the few candidates after the last whole part) is above
    all of their maxima, so the first k are among them.
    """
    whole = width * PARTS
    maxima = tile[:, :whole].reshape(len(tile), PARTS, width).max(axis=1)
    parts = np.argpartition(maxima, width - k, axis=1)[:, -k:]
    bound = np.take_along_axis(maxima, parts, axis=1).min(axis=1, keepdims=True)
    indices = (np.arange(PARTS)[None, :, None] * width + parts[:, None, :]).reshape(len(tile), -1)
    rest = np.broadcast_to(np.arange(whole, tile.shape[1]), (len(tile), tile.shape[1] - whole))
    return np.concatenate([indices, rest], axis=1), (maxima >= bound).sum(axis=1) > k


def first_k(row: Scores, k: int) -> NDArray[np.intp]:
    """Return the indices of the k best scores (1 ≤ k ≤ N) in index order; at the border lower indices win."""
    border = np.partition(row, len(row) - k)[len(row) - k]
    kept = np.flatnonzero(row >= border)
    if len(kept) > k:
        tied = np.flatnonzero(row[kept] == border)
        kept = np.delete(kept, tied[len(tied) - (len(kept) - k) :])
    return kept


def _score_blocks(queries: NDArray, candidates: NDArray) -> Iterator[tuple[int, Scores]]:
    """Yield (first query, scores (≤ BLOCK, N)); the array is valid until the next one is asked for."""
    rows = np.ascontiguousarray(candidates, np.float32)
    twins, originals = _repeated_rows(rows)
    spaces = [np.empty((min(BLOCK, len(queries)), len(rows)), np.float32) for _ in range(2)]

    def multiply(number: int) -> Scores:
        block = np.asarray(queries[number * BLOCK : (number + 1) * BLOCK], np.float32)
        scores = np.matmul(block, rows.T, out=spaces[number % 2][: len(block)])
        if len(twins):
            scores[:, twins] = scores[:, originals]
        return scores

    blocks = -(-len(queries) // BLOCK)
    with progress("ranking", len(queries), "queries") as bar, ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(multiply, 0) if blocks else None
        for number in range(blocks):
            assert coming is not None
            scores = coming.result()
            coming = ahead.submit(multiply, number + 1) if number + 1 < blocks else None
            yield number * BLOCK, scores
            bar.update(len(scores))


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
