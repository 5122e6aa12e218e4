"""Runs a recipe: every stage in order, each skipped when its output is up to date."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from mtqa.core import progress
from mtqa.core.errors import UsageError
from mtqa.core.lock import hold
from mtqa.core.manifest import MANIFEST, Manifest, write_text_atomic
from mtqa.pipeline.check import check_recipe
from mtqa.pipeline.compare import write_comparison
from mtqa.pipeline.recipe import Recipe
from mtqa.pipeline.status import stage_folders

RUN_FILE, NEGATIVES, LOCK = "run.json", "negatives", ".lock"
VERSIONED = ("ctranslate2", "numpy", "pyarrow", "sentence-transformers", "sentencex", "torch", "transformers")


class Named(Protocol):
    """A recipe as the journal sees it: that of a run or of a study."""

    @property
    def name(self) -> str:
        """The recipe's name."""

    def record(self) -> dict[str, Any]:
        """Return the recipe as JSON-like values."""


@dataclass
class Journal:
    """`run.json`: what was done when and on what; all that may differ between equal runs stands here."""

    path: Path
    recipe: Named
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self) -> None:
        """Write the journal (whole or not at all)."""
        versions = {}
        for name in ("mtqa", *VERSIONED):
            with contextlib.suppress(metadata.PackageNotFoundError):
                versions[name] = metadata.version(name)
        content = {
            "name": self.recipe.name,
            "recipe": self.recipe.record(),
            "stages": self.stages,
            "versions": versions,
            "machine": {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        }
        write_text_atomic(self.path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def do(self, label: str, folder: Path, work: Callable[[], Manifest]) -> Manifest:
        """Do one stage and note whether it was made or up to date, and the seconds it took."""
        before = _stamp(folder)
        progress.say(f"{label} …")
        began = time.monotonic()
        manifest = work()
        state = "up to date" if _stamp(folder) == before is not None else "made"
        seconds = round(time.monotonic() - began, 2)
        if state == "made" or label not in self.stages:
            finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.stages[label] = {"seconds": seconds, "finished": finished}
        self.stages[label]["state"] = state
        self.save()
        progress.say(f"{label}: {state} ({seconds:.1f} s)")
        return manifest


def run_recipe(recipe: Recipe, out: Path) -> dict[str, Any]:
    """Run all stages of a recipe into the folder `out`; return its stages in run.json (state and seconds by label).

    What earlier runs noted of stages that the recipe no longer has is forgotten.
    Raises UsageError where `out` belongs to another recipe, another process works in it, or a model or data are not to
    be had, and whatever the stages raise; what is finished stays, so that the same call goes on from there.
    """
    known_stages(out, recipe)  # refuse a foreign folder before a lock file is written into it
    out.mkdir(parents=True, exist_ok=True)
    with lock(out):
        labels, known = stage_folders(recipe), known_stages(out, recipe)
        journal = Journal(out / RUN_FILE, recipe, {label: known[label] for label in labels if label in known})
        journal.save()
        check_recipe(recipe)
        _data_stages(recipe, out, journal)
        for arm in recipe.arms:
            _arm_stages(recipe, out, arm, journal)
        write_comparison(recipe, out)
        if recipe.publish is not None:
            _publish(recipe, out, journal)
        from mtqa.report.html import write_report

        write_report(out)
        return journal.stages


def encoder_of(recipe: Recipe, out: Path, arm: str) -> str:
    """Return what `evaluate` opens for an arm: its trained model's folder, or the recipe's encoder as it is."""
    if recipe.arms[arm].train is False:
        return recipe.untrained_encoder
    return str(out / "model" / arm)


def _data_stages(recipe: Recipe, out: Path, journal: Journal) -> None:
    from mtqa.collect.run import collect
    from mtqa.filter.run import filter_corpus
    from mtqa.translate.run import translate

    collected, translated, filtered = (out / name for name in ("collected", "translated", "filtered"))
    journal.do("collect", collected, lambda: collect(recipe.collect, collected, overwrite=True))
    journal.do(
        "translate",
        translated,
        lambda: translate(collected, recipe.translate, translated, memory=out / ".memory", overwrite=True),
    )
    journal.do("filter", filtered, lambda: filter_corpus(translated, recipe.filter, filtered, overwrite=True))
    if recipe.mine is not None:
        from mtqa.mine.run import mine

        work = partial(mine, [filtered], recipe.mine, out / NEGATIVES, overwrite=True)
        journal.do("mine", out / NEGATIVES, work)


def _arm_stages(recipe: Recipe, out: Path, arm: str, journal: Journal) -> None:
    from mtqa.evaluate.run import evaluate
    from mtqa.shards.run import build_shards
    from mtqa.train.run import train

    shards, model = out / "shards" / arm, out / "model" / arm
    training = recipe.train_settings(arm)
    if training is not None:
        batches, negatives = recipe.shard_settings(arm), out / NEGATIVES if recipe.mine is not None else None
        work = partial(build_shards, [out / "filtered"], batches, shards, negatives=negatives, overwrite=True)
        journal.do(f"build-shards {arm}", shards, work)
        journal.do(f"train {arm}", model, partial(train, shards, training, model, overwrite=True))
    encoder = encoder_of(recipe, out, arm)
    for settings in recipe.evaluate:
        folder = out / "evaluation" / arm / settings.benchmark
        evaluation = partial(evaluate, encoder, settings, folder, overwrite=True)
        journal.do(f"evaluate {arm} {settings.benchmark}", folder, evaluation)
    for collection in recipe.collections:
        from mtqa.evaluate.collection.run import evaluate_collection

        folder = out / "evaluation" / arm / collection.benchmark
        evaluation = partial(evaluate_collection, encoder, collection, folder, overwrite=True)
        journal.do(f"evaluate {arm} {collection.benchmark}", folder, evaluation)


def _publish(recipe: Recipe, out: Path, journal: Journal) -> None:
    from mtqa.publish.run import publish_dataset, publish_model

    assert recipe.publish is not None
    settings, arm = recipe.publish, recipe.published_arm
    dataset, model = out / "published" / "dataset", out / "published" / "model"
    journal.do("publish dataset", dataset, lambda: publish_dataset(out / "filtered", settings, dataset, overwrite=True))
    if recipe.arms[arm].train is not False:
        evaluations = [out / "evaluation" / arm / e.benchmark for e in recipe.evaluate]
        evaluations += [out / "evaluation" / arm / e.benchmark for e in recipe.collections]
        journal.do(
            "publish model",
            model,
            lambda: publish_model(out / "model" / arm, evaluations, settings, model, overwrite=True),
        )


def known_stages(out: Path, recipe: Named, file: str = RUN_FILE) -> dict[str, dict[str, Any]]:
    """Return the stages that an earlier run of this recipe noted; raises UsageError for another recipe's folder.

    A folder with a lock is a run's, even where the notes are lost: the stages' own records decide what is done.
    """
    path = out / file
    if not path.exists():
        if out.exists() and any(out.iterdir()) and not (out / LOCK).exists():
            raise UsageError(
                "The run folder holds files that no mtqa run wrote.",
                where=out,
                expected=f"a new or empty folder, or a run of the recipe '{recipe.name}'",
                next_step="choose another --out",
            )
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        name, stages = content["name"], content["stages"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file} cannot be read.", where=path, next_step="delete it: the stages' own records decide what is done"
        ) from error
    if name != recipe.name:
        raise UsageError(
            f"The folder holds a run of the recipe '{name}'.",
            where=out,
            expected=f"a run of '{recipe.name}'",
            next_step="choose another --out",
        )
    return dict(stages)


def _stamp(folder: Path) -> int | None:
    """Return a number that changes when a stage writes its output anew; None while there is none."""
    try:
        return (folder / MANIFEST).stat().st_mtime_ns
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def lock(out: Path) -> Iterator[None]:
    """Hold the run folder for this process; the lock ends with the process, however it ends."""
    file = out / LOCK
    file.touch()
    with hold(file) as held:
        if not held:
            raise UsageError(
                "Another mtqa process works in this run folder.",
                where=out,
                next_step="wait for it, or choose another --out",
            )
        yield
