"""`report.html`: one self-contained file made from what a folder of mtqa holds. All data are escaped."""

from __future__ import annotations

from pathlib import Path

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import COLLECTION_STAGE, EVALUATE_STAGE
from mtqa.core.manifest import MANIFEST, load_manifest
from mtqa.report.evaluation import evaluation_content
from mtqa.report.page import write_page
from mtqa.report.run import JOURNAL, run_content
from mtqa.report.study import RESULTS, study_content

REPORT = "report.html"


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a run, study or evaluation and return its path.

    Raises UsageError where the folder is none of them, has not got far enough, or a part of it cannot be read.
    """
    if (folder / JOURNAL).is_file():
        return write_page("run.html.j2", run_content(folder), folder / REPORT)
    if (folder / RESULTS).is_file():
        return write_page("study.html.j2", study_content(folder), folder / REPORT)
    if (folder / MANIFEST).is_file() and load_manifest(folder).stage in (EVALUATE_STAGE, COLLECTION_STAGE):
        return write_page("evaluation.html.j2", evaluation_content(folder), folder / REPORT)
    raise UsageError(
        f"There is nothing in '{folder}' to report.",
        where=folder,
        expected="a folder that mtqa run, study or evaluate wrote; a study has results after its first whole seed",
    )
