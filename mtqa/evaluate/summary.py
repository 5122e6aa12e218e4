"""From per-query values to `metrics.json` and to the table that people read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.evaluate import bias
from mtqa.evaluate.answers import by_answer
from mtqa.evaluate.bootstrap import Interval, intervals, language_intervals, pair_intervals
from mtqa.evaluate.lareqa import Benchmark
from mtqa.evaluate.perquery import METRICS, PerQuery, mean
from mtqa.evaluate.settings import EvaluateSettings
from mtqa.evaluate.signature import signature

TOP_K = 20
MAP, BIAS = METRICS[:3], METRICS[3:]
Floats = NDArray[np.float64]


def summarise(benchmark: Benchmark, values: PerQuery, settings: EvaluateSettings) -> dict[str, Any]:
    """Return the content of `metrics.json`: unrounded numbers, null where undefined.

    `mAP` {Mo, Cr, Mul} and `bias` {rank_distance, max_at_r, max_at_r_normalised}; `by_language`: the same of each query
    language and its numbers of queries and candidates; `by_pair`: query language → passage language → mAP; `intervals`:
    [low, high] by the names of the headline numbers, and under `by_language` and `by_pair` those of the two tables;
    `by_answer`: the headline numbers by type and length of the answer (see `answers`); the rankings by passage
    language; `signature`, and `signatures` of all headline numbers; `counts`.
    """
    asked = settings.resamples, settings.seed
    result = {
        "benchmark": benchmark.name,
        "candidate": settings.candidate,
        "languages": benchmark.languages,
        **headline(values),
        "intervals": {
            **_lists(intervals(values, *asked)),
            "by_language": {lang: _lists(line) for lang, line in language_intervals(values, *asked).items()},
            "by_pair": {lang: _lists(line) for lang, line in pair_intervals(values, *asked).items()},
        },
        "signature": signature("mAP", benchmark, settings),
        "signatures": {
            metric: signature(f"mAP-{metric}" if metric in MAP else metric, benchmark, settings) for metric in METRICS
        },
        "counts": counts(benchmark),
        "by_language": by_language(benchmark, values),
        "by_pair": by_pair(values),
        "by_answer": by_answer(benchmark, values),
        **_passage_languages(values, np.diff(benchmark.bounds)),
    }
    return without_nan(result)  # type: ignore[no-any-return]


def headline(values: PerQuery) -> dict[str, dict[str, float | None]]:
    """Return `mAP` {Mo, Cr, Mul} and `bias` {rank_distance, max_at_r, max_at_r_normalised}; None where undefined."""
    numbers = {metric: mean(values.cells(metric)) for metric in METRICS}
    kinds = {"mAP": MAP, "bias": BIAS}
    return without_nan({k: {m: numbers[m] for m in names} for k, names in kinds.items()})  # type: ignore[no-any-return]


def counts(benchmark: Benchmark) -> dict[str, Any]:
    """Return the numbers of queries, candidates, and cells (query × other language) without gold, which are skipped."""
    cells = len(benchmark.queries) * (len(benchmark.languages) - 1)
    own = (benchmark.gold >= 0).sum() - len(benchmark.queries)  # every query has a gold in its own language
    return {
        "questions": len({query.id for query in benchmark.queries}),
        "queries": len(benchmark.queries),
        "candidates": len(benchmark.candidates),
        "cells": cells,
        "skipped_cells": int(cells - own),
        "skipped_share": float((cells - own) / cells) if cells else 0.0,
    }


def by_language(benchmark: Benchmark, values: PerQuery) -> dict[str, dict[str, float]]:
    """Return query language → the headline numbers of its queries, NaN where undefined, and its numbers of texts."""
    per_query = {metric: values.values(metric) for metric in METRICS}
    table = {}
    for number, lang in enumerate(values.languages):
        rows = values.langs == number
        cells = {metric: bias.nanmean(per_query[metric][rows]) for metric in METRICS}
        means = {metric: float(bias.nanmean(cell)) for metric, cell in cells.items()}
        sizes = {"queries": int(rows.sum()), "candidates": int(np.diff(benchmark.bounds)[number])}
        table[lang] = {**means, **sizes}
    return table


def by_pair(values: PerQuery) -> dict[str, dict[str, float]]:
    """Return query language → passage language → mAP, NaN where the benchmark has no such pair."""
    ap = values.ap
    means = np.array([bias.nanmean(ap[values.langs == number]) for number in range(len(values.languages))])
    return _square(means, values.languages)


def _passage_languages(values: PerQuery, sizes: NDArray[np.int64]) -> dict[str, Any]:
    """Return what the pooled rankings do with the languages of passages."""
    names = values.languages
    shares = bias.top_share(values.top, values.langs)
    return {
        "mean_rank_by_passage_language": _row(bias.mean_rank_by_passage_language(values.rank, values.langs), names),
        "top_share_by_passage_language": {
            "k": min(TOP_K, values.pool),
            "share": _row(bias.nanmean(shares), names),
            "uniform": _row(sizes / sizes.sum(), names),
            "by_query_language": _square(shares, names),
        },
        "first_hit_confusion": _square(bias.first_hit_confusion(values.rank, values.langs), names),
    }


def _lists(ends: dict[str, Interval]) -> dict[str, list[float] | None]:
    return {name: None if pair is None else list(pair) for name, pair in ends.items()}


def _row(values: Floats, names: list[str]) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _square(values: Floats, names: list[str]) -> dict[str, dict[str, float]]:
    return {name: _row(row, names) for name, row in zip(names, values, strict=True)}


def without_nan(value: Any) -> Any:
    """Return the value with None for NaN, which JSON cannot hold."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def table(metrics: dict[str, Any]) -> str:
    """Return headline numbers with intervals, the matrix of language pairs and the signature as plain text."""
    titles = {"rank_distance": "bias (rank distance)", "max_at_r": "Max@R", "max_at_r_normalised": "Max@R, 0 to 100"}
    lines = []
    for metric in METRICS:
        value, ends = (metrics["mAP"] | metrics["bias"])[metric], metrics["intervals"][metric]
        digits = 4 if metric in MAP else 1
        shown = "–" if value is None else f"{value:.{digits}f}"
        spread = "" if ends is None else f"  [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"
        before = _uncorrected(metrics, metric, digits)
        lines.append(f"{titles.get(metric, f'mAP {metric}'):<22}{shown:>8}{spread}{before}")
    lines += [
        f"{name:<22}{'–' if value is None else f'{value:.4f}':>8}" for name, value in metrics.get("mlir", {}).items()
    ]
    return "\n".join([*lines, "", _matrix(metrics), "", metrics["signature"]])


def _uncorrected(metrics: dict[str, Any], metric: str, digits: int) -> str:
    """Return the number of the same model without its correction, for a model that has one."""
    if "uncorrected" not in metrics:
        return ""
    value = (metrics["uncorrected"]["mAP"] | metrics["uncorrected"]["bias"])[metric]
    return "" if value is None else f"   uncorrected {value:.{digits}f}"


def _matrix(metrics: dict[str, Any]) -> str:
    """Return the mAP of each query language (row) on the candidates of each language, and pooled."""
    pairs: dict[str, dict[str, float | None]] = metrics["by_pair"]
    width = max(map(len, pairs))

    def row(name: str, cells: Sequence[str]) -> str:
        return "  ".join([f"{name:<{width}}", *(f"{cell:>8}" for cell in cells)]).rstrip()

    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    body = [
        row(lang, [*(shown(value) for value in line.values()), shown(metrics["by_language"][lang]["Mul"])])
        for lang, line in pairs.items()
    ]
    return "\n".join(["mAP, queries in rows, candidates in columns", row("", [*pairs, "pooled"]), *body])
