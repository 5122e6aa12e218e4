"""Fitting length bounds to clean parallel text, for the shipped table and for `mtqa calibrate-filter`."""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.languages import resolve
from mtqa.core.manifest import write_text_atomic
from mtqa.filter.length import relative_variance
from mtqa.filter.pairs import COLUMNS, Counts, judge_pairs
from mtqa.filter.settings import FilterSettings
from mtqa.filter.table import read_rows

TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""
MIN_SPREAD = 0.08
LEAST_PAIRS = 100
HEADER = "# Length bounds by mtqa calibrate-filter: give this file to `mtqa filter --lengths`.\n"
NOT_ALONE = {f"{field}.duplicate": None for field in ("question", "sentence", "passage")}
"""Half of a table says nothing about what many sources share."""


def fit(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Return median and spread of the log length ratios of (source, translation) pairs.

    The spread is the robust standard deviation that a source of 100 characters would have: deviations are divided by
    what `length.deviation` says of their source's length. Pairs with an empty side are left out; raises
    statistics.StatisticsError where none is left.
    """
    lengths = [(len(s.strip()), len(t.strip())) for s, t in pairs if s.strip() and t.strip()]
    ratios = [math.log((t + 1) / (s + 1)) for s, t in lengths]
    median = statistics.median(ratios)
    scaled = [
        abs(ratio - median) / math.sqrt(relative_variance(s)) for ratio, (s, _) in zip(ratios, lengths, strict=True)
    ]
    return round(median, 3), round(max(TO_SIGMA * statistics.median(scaled), MIN_SPREAD), 3)


@dataclass(frozen=True)
class Calibration:
    """What was found on clean pairs: bounds by language, and the share of the other half that they reject."""

    languages: dict[str, dict[str, float]]
    rows: dict[str, int]
    rejected: Counts
    left_out: dict[str, int]


def calibrate(clean: Path, settings: FilterSettings, out: Path) -> Calibration:
    """Fit length bounds to one half of a table of clean pairs and measure false rejections on the other half.

    The table has the columns id, source, translation, lang and field; the half is chosen by the hash of source and
    translation, so that the same pair is always on the same side. Languages with under 100 pairs in the fitting half
    are left out. Writes the bounds to `out`, as `--lengths` (the setting `lengths`) takes them. Raises UsageError for a
    wrong table, or where no language has enough pairs.
    """
    halves: dict[str, list[tuple[str, str]]] = defaultdict(list)
    held_out = out.with_name(f".{out.name}.held-out.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with held_out.open("w", encoding="utf-8", newline="\n") as file:
            for row in read_rows(clean, COLUMNS):
                source, text = str(row["source"] or ""), str(row["translation"] or "")
                if int(content_id(source, text), 16) % 2:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                else:
                    halves[resolve(str(row["lang"]))].append((source, text))
        enough = {lang: pairs for lang, pairs in sorted(halves.items()) if len(pairs) >= LEAST_PAIRS}
        if not enough:
            raise UsageError(
                "No language has enough clean pairs.", where=clean, expected=f"about {2 * LEAST_PAIRS} pairs or more"
            )
        fitted = {lang: dict(zip(("median", "spread"), fit(pairs), strict=True)) for lang, pairs in enough.items()}
        write_text_atomic(out, HEADER + yaml.safe_dump({"languages": fitted}, default_flow_style=None))
        with tempfile.TemporaryDirectory() as folder:
            update = {"lengths": str(out), "thresholds": {**NOT_ALONE, **settings.thresholds}}
            rejected = judge_pairs(held_out, settings.model_copy(update=update), Path(folder) / "out.jsonl")
    finally:
        held_out.unlink(missing_ok=True)
    rows = {lang: len(pairs) for lang, pairs in enough.items()}
    return Calibration(fitted, rows, rejected, {lang: len(p) for lang, p in halves.items() if lang not in enough})
