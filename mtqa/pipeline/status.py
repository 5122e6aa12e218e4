"""What a run folder holds, stage by stage."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.manifest import check_files, load_manifest
from mtqa.core.recipe import parse
from mtqa.pipeline.recipe import Recipe
from mtqa.pipeline.table import text_table


def stage_folders(recipe: Recipe) -> dict[str, str]:
    """Return label → folder below the run of every stage of a recipe, in the order in which they run."""
    folders = {"collect": "collected", "translate": "translated", "filter": "filtered"}
    if recipe.mine is not None:
        folders["mine"] = "negatives"
    for arm, settings in recipe.arms.items():
        if settings.train is not False:
            folders[f"build-shards {arm}"] = f"shards/{arm}"
            folders[f"train {arm}"] = f"model/{arm}"
        for benchmark in recipe.benchmarks:
            folders[f"evaluate {arm} {benchmark}"] = f"evaluation/{arm}/{benchmark}"
    if recipe.publish is not None:
        folders["publish dataset"] = "published/dataset"
        if recipe.arms[recipe.published_arm].train is not False:
            folders["publish model"] = "published/model"
    return folders


def run_status(run: Path, recipe: Recipe | None = None) -> list[dict[str, Any]]:
    """Return one record a stage: stage, state (done, damaged, missing), rows, megabytes, seconds.

    Without a recipe the one that `run.json` recorded is used. Raises UsageError where `run` is no run folder.
    """
    journal = _journal(run) if recipe is None or (run / "run.json").exists() else {"stages": {}}
    recipe = recipe or parse(Recipe, journal["recipe"], run / "run.json")
    records = []
    for label, name in stage_folders(recipe).items():
        record: dict[str, Any] = {"stage": label, "folder": name, "state": "missing", "rows": None, "megabytes": None}
        if (run / name / "_manifest.json").is_file():
            record["state"] = "damaged"
            with contextlib.suppress(UsageError):
                manifest = load_manifest(run / name)
                named = [entry for part in manifest.parts.values() for entry in part.files.items()]
                record["rows"] = sum(file.rows or 0 for path, file in named if not path.startswith(".")) or None
                record["megabytes"] = round(sum(file.bytes for _, file in named) / 1e6, 2)
                check_files(run / name, manifest)
                record["state"] = "done"
        record["seconds"] = journal["stages"].get(label, {}).get("seconds")
        records.append(record)
    return records


def status_table(run: Path, recipe: Recipe | None = None) -> str:
    """Return `run_status` as text."""
    records = run_status(run, recipe)
    header = ["stage", "state", "rows", "MB", "seconds", "folder"]
    rows = [
        [
            r["stage"],
            r["state"],
            "" if r["rows"] is None else f"{r['rows']:,}",
            "" if r["megabytes"] is None else f"{r['megabytes']:.1f}",
            "" if r["seconds"] is None else f"{r['seconds']:.1f}",
            r["folder"],
        ]
        for r in records
    ]
    return text_table(header, rows)


def _journal(run: Path) -> dict[str, Any]:
    path = run / "run.json"
    if not path.is_file():
        raise UsageError(
            f"'{run}' is not a run folder.", where=path, expected="a folder that `mtqa run` wrote", next_step="mtqa run"
        )
    try:
        journal: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {"stages": journal["stages"], "recipe": journal["recipe"]}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("run.json cannot be read.", where=path, expected="JSON as mtqa run writes it") from error
