"""Measures of one ranking of documents of several languages; what is measured is said in `mtqa.evaluate.mlir`.

`TLR@k`: recall of the relevant documents in other languages than the query's. `PEER@k`: p-value of the Kruskal–Wallis
test on the ranks of relevant documents by language. `Lang-nDCG@k`: nDCG where only relevant documents in the query's
language count. `LPR`: 1 where the first relevant document is in the query's language, 0 where it is in another one.
NaN where a measure is not defined: without relevant documents in the query's language, or in others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mtqa.evaluate.collection.metrics import measure
from mtqa.evaluate.mlir import peer, preference

KINDS = ("TLR", "PEER", "Lang-nDCG", "LPR")


def measure_languages(
    ranked: Sequence[str],
    judged: Mapping[str, int],
    names: Sequence[str],
    query_lang: str | None,
    of: Mapping[str, str],
) -> dict[str, float]:
    """Return the named measures of document ids, best first.

    `of`: the language of each relevant document that the collection holds; others are left out.
    """
    relevant = {name: value for name, value in judged.items() if value > 0 and name in of}
    own = {name: value for name, value in relevant.items() if of[name] == query_lang}
    others = {name: value for name, value in relevant.items() if of[name] != query_lang}
    values = {}
    for name in names:
        kind, _, cut = name.partition("@")
        if kind == "TLR":
            values[name] = measure(ranked, others, [f"Recall@{cut}"])[f"Recall@{cut}"]
        elif kind == "Lang-nDCG":
            values[name] = measure(ranked, own, [f"nDCG@{cut}"])[f"nDCG@{cut}"]
        elif kind == "PEER":
            values[name] = _peer(ranked, relevant, of, int(cut))
        else:
            values[name] = float(preference(_first(ranked, own), _first(ranked, others)))
    return values


def _peer(ranked: Sequence[str], relevant: Mapping[str, int], of: Mapping[str, str], k: int) -> float:
    place = {name: rank for rank, name in enumerate(ranked[:k], start=1)}
    ranks = np.array([[place.get(name, k + 1) for name in relevant]])
    _, groups = np.unique([of[name] for name in relevant], return_inverse=True)
    return float(peer(ranks, groups, k)[0])


def _first(ranked: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Return the rank of the first relevant document; infinite where none is found, NaN where there is none."""
    if not relevant:
        return np.nan
    return next((rank for rank, name in enumerate(ranked, start=1) if name in relevant), np.inf)
