"""Ranking metrics from the ranks of the relevant documents: exact, vectorised, and equal to trec_eval's definitions.

Every function takes `ranks`, an integer array of shape (…, G): for each query (the leading axes) the 1-based ranks of
its relevant documents in any order, 0 where there is none or where it was not retrieved. `relevant` is the number of
relevant documents a query has (leading axes); without it the non-zero ranks are counted. A query without a relevant
document gets NaN, so that it is skipped rather than counted as a failure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]


def average_precision(ranks: Ints, relevant: Ints | None = None) -> Floats:
    """Return Σ precision at each retrieved relevant document / number of relevant documents (trec_eval's map)."""
    found = np.sort(_or_infinity(ranks), axis=-1)
    hits = np.arange(1, ranks.shape[-1] + 1)
    return _divide((hits / found).sum(axis=-1), _relevant(ranks, relevant))


def ndcg(ranks: Ints, k: int, relevant: Ints | None = None) -> Floats:
    """Return nDCG@k with gain 1 and discount log2(rank + 1) (trec_eval's ndcg_cut)."""
    total = _relevant(ranks, relevant)
    gains = np.where(_within(ranks, k), 1 / np.log2(np.maximum(ranks, 1) + 1), 0.0).sum(axis=-1)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(1, k + 1) + 1))])
    return _divide(gains, np.where(total > 0, ideal[np.minimum(total, k)], 0.0))


def recall(ranks: Ints, k: int, relevant: Ints | None = None) -> Floats:
    """Return the share of the relevant documents among the first k."""
    return _divide(_within(ranks, k).sum(axis=-1), _relevant(ranks, relevant))


def reciprocal_rank(ranks: Ints, k: int | None = None, relevant: Ints | None = None) -> Floats:
    """Return 1 / rank of the first relevant document, 0 where none is among the first k (trec_eval's recip_rank)."""
    first = _or_infinity(ranks).min(axis=-1, initial=np.inf)
    value = np.where(first <= (np.inf if k is None else k), 1 / first, 0.0)
    return np.where(_relevant(ranks, relevant) > 0, value, np.nan)


def _relevant(ranks: Ints, relevant: Ints | None) -> Ints:
    return (ranks > 0).sum(axis=-1) if relevant is None else np.asarray(relevant)


def _within(ranks: Ints, k: int) -> NDArray[np.bool_]:
    return (ranks > 0) & (ranks <= k)


def _or_infinity(ranks: Ints) -> Floats:
    return np.where(ranks > 0, ranks, np.inf)


def _divide(value: NDArray, by: NDArray) -> Floats:
    """Divide; NaN where the divisor is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by > 0, np.asarray(value, np.float64) / by, np.nan)
