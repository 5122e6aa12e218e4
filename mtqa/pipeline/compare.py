"""`comparison.json`: the arms of a run side by side, and paired differences with intervals."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import write_text_atomic
from mtqa.evaluate.bootstrap import paired_difference
from mtqa.evaluate.settings import CollectionSettings
from mtqa.pipeline.recipe import Recipe

COMPARISON = "comparison.json"
MEASURES = ("Mo", "Cr", "Mul", "rank_distance")
"""mAP in three settings (more is better) and the rank distance (language bias: less is better)."""


def write_comparison(recipe: Recipe, out: Path) -> dict[str, Any]:
    """Write `comparison.json` from the finished evaluations of a run, and return its content.

    By benchmark: `signature`, `languages`, `counts`, `models` (arm → measure → value, low, high) and `differences`
    (first, second, and by measure the difference with its interval and p-value). A measure that the benchmark does not
    have (Cr with one language) is left out. Collections are marked by `collection`.
    """
    content: dict[str, Any] = {
        settings.benchmark: _benchmark(recipe, out, settings.benchmark) for settings in recipe.evaluate
    }
    content |= {settings.benchmark: _collection(recipe, out, settings) for settings in recipe.collections}
    write_text_atomic(out / COMPARISON, json.dumps(content, indent=1) + "\n")
    return content


def _benchmark(recipe: Recipe, out: Path, name: str) -> dict[str, Any]:
    folders = {arm: out / "evaluation" / arm / name for arm in recipe.arms}
    metrics = {arm: read_metrics(folder) for arm, folder in folders.items()}
    first = next(iter(metrics.values()))
    measures = [m for m in MEASURES if first["intervals"][m] is not None]
    resamples, seed = next((e.resamples, e.seed) for e in recipe.evaluate if e.benchmark == name)
    differences = [
        {
            "first": a,
            "second": b,
            "measures": {
                m: asdict(paired_difference(folders[a], folders[b], m, resamples=resamples, seed=seed))
                for m in measures
            },
        }
        for a, b in recipe.compare
    ]
    models = {
        arm: {
            m: dict(zip(("value", "low", "high"), ((v["mAP"] | v["bias"])[m], *v["intervals"][m]), strict=True))
            for m in measures
        }
        for arm, v in metrics.items()
    }
    return {
        "signature": first["signature"],
        "languages": first["languages"],
        "counts": first["counts"],
        "models": models,
        "differences": differences,
    }


def _collection(recipe: Recipe, out: Path, settings: CollectionSettings) -> dict[str, Any]:
    from mtqa.evaluate.collection.compare import paired_difference as difference

    folders = {arm: out / "evaluation" / arm / settings.benchmark for arm in recipe.arms}
    metrics = {arm: read_metrics(folder) for arm, folder in folders.items()}
    first = next(iter(metrics.values()))
    measures = [m for m in first["metrics"] if all(v["metrics"][m] is not None for v in metrics.values())]
    asked = {"resamples": settings.resamples, "seed": settings.seed}
    return {
        "collection": True,
        "signature": first["signature"],
        "languages": first["languages"],
        "counts": first["counts"],
        "models": {
            arm: {
                m: dict(zip(("value", "low", "high"), (v["metrics"][m], *v["intervals"][m]), strict=True))
                for m in measures
            }
            for arm, v in metrics.items()
        },
        "differences": [
            {
                "first": a,
                "second": b,
                "measures": {m: asdict(difference(folders[a], folders[b], m, **asked)) for m in measures},
            }
            for a, b in recipe.compare
        ],
    }
