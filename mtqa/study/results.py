"""A study's numbers: arms, comparisons, groups of languages, fairness; written as JSON, Markdown and SVG."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest, write_text_atomic
from mtqa.evaluate.bootstrap import read_comparable
from mtqa.evaluate.perquery import PerQuery
from mtqa.study import stats
from mtqa.study.corrections import evaluation_folder
from mtqa.study.resources import resource_groups
from mtqa.study.run import Run, fairness
from mtqa.study.settings import MEASURES, Contrast, Study
from mtqa.study.verdict import answers, judge, sentence

RESULTS, TABLE, CURVES, MATRIX = "results.json", "study.md", "curves.svg", "languages.svg"
SEED = 7
"""Of the resampling, as evaluate's default."""
ALL = "all"


class Evaluations:
    """All evaluations of one benchmark, with what is computed from them kept: a measure of an arm is resampled once.

    With `method` those of the models with that correction.
    """

    def __init__(
        self, study: Study, out: Path, benchmark: str, seeds: Sequence[int], method: str | None = None
    ) -> None:
        self.benchmark, self.resamples = benchmark, study.resamples
        self.folders = {}
        for arm in study.all_arms:
            names = [Run(arm, seed).name for seed in (seeds if study.seeds_of(arm) != [None] else [None])]
            self.folders[arm] = [evaluation_folder(out, name, benchmark, method) for name in names]
        self.systems = {arm: stats.load_system(folders) for arm, folders in self.folders.items()}
        first = next(iter(self.folders.values()))[0]
        for folders in self.folders.values():
            read_comparable(first, folders[0])
        self._measured: dict[tuple[str, str, tuple[str, ...]], stats.Measured] = {}

    @cached_property
    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """`metrics.json` of every evaluation, by arm."""
        return {arm: [read_metrics(folder) for folder in folders] for arm, folders in self.folders.items()}

    @property
    def languages(self) -> list[str]:
        """The benchmark's languages."""
        return next(iter(self.systems.values()))[0].languages

    @property
    def measures(self) -> list[str]:
        """The measures that the benchmark has: with one language there is no Cr."""
        some = next(iter(self.systems.values()))[0]
        return [m for m in MEASURES if some.cells(m).shape[1]]

    def measured(self, arm: str, measure: str, languages: Sequence[str]) -> stats.Measured:
        """Return an arm's resampled values on a measure over the queries in some languages."""
        key = arm, measure, tuple(languages)
        if key not in self._measured:
            chosen: list[PerQuery] = [stats.of_languages(one, languages) for one in self.systems[arm]]
            self._measured[key] = stats.measured(stats.stack(chosen, measure), self.resamples, SEED)
        return self._measured[key]

    def compare(self, contrast: Contrast, measure: str, languages: Sequence[str]) -> dict[str, Any]:
        """Return first − second on a measure over the queries in some languages."""
        pair = (self.measured(arm, measure, languages) for arm in (contrast.first, contrast.second))
        return asdict(stats.difference(*pair))


def write_results(study: Study, out: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Compute the results over finished seeds, write them as JSON, Markdown and two pictures, and return them."""
    from mtqa.study.figures import curves_svg, matrix_svg
    from mtqa.study.text import markdown

    text = json.dumps(results(study, out, seeds), indent=1, allow_nan=False) + "\n"
    content: dict[str, Any] = json.loads(text)
    write_text_atomic(out / RESULTS, text)
    write_text_atomic(out / TABLE, markdown(content))
    write_text_atomic(out / CURVES, curves_svg(content))
    if content["primary"]:
        write_text_atomic(out / MATRIX, matrix_svg(content))
    return content


def results(study: Study, out: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Return all that a study found over some of its seeds, as JSON-like values.

    `benchmarks`: name → signature, languages, counts, topics, groups (name → languages and, by arm and measure, value,
    interval, by_seed), pairs (arm → query language → passage language → mAP). `primary`, `secondary`: comparisons with
    Holm-corrected p within each of the two families. `by_language`: the primary pairs by query language, Holm-corrected
    over the languages of a benchmark and measure. `answers`, `verdicts`: in words. `curves`: arm → [step, loss].
    `corrections`: see `correction_results`.
    """
    from mtqa.study.correction_results import correction_results

    names: list[str] = [e.benchmark for e in study.evaluate]
    benchmarks = {name: Evaluations(study, out, name, seeds) for name in names}
    trained = _training_languages(study, out, seeds)
    groups = {name: _groups(study, one.languages, trained) for name, one in benchmarks.items()}
    primary, secondary = _comparisons(study, benchmarks, groups)
    return {
        "name": study.name,
        "description": study.description,
        "seeds": list(seeds),
        "planned_seeds": study.seeds,
        "arms": {arm: settings.model_dump(mode="json") for arm, settings in study.all_arms.items()},
        "training_languages": trained,
        "fairness": fairness(study, out, list(seeds)),
        "resampling": {"resamples": study.resamples, "seed": SEED, "units": "questions and seeds, crossed"},
        "benchmarks": {name: _benchmark(study, one, groups[name]) for name, one in benchmarks.items()},
        "primary": primary,
        "secondary": secondary,
        "by_language": _by_language(study, benchmarks),
        "answers": answers(primary, len(seeds)),
        "verdicts": [sentence(c, study.topics.get(c["benchmark"])) for c in primary],
        "curves": _curves(study, out, seeds),
        "corrections": correction_results(study, out, seeds, benchmarks),
    }


def _training_languages(study: Study, out: Path, seeds: Sequence[int]) -> list[str]:
    """Return every language that some arm was trained on."""
    arms = [arm for arm in study.all_arms if study.seeds_of(arm) != [None]]
    found = [load_manifest(out / "shards" / Run(arm, seed).name).info["languages"] for arm in arms for seed in seeds]
    return sorted({lang for languages in found for lang in languages})


def _groups(study: Study, languages: Sequence[str], trained: Sequence[str]) -> dict[str, list[str]]:
    """Return the groups of query languages that are told apart, those without a language left out."""
    groups = {
        ALL: list(languages),
        "seen in training": [lang for lang in languages if lang in trained],
        "unseen in training": [lang for lang in languages if lang not in trained],
        **resource_groups(languages),
        **{name: [lang for lang in languages if lang in group] for name, group in study.groups.items()},
    }
    return {name: group for name, group in groups.items() if group}


def _benchmark(study: Study, one: Evaluations, groups: dict[str, list[str]]) -> dict[str, Any]:
    some = next(iter(one.metrics.values()))[0]
    table = {
        name: {
            "languages": languages,
            "arms": {
                arm: {m: asdict(stats.estimate(one.measured(arm, m, languages))) for m in one.measures}
                for arm in one.systems
            },
        }
        for name, languages in groups.items()
    }
    return {
        "signature": some["signature"],
        "languages": one.languages,
        "counts": some["counts"],
        "topics": study.topics.get(one.benchmark),
        "groups": table,
        "pairs": {arm: _mean_pairs([m["by_pair"] for m in metrics]) for arm, metrics in one.metrics.items()},
    }


def _mean_pairs(matrices: list[dict[str, dict[str, float | None]]]) -> dict[str, dict[str, float | None]]:
    """Return the mean over seeds of the mAP of each query and passage language; None where a benchmark has none."""
    out: dict[str, dict[str, float | None]] = {}
    for query, row in matrices[0].items():
        cells = {passage: [matrix[query][passage] for matrix in matrices] for passage in row}
        out[query] = {p: sum(v) / len(v) if None not in v else None for p, v in cells.items()}  # type: ignore[arg-type]
    return out


def _comparisons(
    study: Study, benchmarks: dict[str, Evaluations], groups: dict[str, dict[str, list[str]]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the comparisons fixed beforehand, and all the others: every pair's other measures and language groups."""
    primary, secondary, seen = [], [], set()
    for contrast in study.primary:
        for name, one in benchmarks.items():
            for measure in (str(m) for m in contrast.measures if m in one.measures):
                seen.add((contrast.first, contrast.second, name, ALL, measure))
                primary.append(_comparison(one, contrast, measure, (ALL, one.languages)))
    for contrast in (*study.primary, *study.secondary):
        for name, one in benchmarks.items():
            for group, languages in groups[name].items():
                for measure in one.measures:
                    key = contrast.first, contrast.second, name, group, measure
                    if key not in seen:
                        seen.add(key)
                        secondary.append(_comparison(one, contrast, measure, (group, languages)))
    return corrected(primary), corrected(secondary)


def _comparison(one: Evaluations, contrast: Contrast, measure: str, group: tuple[str, Sequence[str]]) -> dict[str, Any]:
    where = {"first": contrast.first, "second": contrast.second, "benchmark": one.benchmark, "group": group[0]}
    return {**where, "measure": measure, **one.compare(contrast, measure, group[1])}


def corrected(family: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a family of comparisons with `p_holm` and `verdict`."""
    adjusted = stats.holm({str(number): one["p"] for number, one in enumerate(family)})
    out = [{**one, "p_holm": adjusted[str(number)]} for number, one in enumerate(family)]
    return [{**one, "verdict": judge(one["measure"], one)} for one in out]


def _by_language(study: Study, benchmarks: dict[str, Evaluations]) -> list[dict[str, Any]]:
    out = []
    for contrast in study.primary:
        for one in benchmarks.values():
            for measure in one.measures:
                out += corrected([_comparison(one, contrast, measure, (lang, [lang])) for lang in one.languages])
    return out


def _curves(study: Study, out: Path, seeds: Sequence[int]) -> dict[str, list[list[float]]]:
    """Return each arm's loss over the steps, mean over seeds: on held-out pairs if measured, else of the batches."""
    name = "validation_loss" if study.dev is not None else "loss"
    curves = {}
    for arm in study.all_arms:
        if study.seeds_of(arm) == [None]:
            continue
        values: dict[int, list[float]] = {}
        for seed in seeds:
            with (out / "model" / Run(arm, seed).name / "training.csv").open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    if row[name]:
                        values.setdefault(int(row["step"]), []).append(float(row[name]))
        curves[arm] = [[step, sum(v) / len(v)] for step, v in sorted(values.items())]
    return curves
