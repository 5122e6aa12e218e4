"""The report of one evaluation: a model (or vectors) on one benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.core.languages import get
from mtqa.core.manifest import load_manifest
from mtqa.report.collections import collection_details, collection_note
from mtqa.report.details import MEASURES, details
from mtqa.report.numbers import measured, title
from mtqa.report.page import flat
from mtqa.report.plots import interval_plot
from mtqa.report.results import note, rows_of


def evaluation_content(folder: Path) -> dict[str, Any]:
    """Return the content of the page of an evaluation: on XQuAD-R or MLQA-R, or on a collection of passages."""
    metrics, manifest = read_metrics(folder), load_manifest(folder)
    encoder = manifest.info.get("encoder", manifest.info)
    name = encoder.get("model") or encoder.get("run") or "given vectors"
    benchmark = _collection(name, metrics) if "metrics" in metrics else _sentences(name, metrics)
    return {
        "name": name,
        "description": "",
        "claims": [],
        "benchmarks": [benchmark],
        "stages": [{"name": "evaluate", "settings": sorted(flat(manifest.settings))}],
        "licences": ", ".join(manifest.licences) or "unknown",
        "sections": [(benchmark["id"], f"Results on {benchmark['title']}"), ("how", "How it was made")],
    }


def _sentences(name: str, metrics: dict[str, Any]) -> dict[str, Any]:
    values = metrics["mAP"] | metrics["bias"]
    measures = [m for m in MEASURES if metrics["intervals"][m] is not None]
    return {
        "id": metrics["benchmark"],
        "title": metrics["benchmark"],
        "measures": [title(m) for m in measures],
        "note": note(metrics["languages"], metrics["counts"], "questions"),
        "arms": rows_of(name, metrics, measures),
        "differences": [],
        "plot": interval_plot({name: {title(m): (values[m], *metrics["intervals"][m]) for m in measures}}),
        "signature": metrics["signature"],
        **details({name: metrics}, metrics["languages"]),
    }


def _collection(name: str, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the block of a collection: its metrics over all languages, and in each."""
    ends = metrics["intervals"]
    rows = {name: (metrics["metrics"], ends)}
    if len(metrics["languages"]) > 1:
        rows |= {
            get(lang).name: (metrics["by_language"][lang], ends["by_language"][lang]) for lang in metrics["languages"]
        }
    measures = list(metrics["metrics"])
    return {
        "id": metrics["benchmark"],
        "title": metrics["benchmark"],
        "measures": measures,
        "note": collection_note(metrics),
        "arms": [
            {"name": row, "numbers": [measured(m, values[m], spans[m], digits=4) for m in measures]}
            for row, (values, spans) in rows.items()
        ],
        "differences": [],
        "plot": interval_plot(
            {
                row: {m: (v[m], *spans[m]) for m in measures if metrics["metrics"][m] is not None and v[m] is not None}
                for row, (v, spans) in rows.items()
            }
        ),
        "signature": metrics["signature"],
        **collection_details({name: metrics}),
        "by_query_language": [],
    }
