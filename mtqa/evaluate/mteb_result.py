"""Results in the form of the mteb library: one entry a query language, whose means are the headline numbers.

mteb averages a task's scores over its subsets. With a subset a query language that mean is Mo, Cr, Mul and the rank
distance as mtqa reports them: all are means over query languages (Cr too where each query language has an answer in as
many others, as in both benchmarks).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest, write_text_atomic
from mtqa.evaluate.perquery import METRICS

NAMES = {"xquad-r": "XQuAD-R", "mlqa-r": "MLQA-R"}
"""Task names by benchmark."""
MAIN_SCORE = "mAP_Mul"
SPLIT = "test"
Table = Mapping[str, Mapping[str, Any]]


def tag(lang: str) -> str:
    """Return mteb's tag of a FLORES-200 code: deu_Latn → deu-Latn."""
    return lang.replace("_", "-")


def subset_scores(lang: str, by_language: Table, by_pair: Table) -> dict[str, float]:
    """Return the scores of the queries in a language: mAP_Mo, mAP_Cr, mAP_Mul, the bias measures, mAP_to_LANG.

    Undefined ones (no answer in a language, one language only) are left out.
    """
    row = by_language[lang]
    scores = {f"mAP_{m}" if m in METRICS[:3] else m: row[m] for m in METRICS}
    scores |= {f"mAP_to_{other}": value for other, value in by_pair[lang].items()}
    return {name: float(v) for name, v in scores.items() if v is not None and not math.isnan(v)}


def task_result(folder: Path) -> dict[str, Any]:
    """Return an evaluation folder's numbers as mteb's `TaskResult`; its revision of the data is their fingerprint.

    Raises UsageError for a folder that is no evaluation of XQuAD-R or MLQA-R with sentences as candidates, which is
    what the tasks of `mteb_tasks` measure.
    """
    metrics, manifest = read_metrics(folder), load_manifest(folder)
    if metrics.get("benchmark") not in NAMES or metrics.get("candidate") != "sentence":
        raise UsageError(
            "The evaluation is not of a task that mteb can hold.",
            where=folder,
            expected="xquad-r or mlqa-r with sentences as candidates",
        )
    entries = []
    for lang in metrics["languages"]:
        scores = subset_scores(lang, metrics["by_language"], metrics["by_pair"])
        place = {"main_score": scores[MAIN_SCORE], "hf_subset": lang, "languages": [tag(lang)]}
        entries.append({**scores, **place})
    return {
        "task_name": NAMES[metrics["benchmark"]],
        "dataset_revision": manifest.inputs["data"],
        "mteb_version": None,
        "scores": {SPLIT: entries},
        "evaluation_time": None,
        "kg_co2_emissions": None,
    }


def write_task_result(folder: Path, out: Path) -> Path:
    """Write an evaluation folder's numbers as mteb writes them, to `out`/TASK.json, and return that path."""
    content = task_result(folder)
    path = out / f"{content['task_name']}.json"
    out.mkdir(parents=True, exist_ok=True)
    write_text_atomic(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
    return path
