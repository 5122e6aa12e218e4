"""Pooled multilingual retrieval (MLIR): all language versions of a passage in one corpus, each of them relevant.

`nDCG@20` and `Recall@20`: trec_eval's, over the relevant passages of all languages. `TLR@20`, Target-Languages Recall:
recall of the relevant passages in other languages than the query's (arXiv 2606.18801). `PEER@20`: the p-value of a
Kruskal–Wallis test on the ranks of the relevant passages grouped by language, ranks past 20 set to 21, 1 where all are
equal (Yang, Jänich, Mayfield, Lawrie, SIGIR 2024); with one relevant passage a language the test statistic is the same
for every ranking that has two different ranks, so it then says no more than how often that is so. `MRC@20`: Spearman
correlation of two query languages' scores on the union of their first 20 passages, × 100 (Yang et al., MRL 2024). Two
more say what a reader gets who wants the answer in the query's language, after the ideas of MLAIRE (arXiv 2605.07249;
the definitions are ours): `LPR`, Language Preference Rate: the share of queries whose first relevant passage is in
the query's language, of those with relevant passages in it and in others; and `Lang-nDCG@20`: nDCG where only relevant
passages in the query's language count. All are means over the queries of a language (MRC: over the questions of a pair
of languages), then over languages.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mtqa.core.metrics import ndcg, recall
from mtqa.core.search import first_k
from mtqa.evaluate.bias import nanmean
from mtqa.evaluate.lareqa import Benchmark
from mtqa.evaluate.perquery import PerQuery, mean, used

K = 20
Floats = NDArray[np.float64]


def mlir(benchmark: Benchmark, values: PerQuery, queries: NDArray, candidates: NDArray) -> dict[str, float]:
    """Return the measures by name; NaN where one is not defined (one language)."""
    rows = np.arange(len(values.rank))
    own, others = values.rank[rows, values.langs, None], values.rank.copy()
    others[rows, values.langs] = 0
    per_query = {
        f"nDCG@{K}": ndcg(values.rank, K),
        f"Recall@{K}": recall(values.rank, K),
        f"TLR@{K}": recall(others, K),
        f"PEER@{K}": peer(values.rank, np.arange(values.rank.shape[1]), K),
        f"Lang-nDCG@{K}": ndcg(own, K),
        "LPR": preference(_first(own), _first(others)),
    }
    found = {name: mean(used(values.grid(line[:, None]))) for name, line in per_query.items()}
    return found | {f"MRC@{K}": mean_rank_correlation(benchmark, queries, candidates, K)}


def peer(ranks: NDArray[np.integer], groups: NDArray[np.integer], k: int) -> Floats:
    """Return PEER@k of each query: `ranks` (Q, G) of its relevant passages, 0 for none; `groups` (G,) their languages.

    A query whose relevant passages are of fewer than two languages is NaN.
    """
    from scipy.stats import chi2

    out = np.full(len(ranks), np.nan)
    for q, row in enumerate(ranks):
        known = row > 0
        labels = np.unique(groups[known])
        if len(labels) < 2:
            continue
        cut = _average_ranks(np.minimum(row[known], k + 1).astype(np.float64))
        spread = np.square(cut - cut.mean()).sum()
        own = groups[known]
        between = sum((own == g).sum() * (cut[own == g].mean() - cut.mean()) ** 2 for g in labels)
        out[q] = 1.0 if spread == 0 else chi2.sf((len(cut) - 1) * between / spread, len(labels) - 1)
    return out


def preference(own: Floats | float, others: Floats | float) -> Floats:
    """Return 1 where the first relevant passage is in the query's language, 0 where it is in another one.

    `own` and `others`: the rank of the first relevant passage in the query's language and in others; NaN where there is
    none, infinite where none was found. NaN where one of them is NaN, or both are infinite.
    """
    own, others = np.asarray(own, np.float64), np.asarray(others, np.float64)
    known = np.isfinite(own) & ~np.isnan(others) | np.isfinite(others) & ~np.isnan(own)
    return np.where(known, (own < others).astype(np.float64), np.nan)


def _first(ranks: NDArray[np.integer]) -> Floats:
    """Return each row's lowest rank, NaN where it has none."""
    best = np.where(ranks > 0, ranks, np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(best), best, np.nan)


def mean_rank_correlation(benchmark: Benchmark, queries: NDArray, candidates: NDArray, k: int) -> float:
    """Return MRC@k, −100 to 100: macro mean over languages of the mean over the pairs that they are in; NaN alone."""
    count = len(benchmark.languages)
    rows: dict[str, dict[int, int]] = {}
    for number, (query, lang) in enumerate(zip(benchmark.queries, benchmark.query_languages.tolist(), strict=True)):
        rows.setdefault(query.id, {})[lang] = number
    sums, counts = np.zeros((count, count)), np.zeros((count, count))
    for versions in rows.values():
        langs = sorted(versions)
        scores = queries[[versions[lang] for lang in langs]] @ candidates.T
        best = [first_k(row, min(k, len(row))) for row in scores]
        for a, b in combinations(range(len(langs)), 2):
            union = np.union1d(best[a], best[b])
            pair = langs[a], langs[b]
            sums[pair] += spearman(scores[a, union], scores[b, union])
            counts[pair] += 1
    sums, counts = sums + sums.T, counts + counts.T
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = sums / counts
    return float(100 * nanmean(nanmean(pairs)))


def spearman(a: NDArray, b: NDArray) -> float:
    """Return the correlation of ranks, equal values sharing their mean rank; 0 where one side is constant."""
    x, y = (_average_ranks(values) for values in (a, b))
    x, y = x - x.mean(), y - y.mean()
    length = np.sqrt(np.square(x).sum() * np.square(y).sum())
    return float((x * y).sum() / length) if length else 0.0


def _average_ranks(values: NDArray) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse.ravel()], np.float64)
