"""The report of one evaluation: a model (or vectors) on one benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa.core.manifest import load_manifest
from mtqa.report.details import MEASURES, details, read_metrics
from mtqa.report.numbers import title
from mtqa.report.page import flat
from mtqa.report.plots import interval_plot
from mtqa.report.results import note, rows_of


def evaluation_content(folder: Path) -> dict[str, Any]:
    """Return the content of an evaluation's page."""
    metrics, manifest = read_metrics(folder), load_manifest(folder)
    name = manifest.info["encoder"]["model"] or "given vectors"
    values = metrics["mAP"] | metrics["bias"]
    measures = [m for m in MEASURES if metrics["intervals"][m] is not None]
    benchmark = {
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
    settings = [{"name": "evaluate", "settings": sorted(flat(manifest.settings))}]
    return {
        "name": name,
        "description": "",
        "claims": [],
        "benchmarks": [benchmark],
        "stages": settings,
        "licences": ", ".join(manifest.licences),
        "sections": [(benchmark["id"], f"Results on {benchmark['title']}"), ("how", "How it was made")],
    }
