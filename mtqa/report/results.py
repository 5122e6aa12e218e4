"""The results part of a report: models, differences, language matrices, and what they say in one sentence each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mtqa.core.languages import get
from mtqa.report.heat import heat_table
from mtqa.report.plots import interval_plot

TITLES = {"rank_distance": "language bias"}
LESS_IS_BETTER = {"rank_distance"}


def results(run: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the template's blocks of all benchmarks, and the claims that their intervals allow."""
    path = run / "comparison.json"
    if not path.is_file():
        return [], []
    comparison = json.loads(path.read_text(encoding="utf-8"))
    return [_benchmark(run, name, content) for name, content in comparison.items()], claims(comparison)


def claims(comparison: dict[str, Any]) -> list[str]:
    """Return one sentence a comparison of two models: each difference with its interval and what that decides."""
    sentences = []
    for benchmark, content in comparison.items():
        for pair in content["differences"]:
            parts = []
            for measure, d in pair["measures"].items():
                text, spread = _number(measure, d["difference"], "+"), _spread(measure, d["interval"], "+")
                verdict = {"yes": "better", "no": "worse", "": "undecided"}[_verdict(measure, d["interval"])]
                parts.append(f"{TITLES.get(measure, measure)} {text} {spread} ({verdict})")
            sentences.append(f"{pair['first']} against {pair['second']} on {benchmark}: {'; '.join(parts)}.")
    return sentences


def _benchmark(run: Path, name: str, content: dict[str, Any]) -> dict[str, Any]:
    measures = list(next(iter(content["models"].values())))
    counts = content["counts"]
    metrics = {
        arm: json.loads((run / "evaluation" / arm / name / "metrics.json").read_text(encoding="utf-8"))
        for arm in content["models"]
    }
    languages = content["languages"]
    return {
        "id": name,
        "title": name,
        "measures": [TITLES.get(m, m) for m in measures],
        "note": (
            f"{', '.join(get(code).name for code in languages)}: {counts['questions']:,} questions, "
            f"{counts['queries']:,} queries, {counts['candidates']:,} candidates. mAP within a language (Mo), across "
            "languages (Cr) and over the pooled candidates (Mul); language bias is the spread of the ranks of a "
            "question's parallel answers, less is better. 95 % bootstrap intervals over questions."
        ),
        "arms": [
            {"name": arm, "numbers": [_measured(m, v["value"], (v["low"], v["high"])) for m, v in values.items()]}
            for arm, values in content["models"].items()
        ],
        "differences": [
            {
                "name": f"{d['first']} − {d['second']}",
                "numbers": [
                    _measured(m, v["difference"], v["interval"], "+") | {"verdict": _verdict(m, v["interval"])}
                    for m, v in d["measures"].items()
                ],
            }
            for d in content["differences"]
        ],
        "plot": interval_plot(
            {
                arm: {TITLES.get(m, m): (v[m]["value"], v[m]["low"], v[m]["high"]) for m in measures}
                for arm, v in content["models"].items()
            }
        ),
        "matrices": _matrices(metrics, languages),
        "ranks": _ranks(metrics, languages),
        "shares": _shares(metrics, languages),
        "signature": content["signature"],
    }


def _matrices(metrics: dict[str, Any], languages: list[str]) -> list[dict[str, Any]]:
    """Return one heat table an arm, all on one colour scale."""
    tables = {arm: [[m["by_pair"][q][p] for p in languages] for q in languages] for arm, m in metrics.items()}
    known = [v for table in tables.values() for row in table for v in row if v is not None]
    low, high = min(known), max(known)
    names = [code.split("_")[0] for code in languages]
    return [{"name": arm} | heat_table(names, names, table, low, high, "{:.3f}") for arm, table in tables.items()]


def _ranks(metrics: dict[str, Any], languages: list[str]) -> dict[str, Any] | None:
    if len(languages) < 2:
        return None
    rows = [
        {"name": arm, "cells": [_rank(m["mean_rank_by_passage_language"][code]) for code in languages]}
        for arm, m in metrics.items()
    ]
    return {"languages": [get(code).name for code in languages], "rows": rows}


def _shares(metrics: dict[str, Any], languages: list[str]) -> dict[str, Any] | None:
    """Return how much of the first ranks each passage language takes, beside its share of all candidates."""
    if len(languages) < 2:
        return None
    found = {arm: m["top_share_by_passage_language"] for arm, m in metrics.items()}
    first = next(iter(found.values()))
    rows = [{"name": "share of all candidates", "cells": [f"{first['uniform'][code]:.1%}" for code in languages]}]
    rows += [
        {"name": arm, "cells": [f"{share['share'][code]:.1%}" for code in languages]} for arm, share in found.items()
    ]
    return {"k": first["k"], "languages": [get(code).name for code in languages], "rows": rows}


def _rank(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _measured(measure: str, value: float, interval: tuple[float, float], sign: str = "") -> dict[str, str]:
    return {"text": _number(measure, value, sign), "interval": _spread(measure, interval, sign)}


def _number(measure: str, value: float, sign: str = "") -> str:
    digits = 1 if measure in LESS_IS_BETTER else 3
    return f"{value:{sign}.{digits}f}".replace("-", "−")


def _spread(measure: str, interval: tuple[float, float], sign: str = "") -> str:
    return f"[{_number(measure, interval[0], sign)}, {_number(measure, interval[1], sign)}]"


def _verdict(measure: str, interval: tuple[float, float]) -> str:
    """Return 'yes' (better), 'no' (worse) or '' where the interval holds zero."""
    low, high = interval
    if low <= 0 <= high:
        return ""
    return "yes" if (low > 0) != (measure in LESS_IS_BETTER) else "no"
