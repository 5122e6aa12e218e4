"""The report of a study: answers, arms, tests, languages, batches and training, from what its folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.corpus import open_corpus
from mtqa.core.languages import get
from mtqa.core.manifest import MANIFEST, load_manifest
from mtqa.report import data
from mtqa.report.differences import ALL, by_language, changed, seeds_details, systems, tests
from mtqa.report.numbers import title
from mtqa.report.page import flat, json_file
from mtqa.report.plots import curve_plot
from mtqa.report.results import note
from mtqa.report.training import batches

RESULTS = "results.json"


def study_content(folder: Path) -> dict[str, Any]:
    """Return the content of a study's page; raises UsageError where a part of the study is missing."""
    found, recipe = json_file(folder / RESULTS), json_file(folder / "study.json")["recipe"]
    benchmarks = [_benchmark(folder, name, part, found["seeds"]) for name, part in found["benchmarks"].items()]
    first = {arm: folder / "shards" / arm / f"seed-{found['seeds'][0]}" for arm in found["arms"]}
    composed = {arm: path for arm, path in first.items() if (path / MANIFEST).is_file()}
    content = {
        "name": found["name"],
        "description": found["description"],
        "conditions": _conditions(found),
        "claims": [*found["answers"], *(found.get("corrections") or {}).get("answers", [])],
        "verdicts": found["verdicts"],
        "benchmarks": benchmarks,
        "primary": tests(found["primary"]),
        "secondary": tests(found["secondary"]),
        "by_language": by_language(found["by_language"], found["training_languages"]),
        "corrections": _corrections(found.get("corrections")),
        "samples": _samples(folder),
        "batches": batches(composed),
        "curves": _curves(found, held_out=recipe["dev"] is not None),
        "stages": _stages(recipe),
        "licences": ", ".join(_licences(folder, composed)),
    }
    return content | {"sections": _sections(content)}


def _conditions(found: Mapping[str, Any]) -> str:
    fair = found["fairness"]
    some = next(iter(next(iter(fair["by_seed"].values())).values()))
    same = "All arms of a seed saw the same items equally often." if fair["equal"] else "The arms differ in items."
    names = ", ".join(get(lang).name for lang in found["training_languages"])
    return (
        f"{len(found['seeds'])} of {len(found['planned_seeds'])} seeds; {some['batches']:,} steps and "
        f"{some['pairs']:,} pairs an arm and seed, in {names}. {same}"
    )


def _benchmark(folder: Path, name: str, part: Mapping[str, Any], seeds: list[int]) -> dict[str, Any]:
    arms = part["groups"][ALL]["arms"]
    folders = {arm: _evaluations(folder, arm, name, seeds) for arm in arms}
    groups = [
        {"name": group, "languages": ", ".join(get(lang).name for lang in one["languages"]), **systems(one["arms"])}
        for group, one in part["groups"].items()
        if group != ALL
    ]
    return {
        "id": name,
        "title": name + (f" ({part['topics']})" if part["topics"] else ""),
        "note": note(part["languages"], part["counts"], "questions and seeds") + _ticks(seeds),
        "groups": groups,
        "signature": part["signature"],
        "differences": [],
        **systems(arms),
        **seeds_details(folders, part["languages"]),
    }


def _corrections(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the tables of a study's arms with corrections without training, and the tests between them."""
    if found is None:
        return None
    tables = [
        {
            "title": f"{method}, {benchmark}",
            "left": ", ".join(get(lang).name for lang in part["uncorrected"]),
            "measures": [title(m) for m in next(iter(part["arms"].values()))],
            "rows": [
                {"name": arm, "numbers": [changed(m, v, part["changes"][arm][m]) for m, v in by.items()]}
                for arm, by in part["arms"].items()
            ],
        }
        for method, benchmarks in found["methods"].items()
        for benchmark, part in benchmarks.items()
    ]
    to_all, against = (
        [
            {**d, "second": f"{d['second']} with {d['correction']}"}
            | ({"first": f"{d['first']} with {d['correction']}"} if key == "applied_to_all" else {})
            for d in found[key]
        ]
        for key in ("applied_to_all", "against_plain")
    )
    languages = ", ".join(get(lang).name for lang in found["languages"])
    return {"languages": languages, "tables": tables, "to_all": tests(to_all), "against": tests(against)}


def _ticks(seeds: list[int]) -> str:
    return f" Means over {len(seeds)} seeds; the ticks below an interval are the seeds." if len(seeds) > 1 else ""


def _evaluations(folder: Path, arm: str, benchmark: str, seeds: list[int]) -> list[Path]:
    """Return an arm's evaluations, one a seed; one for an arm that was not trained."""
    plain = folder / "evaluation" / arm / "untrained" / benchmark
    return [plain] if plain.is_dir() else [folder / "evaluation" / arm / f"seed-{s}" / benchmark for s in seeds]


def _samples(folder: Path) -> dict[str, Any] | None:
    """Return items side by side of a study that read its own parallel files; others' corpora lie elsewhere."""
    if not (folder / "corpus" / MANIFEST).is_file():
        return None
    return data.samples(open_corpus(folder / "corpus"), 1)


def _curves(found: Mapping[str, Any], *, held_out: bool) -> dict[str, Any] | None:
    lines = {arm: [(float(x), float(y)) for x, y in points] for arm, points in found["curves"].items() if points}
    if not lines:
        return None
    what = "loss on held-out English pairs" if held_out else "loss of the batches"
    text = f"InfoNCE {what}, mean over seeds."
    if not held_out:
        text += " Arms with different batches have tasks of different difficulty: this says how training went, no more."
    alphas = {name: _alpha_plot(found, name) for name in found["benchmarks"]}
    return {
        "plot": curve_plot(lines, "loss"),
        "note": text,
        "alphas": [{"benchmark": name, "plot": plot} for name, plot in alphas.items() if plot],
    }


def _alpha_plot(found: Mapping[str, Any], benchmark: str) -> str | None:
    """Return mAP over the share of mono batches, for a study that tried at least three: cross is 0, mono is 1."""
    shards = {arm: one["shards"] for arm, one in found["arms"].items() if one["train"] == {}}
    alphas = {
        arm: {"mono": 1.0, "cross": 0.0}.get(one["mode"], one.get("alpha", 0.5))
        for arm, one in shards.items()
        if "mode" in one and "languages" not in one
    }
    if "hybrid" not in {shards[arm]["mode"] for arm in alphas} or len(set(alphas.values())) <= 3:
        return None
    arms = found["benchmarks"][benchmark]["groups"][ALL]["arms"]
    measures = [m for m in next(iter(arms.values())) if m != "rank_distance"]
    lines = {m: sorted((alpha, arms[arm][m]["value"]) for arm, alpha in alphas.items()) for m in measures}
    return curve_plot(lines, "mAP", "α, the share of mono batches")


def _stages(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the recipe's settings, and what differs between arms, as the recipe has them."""
    shared = {key: recipe[key] for key in ("corpora", "parallel", "dev", "shards", "train", "evaluate") if recipe[key]}
    stages = [
        {"name": name, "settings": sorted(flat(one if isinstance(one, dict) else {"": one}))}
        for name, one in shared.items()
        if name != "evaluate"
    ]
    stages += [{"name": f"evaluate {one['benchmark']}", "settings": sorted(flat(one))} for one in recipe["evaluate"]]
    for arm, settings in recipe["arms"].items():
        own = {"shards": settings["shards"]}
        own |= {"train": settings["train"]} if settings["train"] else {"trained": settings["train"] is not False}
        stages.append({"name": f"arm {arm}", "settings": sorted(flat(own))})
    return stages


def _licences(folder: Path, composed: Mapping[str, Path]) -> list[str]:
    """Return the licences of the training data."""
    return sorted({licence for path in composed.values() for licence in load_manifest(path).licences})


def _sections(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    sections = [("tests", "Comparisons")]
    sections += [(bench["id"], f"Results on {bench['title']}") for bench in content["benchmarks"]]
    sections += [("languages", "By language")] if content["by_language"] else []
    sections += [("corrections", "Corrections")] if content["corrections"] else []
    sections += [("rows", "Training rows")] if content["samples"] else []
    sections += [("batches", "Batches")] if content["batches"] else []
    sections += [("training", "Training")] if content["curves"] else []
    return [*sections, ("how", "How it was made")]
