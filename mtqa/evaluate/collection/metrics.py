"""nDCG@k, Recall@k, MRR@k and MAP of one ranking, as trec_eval defines them.

Relevant is what is judged above 0. nDCG's gain is the judged value itself (trec_eval's `ndcg_cut`), the others count
relevant or not (`recall`, `recip_rank` of the first k, `map` over the whole run). What is not judged is not relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtqa.core.metrics import average_precision, recall, reciprocal_rank


def measure(ranked: Sequence[str], judged: Mapping[str, int], names: Sequence[str]) -> dict[str, float]:
    """Return the named metrics (`nDCG@10`, `MAP`, …) of document ids, best first, against a query's judgements.

    A query without relevant documents gets NaN. Raises ValueError for a name that is none.
    """
    gains = np.array([max(judged.get(document, 0), 0) for document in ranked], np.float64)
    ideal = np.sort([value for value in judged.values() if value > 0])[::-1]
    ranks, total = np.flatnonzero(gains) + 1, np.array(len(ideal))
    values: dict[str, Any] = {}
    for name in names:
        kind, _, cut = name.partition("@")
        k = int(cut) if cut else None
        if kind == "MAP" and k is None:
            values[name] = average_precision(ranks, total)
        elif kind == "nDCG" and k:
            values[name] = _dcg(gains[:k]) / _dcg(ideal[:k]) if len(ideal) else np.nan
        elif kind == "Recall" and k:
            values[name] = recall(ranks, k, total)
        elif kind == "MRR" and k:
            values[name] = reciprocal_rank(ranks, k, total)
        else:
            raise ValueError(f"unknown metric {name!r}")
    return {name: float(value) for name, value in values.items()}


def _dcg(gains: np.ndarray) -> float:
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())
