"""The block of a collection of passages: metrics of one system or several, by query language, languages of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtqa.core.languages import get
from mtqa.report.details import shares
from mtqa.report.heat import heat_table
from mtqa.report.numbers import number

Metrics = Mapping[str, Any]


def collection_note(metrics: Metrics) -> str:
    """Return what a collection's table shows, in words."""
    counts, languages = metrics["counts"], metrics["languages"]
    names = f"Queries in {', '.join(get(lang).name for lang in languages)}. " if languages else ""
    text = ", ".join(f"{number:,} {what.replace('_', ' ')}" for what, number in counts.items())
    pool = ", ".join(f"{get(lang).name} {count:,}" for lang, count in metrics.get("pool", {}).items())
    pool = f" Documents of one pool: {pool}." if pool else ""
    mean = " Every query language counts equally." if len(languages) > 1 else ""
    return f"{names}{text[:1].upper()}{text[1:]}.{pool}{mean} 95\u00a0% bootstrap intervals over queries."


def collection_details(systems: Mapping[str, Metrics]) -> dict[str, Any]:
    """Return the templates' tables of a collection from each system's `metrics.json`."""
    first = next(iter(systems.values()))
    pooled = all("pool" in metrics for metrics in systems.values())
    return {
        **dict.fromkeys(("matrices", "confusions", "answers", "mlir", "ranks")),
        "shares": shares(systems, list(first["pool"])) if pooled else None,
        "by_query_language": _by_query_language(systems),
    }


def _by_query_language(systems: Mapping[str, Metrics]) -> list[dict[str, Any]]:
    """Return a heat table a metric: query languages in rows, systems in columns; empty for one language."""
    first = next(iter(systems.values()))
    languages = first["languages"]
    if len(languages) < 2:
        return []
    tables = []
    for metric in first["metrics"]:
        values = [[m["by_language"][lang].get(metric) for m in systems.values()] for lang in languages]
        known = [value for row in values for value in row if value is not None]
        if known:
            names = [get(lang).name for lang in languages]
            table = heat_table(names, list(systems), values, min(known), max(known), _form(metric))
            tables.append({"name": metric} | table)
    return tables


def _form(metric: str) -> str:
    """Return the format of a metric's values, with as many digits as elsewhere on the page."""
    return f"{{:.{len(number(metric, 0.0).partition('.')[2])}f}}"
