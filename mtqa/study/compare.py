"""Differences between systems that were evaluated: folders of evaluate, arms of a run, arms and seeds of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.languages import get
from mtqa.core.manifest import MANIFEST, load_manifest
from mtqa.evaluate.bootstrap import read_comparable
from mtqa.pipeline.table import text_table
from mtqa.study import stats
from mtqa.study.results import SEED, corrected
from mtqa.study.settings import MEASURES
from mtqa.study.verdict import TITLES, number, spread

ALL = "all"


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
    shared = [name for name in systems[0].evaluations if all(name in one.evaluations for one in systems)]
    if not shared:
        raise UsageError("The systems share no benchmark.", expected=", ".join(systems[0].evaluations))
    return {name: _benchmark(name, systems, resamples, seed) for name in shared}


def text(content: Mapping[str, Any], *, languages: bool) -> str:
    """Return a comparison as tables; with `languages` the differences of each query language as well."""
    blocks = []
    for benchmark, found in content.items():
        measures = list(next(iter(found["systems"].values())))
        rows = [
            [name, *(f"{number(m, v['value'])} {spread(m, v['interval'], '')}" for m, v in values.items())]
            for name, values in found["systems"].items()
        ]
        note = f"{benchmark} ({', '.join(get(lang).name for lang in found['languages'])})"
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
    return (path / MANIFEST).is_file() and load_manifest(path).stage == "evaluate"


def _benchmark(name: str, systems: Sequence[System], resamples: int, seed: int) -> dict[str, Any]:
    folders = {one.name: one.evaluations[name] for one in systems}
    values = {system: stats.load_system(own) for system, own in folders.items()}
    first = systems[0].name
    for own in folders.values():
        read_comparable(folders[first][0], own[0])
    seeds = {system: len(own) for system, own in folders.items()}
    if len({count for count in seeds.values() if count > 1}) > 1:
        raise UsageError(
            "The systems have different numbers of seeds.",
            where=", ".join(f"{system}: {count}" for system, count in seeds.items()),
            expected="as many for each, or one",
        )
    some = values[first][0]
    measures = [m for m in MEASURES if some.cells(m).shape[1]]

    def measured(system: str, measure: str, languages: Sequence[str]) -> stats.Measured:
        chosen = [stats.of_languages(one, languages) for one in values[system]]
        return stats.measured(stats.stack(chosen, measure), resamples, seed)

    whole = {(system, m): measured(system, m, some.languages) for system in values for m in measures}
    overall, by_language = [], []
    for second in [system for system in values if system != first]:
        where = {"first": first, "second": second}
        for m in measures:
            test = stats.difference(whole[first, m], whole[second, m])
            overall.append({**where, "group": ALL, "measure": m, **asdict(test)})
            tests = {
                lang: stats.difference(measured(first, m, [lang]), measured(second, m, [lang]))
                for lang in some.languages
            }
            by_language += corrected(
                [{**where, "group": lang, "measure": m, **asdict(test)} for lang, test in tests.items()]
            )
    return {
        "languages": some.languages,
        "systems": {s: {m: asdict(stats.estimate(whole[s, m])) for m in measures} for s in values},
        "differences": [*corrected(overall), *by_language],
    }
