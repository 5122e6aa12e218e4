"""What `metrics.json` of several systems say beyond the headline: by language, by answer, by passage language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mtqa.core.languages import get
from mtqa.report.heat import heat_table
from mtqa.report.numbers import LESS_IS_BETTER, number, title
from mtqa.report.plots import ratio_plot

MEASURES = ("Mo", "Cr", "Mul", "rank_distance")
Metrics = Mapping[str, Any]


def mean_of(seeds: Sequence[Any]) -> Any:
    """Return the mean of the numbers at each place of equally built values; what is no number is the first one's.

    None where one of them is None: a mean over some seeds would look like that over all.
    """
    first = seeds[0]
    if isinstance(first, dict):
        return {key: mean_of([one[key] for one in seeds]) for key in first}
    if any(one is None for one in seeds):
        return None
    if isinstance(first, float) or (isinstance(first, int) and any(one != first for one in seeds)):
        return sum(seeds) / len(seeds)
    return first


def details(metrics: Mapping[str, Metrics], languages: Sequence[str]) -> dict[str, Any]:
    """Return the templates' tables of one benchmark from each system's metrics."""
    several = len(languages) > 1
    return {
        "matrices": _squares({name: m["by_pair"] for name, m in metrics.items()}, languages, "{:.3f}", None),
        "confusions": _squares(
            {name: m["first_hit_confusion"] for name, m in metrics.items()} if several else {},
            languages,
            "{:.0%}",
            (0.0, 1.0),
        ),
        "ranks": _ranks(metrics, languages) if several else None,
        "shares": shares(metrics, languages) if several else None,
        "answers": _answers(metrics),
        "mlir": _mlir(metrics),
        "by_query_language": [],
    }


def _squares(
    tables: Mapping[str, Mapping[str, Mapping[str, float | None]]],
    languages: Sequence[str],
    form: str,
    scale: tuple[float, float] | None,
) -> list[dict[str, Any]]:
    """Return one heat table a system, all on one colour scale: that given, or from the lowest to the highest value."""
    values = {name: [[table[q][p] for p in languages] for q in languages] for name, table in tables.items()}
    known = [v for table in values.values() for row in table for v in row if v is not None]
    if not known:
        return []
    low, high = scale or (min(known), max(known))
    names = [code.split("_")[0] for code in languages]
    return [{"name": name} | heat_table(names, names, table, low, high, form) for name, table in values.items()]


def _ranks(metrics: Mapping[str, Metrics], languages: Sequence[str]) -> dict[str, Any]:
    found = {name: m["mean_rank_by_passage_language"] for name, m in metrics.items()}
    rows = [{"name": get(code).name, "cells": [_rank(ranks[code]) for ranks in found.values()]} for code in languages]
    return {"columns": list(found), "rows": rows}


def _rank(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def shares(metrics: Mapping[str, Metrics], languages: Sequence[str]) -> dict[str, Any]:
    """Return how much of the first ranks each passage language takes, beside its share of all candidates."""
    found = {name: m["top_share_by_passage_language"] for name, m in metrics.items()}
    first = next(iter(found.values()))
    columns = {"share of all": first["uniform"], **{name: one["share"] for name, one in found.items()}}
    rows = [
        {"name": get(code).name, "cells": [f"{share[code]:.1%}" for share in columns.values()]} for code in languages
    ]
    ratios = {name: [one["share"][code] / one["uniform"][code] for code in languages] for name, one in found.items()}
    return {
        "k": first["k"],
        "columns": list(columns),
        "rows": rows,
        "plot": ratio_plot([code.split("_")[0] for code in languages], ratios, "share of the first ÷ of all"),
    }


def _answers(metrics: Mapping[str, Metrics]) -> list[dict[str, Any]]:
    """Return a heat table a measure: kinds of answers in rows, systems in columns; empty without English answers."""
    first = next(iter(metrics.values()))["by_answer"]
    if first is None:
        return []
    classes = [
        (kind, name, part["questions"])
        for kind, parts in first.items()
        for name, part in parts.items()
        if part["questions"]
    ]
    rows = [f"{name} ({questions:,})" for _, name, questions in classes]
    tables = []
    for measure in MEASURES:
        values = [[m["by_answer"][kind][name][measure] for m in metrics.values()] for kind, name, _ in classes]
        known = [v for row in values for v in row if v is not None]
        if known:
            form = "{:,.1f}" if measure in LESS_IS_BETTER else "{:.3f}"
            table = heat_table(rows, list(metrics), values, min(known), max(known), form)
            tables.append({"name": title(measure)} | table)
    return tables


def _mlir(metrics: Mapping[str, Metrics]) -> dict[str, Any] | None:
    """Return the measures of pooled multilingual retrieval, which evaluations of whole passages have."""
    found = {name: m["mlir"] for name, m in metrics.items() if "mlir" in m}
    if not found:
        return None
    measures = list(next(iter(found.values())))
    rows = [{"name": name, "cells": [number(m, one[m], digits=4) for m in measures]} for name, one in found.items()]
    return {"columns": measures, "rows": rows}
