"""Bootstrap intervals and paired differences, resampling question ids.

All languages of a question are drawn together, because its translations are not independent observations. A metric is
a mean over cells of ratios of sums over questions (`PerQuery.cells`), so a resample is a vector of multinomial weights
and many resamples are two matrix products. Percentile intervals (Efron 1979); the same seed draws the same questions
for every metric and every system, which is what makes differences paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import EVALUATE_STAGE
from mtqa.core.manifest import Manifest, load_manifest
from mtqa.core.rng import rng
from mtqa.evaluate.perquery import METRICS, PerQuery, mean, read, used

Floats = NDArray[np.float64]
LEVEL = 0.95
BLOCK_VALUES = 4_000_000
"""Weights that are drawn at a time: 32 MB."""
Interval = tuple[float, float] | None
COMPARABLE = ("benchmark", "candidate", "languages")


@dataclass(frozen=True)
class Difference:
    """System a minus system b on one metric: values, difference, 95 % interval, two-sided bootstrap p-value."""

    metric: str
    a: float
    b: float
    difference: float
    interval: tuple[float, float]
    p: float


def weights(questions: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield (rows, questions): how often each resample draws each question, some resamples at a time.

    Rows sum to `questions`; the blocks' size changes nothing but the memory.
    """
    generator, even = rng(seed, "evaluate", "bootstrap"), np.full(questions, 1 / questions)
    rows = max(1, BLOCK_VALUES // questions)
    for first in range(0, resamples, rows):
        yield generator.multinomial(questions, even, size=min(rows, resamples - first)).astype(np.float64)


def resampled(cells: Sequence[Floats], resamples: int, seed: int) -> list[Floats]:
    """Return metrics' values in every resample, each (resamples,), from their cells (questions, C).

    All have the same questions in the same order, and every resample draws the same ones of each.
    """
    parts: list[list[Floats]] = [[] for _ in cells]
    for draws in weights(len(cells[0]), resamples, seed) if cells else ():
        for values, one in zip(parts, cells, strict=True):
            values.append(resample(one, draws))
    return [np.concatenate(values) for values in parts]


def interval_of_each(cells: Sequence[Floats], resamples: int, seed: int) -> list[Interval]:
    """Return the 95 % interval of each metric; None for one without cells (Cr of one language)."""
    defined = resampled([one for one in cells if one.shape[1]], resamples, seed)
    ends = iter([interval(values) for values in defined])
    return [next(ends) if one.shape[1] else None for one in cells]


def resample(cells: Floats, draws: Floats) -> Floats:
    """Return a metric's value in every resample, from its cells (questions, C) and weights (resamples, questions).

    A cell from which a resample happens to draw no value is left out of that resample's mean; NaN without any cell.
    """
    present = ~np.isnan(cells)
    sums, counts = draws @ np.where(present, cells, 0.0), draws @ present.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, 0.0)
        return np.asarray(means.sum(axis=1) / (counts > 0).sum(axis=1))


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of resampled values, those without any value (NaN) left out."""
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def intervals(values: PerQuery, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % interval of every headline metric; None where the metric is not defined (one language: Cr)."""
    ends = interval_of_each([values.cells(metric) for metric in METRICS], resamples, seed)
    return dict(zip(METRICS, ends, strict=True))


def language_intervals(values: PerQuery, resamples: int, seed: int) -> dict[str, dict[str, Interval]]:
    """Return query language → metric → 95 % interval, from the same resamples as `intervals`."""
    grids = {metric: values.grid(values.values(metric)) for metric in METRICS}
    cells = [used(grid[:, number]) for number in range(len(values.languages)) for grid in grids.values()]
    ends = iter(interval_of_each(cells, resamples, seed))
    return {lang: {metric: next(ends) for metric in METRICS} for lang in values.languages}


def pair_intervals(values: PerQuery, resamples: int, seed: int) -> dict[str, dict[str, Interval]]:
    """Return query language → passage language → 95 % interval of the mAP, from the same resamples as `intervals`."""
    grid, places = values.grid(values.ap), range(len(values.languages))
    ends = iter(interval_of_each([used(grid[:, q, p, None]) for q in places for p in places], resamples, seed))
    return {query: {passage: next(ends) for passage in values.languages} for query in values.languages}


def paired_difference(a: Path, b: Path, metric: str, *, resamples: int = 1000, seed: int = 7) -> Difference:
    """Compare two evaluation folders on one metric (`METRICS`): a − b, paired by question.

    p is the two-sided bootstrap p-value 2 · min(share of resampled differences ≤ 0, share ≥ 0), with one added to
    counts so that it is never 0. Raises UsageError where the evaluations differ in data, languages or candidate text.
    """
    first, second = read_comparable(a, b)
    if metric not in METRICS:
        raise UsageError(f"There is no metric '{metric}'.", expected=f"one of {', '.join(METRICS)}")
    cells = first.cells(metric), second.cells(metric)
    if not cells[0].shape[1]:
        raise UsageError(f"The metric '{metric}' needs more than one language.", where=a)
    return difference_of_cells(metric, *cells, resamples=resamples, seed=seed)


def difference_of_cells(metric: str, a: Floats, b: Floats, *, resamples: int, seed: int) -> Difference:
    """Compare two systems' cells (questions, C) of the same questions in the same order."""
    first, second = resampled([a, b], resamples, seed)
    differences = (first - second)[~np.isnan(first - second)]
    tail = min((differences <= 0).sum(), (differences >= 0).sum()) + 1
    values = mean(a), mean(b)
    return Difference(
        metric,
        *values,
        values[0] - values[1],
        interval(differences),
        min(1.0, float(2 * tail / (len(differences) + 1))),
    )


def read_comparable(a: Path, b: Path) -> tuple[PerQuery, PerQuery]:
    """Read two evaluations; raises UsageError where a difference between their numbers would mean nothing."""
    for folder in (a, b):
        _manifest(folder)  # first, as a folder that is none says more than its missing values
    first, second = read(a), read(b)
    check_comparable(a, b, first, second)
    return first, second


def check_comparable(a: Path, b: Path, first: PerQuery, second: PerQuery) -> None:
    """Raise UsageError where two evaluations differ in benchmark, files, languages, queries or candidates."""
    manifests = _manifest(a), _manifest(b)
    differs = [key for key in COMPARABLE if manifests[0].settings.get(key) != manifests[1].settings.get(key)]
    if manifests[0].inputs.get("data") != manifests[1].inputs.get("data"):
        differs.append("data")
    if not differs and (
        first.ids != second.ids
        or first.languages != second.languages
        or first.pool != second.pool
        or not np.array_equal(first.langs, second.langs)
    ):
        differs.append("queries")
    if differs:
        raise UsageError(
            f"The evaluations cannot be compared (different: {', '.join(differs)}).",
            where=f"{a} and {b}",
            expected="the same benchmark, files, languages and candidate text",
            next_step="evaluate both with the same options",
        )


def _manifest(folder: Path) -> Manifest:
    manifest = load_manifest(folder)
    if manifest.stage != EVALUATE_STAGE:
        raise UsageError(
            f"'{folder}' is the result of '{manifest.stage}'.", where=folder, expected="a folder of 'mtqa evaluate'"
        )
    return manifest
