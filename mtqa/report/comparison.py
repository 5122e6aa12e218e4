"""The report of a comparison: what `mtqa compare` found, with the systems' own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.report.collections import collection_details, collection_note
from mtqa.report.details import details, mean_of
from mtqa.report.differences import ALL, by_language, systems, tests
from mtqa.report.page import write_page
from mtqa.report.results import note


def write_comparison(found: Mapping[str, Any], folders: Mapping[str, Mapping[str, Sequence[Path]]], path: Path) -> Path:
    """Write the page of a comparison (`study.compare.compare`) to a file.

    `folders`: system → benchmark → its evaluations, one a seed. Raises UsageError where one cannot be read.
    """
    names = list(next(iter(found.values()))["systems"])
    benchmarks = [
        _benchmark(name, part, {system: folders[system][name] for system in part["systems"]})
        for name, part in found.items()
    ]
    content = {
        "name": f"{names[0]} against {', '.join(names[1:])}",
        "description": "",
        "claims": [],
        "benchmarks": benchmarks,
        "sections": [(bench["id"], f"Results on {bench['title']}") for bench in benchmarks],
    }
    return write_page("comparison.html.j2", content, path)


def _benchmark(name: str, part: Mapping[str, Any], folders: Mapping[str, Sequence[Path]]) -> dict[str, Any]:
    found = {system: mean_of([read_metrics(folder) for folder in own]) for system, own in folders.items()}
    first = next(iter(found.values()))
    several = any(len(own) > 1 for own in folders.values())
    if "metrics" in first:
        words, more = collection_note(first), collection_details(found)
    else:
        over = "questions and seeds" if several else "questions"
        words, more = note(part["languages"], first["counts"], over), details(found, part["languages"])
    signatures = dict.fromkeys(metrics["signature"] for metrics in found.values())
    return {
        "id": name,
        "title": name,
        "note": words,
        "differences": [],
        "tests": tests([d for d in part["differences"] if d["group"] == ALL]),
        "by_language": by_language([d for d in part["differences"] if d["group"] != ALL]),
        **systems(part["systems"]),
        **more,
        "signature": first["signature"],
        "signatures": list(signatures),
    }
