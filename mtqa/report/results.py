"""The results part of a run's report: models, differences, details, and what they say in one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.core.languages import get
from mtqa.report.collections import collection_details, collection_note
from mtqa.report.details import details
from mtqa.report.numbers import decided, measured, number, spread, title
from mtqa.report.page import json_file
from mtqa.report.plots import interval_plot


def results(run: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the template's blocks of all benchmarks, and the claims that their intervals allow."""
    path = run / "comparison.json"
    if not path.is_file():
        return [], []
    comparison = json_file(path)
    return [_benchmark(run, name, content) for name, content in comparison.items()], claims(comparison)


def claims(comparison: dict[str, Any]) -> list[str]:
    """Return one sentence a comparison of two models: each difference with its interval and what that decides."""
    sentences = []
    for benchmark, content in comparison.items():
        for pair in content["differences"]:
            parts = [
                f"{title(m)} {number(m, d['difference'], '+')} {spread(m, d['interval'], '+')} "
                f"({decided(m, d['interval'])})"
                for m, d in pair["measures"].items()
            ]
            sentences.append(f"{pair['first']} against {pair['second']} on {benchmark}: {'; '.join(parts)}.")
    return sentences


def note(languages: list[str], counts: dict[str, Any], intervals: str) -> str:
    """Return what a benchmark's table shows, in words."""
    skipped = counts["skipped_cells"]
    text = (
        f"{', '.join(get(code).name for code in languages)}: {counts['questions']:,} questions, "
        f"{counts['queries']:,} queries, {counts['candidates']:,} candidates. mAP within a language (Mo), across "
        "languages (Cr) and over the pooled candidates (Mul); language bias is the spread of the ranks of a "
        f"question's parallel answers, less is better. 95\u00a0% bootstrap intervals over {intervals}."
    )
    if skipped:
        text += f" {skipped:,} of {counts['cells']:,} pairs of query and language have no answer and are skipped."
    return text


def rows_of(name: str, metrics: dict[str, Any], measures: list[str]) -> list[dict[str, Any]]:
    """Return a model's row of numbers, and a second one of its uncorrected vectors where it was corrected."""
    values, intervals = metrics["mAP"] | metrics["bias"], metrics["intervals"]
    rows = [{"name": name, "numbers": [measured(m, values[m], intervals[m]) for m in measures]}]
    if "uncorrected" in metrics:
        plain = metrics["uncorrected"]["mAP"] | metrics["uncorrected"]["bias"]
        rows.append({"name": f"{name}, uncorrected", "numbers": [measured(m, plain[m], None) for m in measures]})
    return rows


def _benchmark(run: Path, name: str, content: dict[str, Any]) -> dict[str, Any]:
    measures = list(next(iter(content["models"].values())))
    metrics = {arm: read_metrics(run / "evaluation" / arm / name) for arm in content["models"]}
    if "metrics" in next(iter(metrics.values())):
        words, more = collection_note(next(iter(metrics.values()))), collection_details(metrics)
        rows = [
            {"name": arm, "numbers": [measured(m, v["metrics"][m], v["intervals"][m]) for m in measures]}
            for arm, v in metrics.items()
        ]
    else:
        words = note(content["languages"], content["counts"], "questions")
        more = details(metrics, content["languages"])
        rows = [row for arm in content["models"] for row in rows_of(arm, metrics[arm], measures)]
    return {
        "id": name,
        "title": name,
        "measures": [title(m) for m in measures],
        "note": words,
        "arms": rows,
        "differences": [
            {
                "name": f"{d['first']} − {d['second']}",
                "numbers": [
                    measured(m, v["difference"], v["interval"], verdict=decided(m, v["interval"]))
                    for m, v in d["measures"].items()
                ],
            }
            for d in content["differences"]
        ],
        "plot": interval_plot(
            {
                arm: {title(m): (v[m]["value"], v[m]["low"], v[m]["high"]) for m in measures}
                for arm, v in content["models"].items()
            }
        ),
        "signature": content["signature"],
        **more,
    }
