"""Runs a study: data once, then every arm seed by seed; what is done is skipped, results after each whole seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mtqa.core.hashing import fingerprint
from mtqa.core.manifest import MANIFEST
from mtqa.core.shardfile import open_shards
from mtqa.pipeline.run import Journal, known_stages, lock
from mtqa.study import corrections
from mtqa.study.settings import Study

STUDY_FILE = "study.json"


@dataclass(frozen=True)
class Run:
    """One model of a study: an arm with a seed (None: the encoder as it is), and its folders below the study."""

    arm: str
    seed: int | None

    @property
    def name(self) -> str:
        """The run's place below `shards`, `model` and `evaluation`."""
        return f"{self.arm}/untrained" if self.seed is None else f"{self.arm}/seed-{self.seed}"


def runs(study: Study, seeds: list[int]) -> Iterator[Run]:
    """Yield the runs in order: the untrained arms, then all arms of the first seed, of the second, …"""
    yield from (Run(arm, None) for arm in study.all_arms if study.seeds_of(arm) == [None])
    for seed in seeds:
        yield from (Run(arm, seed) for arm in study.all_arms if study.seeds_of(arm) != [None])


def run_study(study: Study, out: Path, most_seeds: int | None = None) -> dict[str, Any]:
    """Run a study into the folder `out` and return its results (`results.results`).

    With `most_seeds` only the first so many seeds are run; the same call without it goes on. The results and the report
    are written after every seed that is whole, so that an interrupted study has them too.
    Raises UsageError where `out` belongs to another recipe, and whatever the stages raise; what is finished stays.
    """
    from mtqa.report.html import write_report
    from mtqa.study.results import write_results

    known_stages(out, study, STUDY_FILE)  # refuse a foreign folder before a lock file is written into it
    out.mkdir(parents=True, exist_ok=True)
    seeds = study.seeds[:most_seeds]
    with lock(out):
        journal = Journal(out / STUDY_FILE, study, known_stages(out, study, STUDY_FILE))
        journal.save()
        _data(study, out, journal)
        todo = list(runs(study, seeds))
        found: dict[str, Any] = {}
        for number, run in enumerate(todo):
            _one(study, out, run, journal)
            following = todo[number + 1] if number + 1 < len(todo) else None
            seed_ends = following is None or following.seed != run.seed
            if seed_ends and run.seed is not None and not (following and _is_evaluated(study, out, following)):
                done = seeds[: seeds.index(run.seed) + 1]
                found = write_results(study, out, done)
                write_report(out)
        return found


def pending(study: Study, out: Path, most_seeds: int | None = None) -> list[tuple[str, bool]]:
    """Return each run's name and whether its evaluations stand (whether they are up to date the run itself finds)."""
    return [(run.name, _is_evaluated(study, out, run)) for run in runs(study, study.seeds[:most_seeds])]


def _is_evaluated(study: Study, out: Path, run: Run) -> bool:
    """Say whether a run's evaluations stand, those with corrections too."""
    return all(
        (corrections.evaluation_folder(out, run.name, settings.benchmark, method) / MANIFEST).is_file()
        for method in (None, *study.corrections)
        for settings in study.evaluate
    )


def corpora(study: Study, out: Path) -> list[Path]:
    """Return the corpus folders that the study's shards are made of."""
    return [Path(name) for name in study.corpora] or [out / "corpus"]


def _data(study: Study, out: Path, journal: Journal) -> None:
    if study.parallel is not None:
        from mtqa.study.parallel import collect_parallel

        settings = study.parallel
        journal.do("corpus", out / "corpus", lambda: collect_parallel(settings, out / "corpus"))
    if study.corrections:
        corrections.languages_of(corrections.texts_folder(study, out, corpora(study, out)))  # refuse before training
    if study.dev is not None:
        from mtqa.collect.run import collect
        from mtqa.shards.run import build_shards
        from mtqa.shards.settings import ShardSettings

        dev = study.dev
        journal.do("dev corpus", out / "dev-corpus", lambda: collect(dev, out / "dev-corpus", overwrite=True))
        size = study.shard_settings(study.trained_arms[0], 1).batch_size
        settings_dev = ShardSettings.model_validate({"mode": "mono", "steps": study.dev_batches, "batch_size": size})
        work = partial(build_shards, [out / "dev-corpus"], settings_dev, out / "dev-shards", overwrite=True)
        journal.do("dev shards", out / "dev-shards", work)


def _one(study: Study, out: Path, run: Run, journal: Journal) -> None:
    from mtqa.evaluate.run import evaluate
    from mtqa.shards.run import build_shards
    from mtqa.train.run import train

    encoder = study.encoder_of(run.arm)
    if run.seed is not None:
        shards, model = out / "shards" / run.name, out / "model" / run.name
        batches = study.shard_settings(run.arm, run.seed)
        training = study.train_settings(run.arm, run.seed, out / "dev-shards" if study.dev is not None else None)
        work = partial(build_shards, corpora(study, out), batches, shards, overwrite=True)
        journal.do(f"build-shards {run.name}", shards, work)
        journal.do(f"train {run.name}", model, partial(train, shards, training, model, overwrite=True))
        encoder = str(model)
    for settings in study.evaluate:
        folder = corrections.evaluation_folder(out, run.name, settings.benchmark)
        evaluation = partial(evaluate, encoder, settings, folder, overwrite=True)
        journal.do(f"evaluate {run.name} {settings.benchmark}", folder, evaluation)
    if study.corrections:
        _correct(study, out, run, encoder, journal)


def _correct(study: Study, out: Path, run: Run, encoder: str, journal: Journal) -> None:
    """Evaluate a run with each correction; a benchmark is encoded once for all of them."""
    model = corrections.Corrected(encoder, corrections.texts_folder(study, out, corpora(study, out)))
    for settings in study.evaluate:
        for method in study.corrections:
            folder = corrections.evaluation_folder(out, run.name, settings.benchmark, method)
            work = partial(model.evaluate, settings, method, folder)
            journal.do(f"evaluate {run.name} {settings.benchmark} with {method}", folder, work)


def fairness(study: Study, out: Path, seeds: list[int]) -> dict[str, Any]:
    """Return what the arms had in common: steps, pairs, and whether they saw the same items equally often.

    By seed: arm → batches, pairs and a fingerprint of the sorted item ids; `equal` is true where all arms of every
    seed agree.
    """
    by_seed: dict[str, Any] = {}
    equal = True
    for seed in seeds:
        arms = {}
        for arm in study.all_arms:
            if study.seeds_of(arm) == [None]:
                continue
            shards = open_shards(out / "shards" / Run(arm, seed).name)
            steps = study.train_settings(arm, seed).steps or len(shards)
            ids = sorted(item for n in range(steps) for item in shards.batch(n).item_ids)
            arms[arm] = {"batches": steps, "pairs": len(ids), "items": fingerprint({"ids": ids})[:16]}
        by_seed[str(seed)] = arms
        equal &= len({tuple(values.values()) for values in arms.values()}) <= 1
    return {"equal": equal, "by_seed": by_seed}
