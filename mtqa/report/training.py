"""The batches and training parts of a report."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.manifest import load_manifest
from mtqa.report.heat import heat_table
from mtqa.report.plots import curve_plot, smoothed

SMOOTHING = 10


def batches(shards: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Return the composition of every arm's batches: kinds, items, and pairs by query and passage language."""
    out = []
    for arm, folder in shards.items():
        counts = load_manifest(folder).counts
        pairs = _pairs(counts)
        languages = sorted({lang for pair in pairs for lang in pair})
        values = [[pairs.get((q, p)) for p in languages] for q in languages]
        names = [code.split("_")[0] for code in languages]
        kinds = counts["kinds"]["got"]
        out.append(
            {
                "name": arm,
                "batches": f"{counts['batches']:,}",
                "pairs": f"{counts['rows']:,}",
                "mono": f"{kinds.get('mono', 0):,}",
                "cross": f"{kinds.get('cross', 0):,}",
                "items": f"{counts['items_used']:,} of {counts['items']:,}",
                "collisions": f"{counts['shared']['rows']:,}",
                "matrix": heat_table(names, names, values, 0, max(pairs.values()), "{:,}"),
            }
        )
    return out


def _pairs(counts: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Return rows by (query language, passage language)."""
    mono = counts["mono_languages"].get("got", {})
    cross = counts["cross_pairs"].get("got", {})
    pairs = {(lang, lang): number * counts["batch_size"] for lang, number in mono.items()}
    pairs |= {(pair.split(">")[0], pair.split(">")[1]): number for pair, number in cross.items()}
    return {pair: number for pair, number in pairs.items() if number}


def curves(run: Path, arms: list[str]) -> dict[str, str] | None:
    """Return the plot of the training losses, smoothed, and of the losses on held-out pairs where there are any."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for arm in arms:
        with (run / "model" / arm / "training.csv").open(encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))
        losses = smoothed([float(r["loss"]) for r in records], SMOOTHING)
        if losses:
            lines[arm] = [(float(r["step"]), loss) for r, loss in zip(records, losses, strict=True)]
        held_out = [(float(r["step"]), float(r["validation_loss"])) for r in records if r["validation_loss"]]
        if held_out:
            lines[f"{arm}, held-out"] = held_out
    if not lines:
        return None
    note = (
        f"InfoNCE loss, mean of the last {SMOOTHING} steps. Arms with different batches have tasks of different "
        "difficulty: their losses say how training went, not which model is better."
    )
    return {"plot": curve_plot(lines, "loss"), "note": note}
