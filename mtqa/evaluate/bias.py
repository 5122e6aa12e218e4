"""Language bias: does a ranking over all languages prefer passages of some, whatever they say?

All functions take `ranks` (Q, L): the 1-based pooled rank of each query's relevant passage in each language, 0 where
the benchmark has none. Values are per query, NaN where undefined; averaging is left to `perquery`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]


def rank_distance(ranks: Ints) -> Floats:
    """Return (worst − best rank of the relevant passages) of each query (Elmahdy, Lin, Ahmad, arXiv 2408.10536).

    A query with one relevant passage has no distance: NaN.
    """
    found = ranks > 0
    worst = np.where(found, ranks, 0).max(axis=1)
    best = np.where(found, ranks, np.inf).min(axis=1)
    return np.where(found.sum(axis=1) > 1, worst - best, np.nan)


def max_at_r(ranks: Ints) -> Floats:
    """Return Max@R, the rank of each query's worst-ranked relevant passage (arXiv 2604.05684)."""
    worst = ranks.max(axis=1)
    return np.where(worst > 0, worst.astype(np.float64), np.nan)


def max_at_r_normalised(ranks: Ints, pool: int) -> Floats:
    """Return 100 · (log2 |D| − log2 Max@R) / (log2 |D| − log2 |R|): 100 at best, 0 if the last one is relevant.

    |D| = `pool` candidates, |R| relevant passages of the query; 100 where all candidates are relevant
    (arXiv 2604.05684).
    """
    relevant = (ranks > 0).sum(axis=1)
    room = np.log2(pool) - np.log2(np.maximum(relevant, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = 100 * (np.log2(pool) - np.log2(max_at_r(ranks))) / room
    return np.where(relevant > 0, np.where(room > 0, value, 100.0), np.nan)


def mean_rank_by_passage_language(ranks: Ints, query_languages: NDArray[np.int64]) -> Floats:
    """Return (L,) for each passage language the mean pooled rank of its relevant passages.

    Means over the queries of a language, then over query languages, so that languages count equally; NaN where a
    language holds no relevant passage.
    """
    values = np.where(ranks > 0, ranks, np.nan)
    return nanmean(np.array([nanmean(values[query_languages == q]) for q in range(ranks.shape[1])]))


def first_hit_confusion(ranks: Ints, query_languages: NDArray[np.int64]) -> Floats:
    """Return (L, L): for each query language (row) the share whose first relevant hit is in each language."""
    first = np.where(ranks > 0, ranks, np.inf).argmin(axis=1)
    return _shares(np.eye(ranks.shape[1])[first], query_languages)


def top_share(top: Ints, query_languages: NDArray[np.int64]) -> Floats:
    """Return (L, L): for each query language (row) the share of each passage language in its queries' first k."""
    return _shares(top.astype(np.float64), query_languages)


def nanmean(values: Floats) -> Floats:
    """Return the mean over the first axis without NaN; NaN where all are (and no warning)."""
    count = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.nansum(values, axis=0) / count, np.nan)


def _shares(counts: Floats, query_languages: NDArray[np.int64]) -> Floats:
    """Add up the rows of each query language and divide by their sum; NaN rows for languages without queries."""
    sums = np.array([counts[query_languages == q].sum(axis=0) for q in range(counts.shape[1])])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / sums.sum(axis=1, keepdims=True))
