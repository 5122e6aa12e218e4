"""Evaluations on disk: what evaluate writes, and pipeline, study, report and cards read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError

EVALUATE_STAGE, COLLECTION_STAGE = "evaluate", "evaluate-collection"
METRICS_FILE, PER_QUERY_FILE = "metrics.json", "per_query.parquet"


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return an evaluation's `metrics.json`; raises UsageError where it is missing or damaged."""
    path = folder / METRICS_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The metrics cannot be read.",
            where=path,
            expected="a folder that 'mtqa evaluate' wrote",
            next_step="evaluate again, or put the folder back",
        ) from error
    return content
