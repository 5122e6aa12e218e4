"""What a difference between two systems is worth: intervals over questions and seeds, tests, Holm's correction.

A system is a set of evaluations of one arm, one a seed. All its values on a measure are an array (seeds, questions,
cells), NaN where the benchmark has none; the measure is the mean over seeds of the mean over cells of the mean over
questions, so that languages count equally.

**Resampling.** Questions are drawn with all their languages (translations of a question are not independent), and seeds
as well: each resample draws questions and, crossed with them, seeds, both with replacement. With one seed only the
questions vary. The percentile bootstrap over few seeds is too narrow, by about √((S − 1)/S): claims want five.

**Tests.** p of the bootstrap is 2 · min(share ≤ 0, share ≥ 0), one added to counts. The sign-flip test is the paired
permutation test over questions of the difference averaged over seeds: under the null hypothesis each question's
difference has the sign it has by chance. Holm, Scandinavian Journal of Statistics 6 (1979). The minimum detectable
difference is that which a two-sided test at 5 % finds in 80 % of studies of this size: 2.8 standard errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtqa.core.rng import rng
from mtqa.evaluate.bootstrap import LEVEL, check_comparable
from mtqa.evaluate.perquery import PerQuery, read

Floats = NDArray[np.float64]
BLOCK_VALUES = 8_000_000
"""Weights of resamples that are in memory as numbers of eight bytes at a time."""
DETECTABLE = 2.8
"""1.96 + 0.84: standard errors from zero to the difference found with a power of 80 %."""


class HasCells(Protocol):
    """The values of one evaluation."""

    def cells(self, metric: str) -> Floats:
        """Return a metric's values as (questions, cells)."""


@dataclass(frozen=True)
class Measured:
    """A system on a measure: cells (seeds, questions, cells), values (seeds,), resampled values (resamples, seeds)."""

    cells: Floats
    values: Floats
    samples: Floats
    seed: int


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, and the value of each seed."""

    value: float
    interval: tuple[float, float]
    by_seed: list[float]


@dataclass(frozen=True)
class Test:
    """A difference between two systems: estimate, p-values, and the smallest difference that would have been found."""

    difference: float
    interval: tuple[float, float]
    by_seed: list[float]
    p: float
    p_sign_flip: float
    detectable: float


def load_system(folders: Sequence[Path]) -> list[PerQuery]:
    """Read the evaluations of one system; raises UsageError where they are not of the same benchmark and data."""
    values = [read(folder) for folder in folders]
    for folder, one in zip(folders, values, strict=True):
        check_comparable(folders[0], folder, values[0], one)
    return values


def of_languages(values: PerQuery, languages: Sequence[str]) -> PerQuery:
    """Return the values of the queries in some languages; the pool they search stays whole."""
    wanted = [number for number, lang in enumerate(values.languages) if lang in languages]
    rows = np.flatnonzero(np.isin(values.langs, wanted))
    return replace(
        values,
        ids=[values.ids[row] for row in rows],
        langs=values.langs[rows],
        rank=values.rank[rows],
        rank_within=values.rank_within[rows],
        top=values.top[rows],
    )


def stack(system: Sequence[HasCells], measure: str) -> Floats:
    """Return a system's values on a measure, (seeds, questions, cells)."""
    return np.stack([one.cells(measure) for one in system])


@lru_cache(maxsize=16)
def draw_questions(questions: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """Return (resamples, questions): how often each resample draws each question."""
    generator, even = rng(seed, "study", "questions"), np.full(questions, 1 / questions)
    # Kept for all arms and measures, so in bytes: more than 255 of one question are out of the question.
    parts = [generator.multinomial(questions, even, size=rows).astype(np.uint8) for rows in _rows(resamples, questions)]
    return np.concatenate(parts)


@lru_cache(maxsize=16)
def draw_signs(questions: int, resamples: int, seed: int) -> NDArray[np.int8]:
    """Return (resamples, questions) of +1 and −1."""
    return (rng(seed, "study", "signs").integers(0, 2, size=(resamples, questions)) * 2 - 1).astype(np.int8)


def draw_seeds(seeds: int, resamples: int, seed: int) -> Floats:
    """Return (resamples, seeds): the weight of each seed in each resample; rows sum to 1."""
    draws = rng(seed, "study", "seeds").multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return draws / seeds


def measured(cells: Floats, resamples: int, seed: int) -> Measured:
    """Resample a system's cells on a measure (seeds, questions, cells): what estimates and differences are made of."""
    return Measured(cells, _values(cells), _resampled(cells, draw_questions(cells.shape[1], resamples, seed)), seed)


def estimate(system: Measured) -> Estimate:
    """Return a system's value on a measure."""
    samples = _over_seeds(system.samples, system.seed)
    return Estimate(float(system.values.mean()), _interval(samples), system.values.tolist())


def difference(first: Measured, second: Measured) -> Test:
    """Compare two systems on a measure, first − second; a system with one seed stands against each of the other's.

    Both have the same questions and cells in the same order, and the same resamples. Seed s of one is paired with seed
    s of the other. Raises ValueError for systems that are not paired so.
    """
    shapes = first.cells.shape, second.cells.shape
    seeds = max(shapes[0][0], shapes[1][0])
    if {shapes[0][0], shapes[1][0]} - {1, seeds} or shapes[0][1:] != shapes[1][1:] or first.seed != second.seed:
        raise ValueError(f"cells {shapes[0]} and {shapes[1]} are not paired")
    paired = np.broadcast_to(first.samples - second.samples, (len(first.samples), seeds))
    samples = _over_seeds(paired, first.seed)
    samples = samples[~np.isnan(samples)]
    by_seed = np.broadcast_to(first.values - second.values, (seeds,))
    tail = min((samples <= 0).sum(), (samples >= 0).sum()) + 1
    return Test(
        float(by_seed.mean()),
        _interval(samples),
        by_seed.tolist(),
        min(1.0, float(2 * tail / (len(samples) + 1))),
        _sign_flip(first.cells, second.cells, len(first.samples), first.seed),
        DETECTABLE * float(samples.std()),
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return Holm's adjusted p-values of a family of tests, by name: valid whatever the tests' dependence."""
    adjusted, largest = {}, 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def _sign_flip(first: Floats, second: Floats, resamples: int, seed: int) -> float:
    """Return the two-sided p-value of the sign-flip test over questions, one added to counts.

    A question's difference is the sum over its cells of the difference in the mean over seeds, each divided by the
    cell's number of questions: their sum is the difference itself, times the number of cells.
    """
    apart = first.mean(axis=0) - second.mean(axis=0)
    counts = (~np.isnan(apart)).sum(axis=0)
    by_question = np.nansum(apart / np.maximum(counts, 1), axis=1)
    flips = draw_signs(len(by_question), resamples, seed)
    sums = np.concatenate([part.astype(np.float64) @ by_question for part in _blocks(flips)])
    # A sum that rounding alone puts below the observed one is equal to it.
    reached = np.abs(sums) >= np.abs(by_question.sum()) * (1 - 1e-12)
    return float((reached.sum() + 1) / (resamples + 1))


def _values(cells: Floats) -> Floats:
    """Return the measure of each seed."""
    present = ~np.isnan(cells)
    all_once = np.ones((1, cells.shape[1]))
    return np.asarray(_means(all_once, np.where(present, cells, 0.0), present.astype(np.float64))[0])


def _resampled(cells: Floats, draws: NDArray[np.uint8]) -> Floats:
    """Return the measure in every resample of the questions, (resamples, seeds)."""
    present = ~np.isnan(cells)
    filled = np.where(present, cells, 0.0)
    if (present == present[0]).all():  # the seeds of an arm are evaluated on the same questions
        present = present[:1]
    counted = present.astype(np.float64)
    parts = [_means(part.astype(np.float64), filled, counted) for part in _blocks(draws)]
    return np.concatenate(parts)


def _means(draws: Floats, filled: Floats, present: Floats) -> Floats:
    """Return the measure in some resamples, (resamples, seeds)."""
    sums = np.einsum("rq,sqc->rsc", draws, filled, optimize=True)
    counts = np.einsum("rq,sqc->rsc", draws, present, optimize=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, 0.0)
        return np.asarray(means.sum(axis=2) / (counts > 0).sum(axis=2))


def _rows(resamples: int, questions: int) -> list[int]:
    """Return how many resamples are handled at a time."""
    most = max(1, BLOCK_VALUES // questions)
    return [min(most, resamples - first) for first in range(0, resamples, most)]


def _blocks(draws: NDArray) -> list[NDArray]:
    return np.split(draws, np.cumsum(_rows(*draws.shape))[:-1])


def _over_seeds(samples: Floats, seed: int) -> Floats:
    return np.asarray((samples * draw_seeds(samples.shape[1], len(samples), seed)).sum(axis=1))


def _interval(samples: Floats) -> tuple[float, float]:
    low, high = np.nanquantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
