"""Differences between systems that were evaluated: folders of evaluate, arms of a run, arms and seeds of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import COLLECTION_STAGE, EVALUATE_STAGE
from mtqa.core.languages import get
from mtqa.core.manifest import MANIFEST, load_manifest
from mtqa.evaluate.bootstrap import read_comparable
from mtqa.evaluate.collection import compare as collection
from mtqa.evaluate.collection.compare import CollectionValues
from mtqa.evaluate.perquery import PerQuery
from mtqa.pipeline.table import text_table
from mtqa.study import stats
from mtqa.study.results import SEED, corrected
from mtqa.study.settings import MEASURES
from mtqa.study.verdict import TITLES, number, spread

ALL = "all"
Values = PerQuery | CollectionValues


@dataclass(frozen=True)
class System:
    """What is compared: a name, and its evaluations by benchmark, one folder a seed."""

    name: str
    evaluations: Mapping[str, Sequence[Path]]


def find_systems(path: Path) -> list[System]:
    """Return the systems that a folder holds.

    A folder of evaluate is one system; so is a folder of such folders (one a benchmark) and an arm's folder with
    `seed-N` in a study; a run's or a study's folder gives all its arms. Raises UsageError where there is no evaluation.
    """
    if (path / "evaluation").is_dir():
        arms = [_system(arm, arm.name) for arm in sorted((path / "evaluation").iterdir()) if arm.is_dir()]
        found = [one for one in arms if one is not None]
    else:
        one = _system(path, path.name)
        found = [one] if one is not None else []
    if not found:
        raise UsageError(
            f"'{path}' holds no evaluation.",
            where=path,
            expected="a folder of mtqa evaluate, or of such folders, or of mtqa run or study",
            next_step="mtqa evaluate MODEL --out DIR",
        )
    return found


def compare(systems: Sequence[System], *, resamples: int = 5000, seed: int = SEED) -> dict[str, Any]:
    """Compare the first system with each of the others, first − other, on every benchmark that all of them have.

    By benchmark: `languages`, `systems` (name → measure → value, interval, by_seed), `differences` (second, measure,
    group — `all` or a query language —, difference, interval, p, p_holm, p_sign_flip, detectable, verdict). Holm's
    correction is over the others and measures for `all`, and over the languages for each other and measure. Raises
    UsageError for fewer than two systems, names that occur twice, and evaluations that are not comparable.
    """
    names = [one.name for one in systems]
    twice = sorted({name for name in names if names.count(name) > 1})
    if len(systems) < 2 or twice:
        raise UsageError(
            f"Two systems are called '{twice[0]}'." if twice else "There is only one system to compare.",
            expected="two systems or more, each with a name (its folder's) of its own",
        )
    systems = _with_runs(systems)
    shared = [name for name in systems[0].evaluations if all(name in one.evaluations for one in systems)]
    if not shared:
        raise UsageError("The systems share no benchmark.", expected=", ".join(systems[0].evaluations))
    return {name: _benchmark(name, systems, resamples, seed) for name in shared}


def _with_runs(systems: Sequence[System]) -> Sequence[System]:
    """Return the systems with rankings from elsewhere under the name of the one collection that others searched."""
    alone = [next(iter(one.evaluations.items())) for one in systems if len(one.evaluations) == 1]
    named = {name for name, folders in alone if not _is_run(folders[0]) and collection.is_collection(folders[0])}
    if len(alone) < len(systems) or len(named) != 1:
        return systems
    (name,) = named
    return [
        System(one.name, {name: folders}) if _is_run(folders[0]) else one
        for one, (_, folders) in zip(systems, alone, strict=True)
    ]


def _is_run(folder: Path) -> bool:
    return "qrels" in load_manifest(folder).inputs


def text(content: Mapping[str, Any], *, languages: bool) -> str:
    """Return a comparison as tables; with `languages` the differences of each query language as well."""
    blocks = []
    for benchmark, found in content.items():
        measures = list(next(iter(found["systems"].values())))
        rows = [
            [name, *(f"{number(m, v['value'])} {spread(m, v['interval'], '')}" for m, v in values.items())]
            for name, values in found["systems"].items()
        ]
        languages_ = ", ".join(get(lang).name for lang in found["languages"])
        note = f"{benchmark} ({languages_})" if languages_ else benchmark
        blocks.append(f"{note}\n{text_table(['system', *(TITLES.get(m, m) for m in measures)], rows)}")
        shown = [d for d in found["differences"] if languages or d["group"] == ALL]
        header = ["difference", "queries", "measure", "", "Holm p", "sign flip", "detectable", "verdict"]
        blocks.append(text_table(header, [_row(d) for d in shown]))
    return "\n\n".join(blocks)


def _row(d: Mapping[str, Any]) -> list[str]:
    measure = d["measure"]
    return [
        f"{d['first']} − {d['second']}",
        d["group"] if d["group"] == ALL else get(d["group"]).name,
        TITLES.get(measure, measure),
        f"{number(measure, d['difference'], '+')} {spread(measure, d['interval'])}",
        f"{d['p_holm']:.4f}",
        f"{d['p_sign_flip']:.4f}",
        number(measure, d["detectable"]),
        d["verdict"],
    ]


def _system(path: Path, name: str) -> System | None:
    """Return the system in a folder: its own evaluation, one a benchmark below it, or those of its seeds; or None."""
    if _is_evaluation(path):
        return System(name, {str(load_manifest(path).settings["benchmark"]): [path]})
    if not path.is_dir():
        return None
    folders = sorted((p for p in path.iterdir() if p.is_dir()), key=lambda p: (len(p.name), p.name))
    if any(_is_evaluation(p) for p in folders):
        return System(name, {str(load_manifest(p).settings["benchmark"]): [p] for p in folders if _is_evaluation(p)})
    evaluations: dict[str, list[Path]] = {}
    for seed in folders:
        inner = _system(seed, seed.name) if seed.name.startswith(("seed-", "untrained")) else None
        for benchmark, found in inner.evaluations.items() if inner is not None else ():
            evaluations.setdefault(benchmark, []).extend(found)
    return System(name, evaluations) if evaluations else None


def _is_evaluation(path: Path) -> bool:
    return (path / MANIFEST).is_file() and load_manifest(path).stage in (EVALUATE_STAGE, COLLECTION_STAGE)


def _benchmark(name: str, systems: Sequence[System], resamples: int, seed: int) -> dict[str, Any]:
    folders = {one.name: one.evaluations[name] for one in systems}
    values = _read(folders)
    first = systems[0].name
    seeds = {system: len(own) for system, own in folders.items()}
    if len({count for count in seeds.values() if count > 1}) > 1:
        raise UsageError(
            "The systems have different numbers of seeds.",
            where=", ".join(f"{system}: {count}" for system, count in seeds.items()),
            expected="as many for each, or one",
        )
    some = values[first][0]
    every = [one for own in values.values() for one in own]
    measures = [m for m in _measures(every) if all(_defined(one, m) for one in every)]
    known = [lang for lang in some.languages if lang and all(lang in one.languages for one in every)]

    def measured(system: str, measure: str, languages: Sequence[str] | None) -> stats.Measured:
        chosen = values[system] if languages is None else [_of_languages(one, languages) for one in values[system]]
        return stats.measured(stats.stack(chosen, measure), resamples, seed)

    whole = {(system, m): measured(system, m, None) for system in values for m in measures}
    overall, by_language = [], []
    for second in [system for system in values if system != first]:
        where = {"first": first, "second": second}
        for m in measures:
            test = stats.difference(whole[first, m], whole[second, m])
            overall.append({**where, "group": ALL, "measure": m, **asdict(test)})
            tests = {
                lang: stats.difference(measured(first, m, [lang]), measured(second, m, [lang]))
                for lang in known
                if all(_defined(_of_languages(one, [lang]), m) for one in (*values[first], *values[second]))
            }
            by_language += corrected(
                [{**where, "group": lang, "measure": m, **asdict(test)} for lang, test in tests.items()]
            )
    return {
        "languages": known,
        "systems": {s: {m: asdict(stats.estimate(whole[s, m])) for m in measures} for s in values},
        "differences": [*corrected(overall), *by_language],
    }


def _read(folders: Mapping[str, Sequence[Path]]) -> dict[str, Sequence[Values]]:
    """Return each system's values, one a seed; raises UsageError where any two are not comparable."""
    first = next(iter(folders.values()))[0]
    if not collection.is_collection(first):
        values: dict[str, Sequence[Values]] = {system: stats.load_system(own) for system, own in folders.items()}
        for own in folders.values():
            read_comparable(first, own[0])
        return values
    found = {system: [collection.read(folder) for folder in own] for system, own in folders.items()}
    reference = next(iter(found.values()))[0]
    for system, own in folders.items():
        for folder, one in zip(own, found[system], strict=True):
            collection.check_comparable(first, folder, reference, one)
    return dict(found)


def _measures(every: Sequence[Values]) -> list[str]:
    """Return what all evaluations were measured by."""
    first, others = every[0], [one for one in every if isinstance(one, CollectionValues)]
    if isinstance(first, PerQuery):
        return list(MEASURES)
    return [metric for metric in first.metrics if all(metric in one.metrics for one in others)]


def _defined(values: Values, measure: str) -> bool:
    return not bool(np.isnan(values.cells(measure)).all())


def _of_languages(values: Values, languages: Sequence[str]) -> Values:
    if isinstance(values, CollectionValues):
        return values.of_languages(list(languages))
    return stats.of_languages(values, languages)
