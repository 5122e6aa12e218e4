"""The stage train: shards and an encoder in, a sentence-transformers model folder with its training log out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtqa.core import progress
from mtqa.core.encode import load_encoder, model_fingerprint
from mtqa.core.errors import UsageError
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, load_manifest
from mtqa.core.output import Building, Work, building, up_to_date
from mtqa.core.shardfile import Shards, open_shards
from mtqa.train.log import window_steps, write_logs
from mtqa.train.objective import TAUGHT, check_shards
from mtqa.train.ranks import Ranks, joined, own_device
from mtqa.train.settings import TrainSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from mtqa.train.checkpoint import State
    from mtqa.train.encoder import TokeniserState

STAGE, VERSION, PART = "train", 2, "all"


@dataclass(frozen=True)
class Data:
    """What is trained on, and for how many steps."""

    shards: Shards
    validation: Shards | None
    steps: int


def train(shards: Path, settings: TrainSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Train an encoder on the shards' batches 0 … steps - 1 and write the model to `out`; return its manifest.

    `out` is a sentence-transformers folder with `training.csv`, `losses_by_pair.csv` and `_manifest.json`. With
    `steps` 0 the encoder is written as it is. A killed run goes on from its last checkpoint, in `.NAME.work` beside
    `out`, and ends with the bytes of an undisturbed one (same device, threads and versions). Raises UsageError for
    unusable shards, encoder or output folder, MtqaError where the loss is not finite or the disk refuses.
    """
    with joined(settings.device) as ranks:
        return _train(shards, settings, out, ranks, overwrite=overwrite)


def _train(shards: Path, settings: TrainSettings, out: Path, ranks: Ranks, *, overwrite: bool) -> Manifest:
    batches = open_shards(shards)
    check_shards(batches, settings)
    if batches.batch_size < ranks.world:
        what = f"Batches of {batches.batch_size} pairs cannot be shared by {ranks.world} processes."
        raise UsageError(what, where=batches.path, next_step="start fewer processes")
    validation = None if settings.validation is None else open_shards(settings.validation)
    steps = _steps(batches, settings)
    inputs = {"shards": batches.manifest.content, "encoder": model_fingerprint(settings.encoder)}
    if settings.objective in TAUGHT and settings.teacher is not None:
        inputs["teacher"] = model_fingerprint(settings.teacher)
    if validation is not None:
        inputs["validation"] = validation.manifest.content
        if inputs["validation"] == inputs["shards"]:
            raise UsageError("The held-out pairs are the training pairs.", where=settings.validation)
    work = Work(STAGE, VERSION, settings.record(), inputs)
    from mtqa.train.checkpoint import work_folder

    data = Data(batches, validation, steps)
    done: Manifest | None = ranks.from_first(lambda: up_to_date(out, work))
    if done is not None:
        progress.say("train: up to date")
    elif ranks.first:
        with building(out, work, overwrite=overwrite) as build:
            done = _build(build, data, settings, ranks)
    else:
        _run(out, work, data, settings, ranks)
    ranks.wait()
    if ranks.first:
        shutil.rmtree(work_folder(out), ignore_errors=True)
    return done or load_manifest(out)


def _run(
    out: Path, work: Work, data: Data, settings: TrainSettings, ranks: Ranks
) -> tuple[SentenceTransformer, State, TokeniserState | None, dict[str, Any]]:
    """Open the encoder and train it; return it with the state it ends in, its tokeniser's and the environment."""
    from mtqa.train.checkpoint import Checkpoints, State, work_folder
    from mtqa.train.encoder import TokeniserState, checkpoint_gradients, freeze, set_prompts
    from mtqa.train.loop import Job, train_steps

    device = _device(settings.device)
    model = load_encoder(settings.encoder, device)
    tokeniser = TokeniserState.of(model)
    set_prompts(model, settings)
    if data.steps:
        model.similarity_fn_name = settings.similarity  # saved with it: what it was trained for
    freeze(model, settings.freeze)
    if settings.gradient_checkpointing:
        checkpoint_gradients(model)
    teacher = _teacher(settings, device)
    environment = _environment(device, settings, ranks)
    checkpoints = Checkpoints(work_folder(out), work.fingerprint, environment)
    if not data.steps:
        return model, State(done=True), tokeniser, environment
    job = Job(model, data.shards, data.validation, settings, data.steps, teacher, ranks)
    return model, train_steps(job, checkpoints), tokeniser, environment


def _teacher(settings: TrainSettings, device: str) -> SentenceTransformer | None:
    """Return the teacher of an objective that has one: a model of the settings, or the encoder before training."""
    if settings.objective not in TAUGHT:
        return None
    from mtqa.train.encoder import set_prompts

    teacher = load_encoder(settings.teacher or settings.encoder, device)
    if settings.teacher is None:
        set_prompts(teacher, settings)
    return teacher.eval().requires_grad_(False)


def _build(build: Building, data: Data, settings: TrainSettings, ranks: Ranks) -> Manifest:
    from mtqa.train.checkpoint import disk_named
    from mtqa.train.encoder import describe, save_model

    batches, steps = data.shards, data.steps
    model, state, tokeniser, environment = _run(build.out, build.work, data, settings, ranks)
    facts = describe(model)
    with disk_named(build.path):
        save_model(model, build.path, tokeniser)
        rows = write_logs(build.path, state.history, window_steps(steps))
        part = build.record_rest(build.work.fingerprint, rows)
    return build.finish(
        {PART: part},
        counts=_counts(state, batches),
        licences=batches.manifest.licences,
        info={
            "lineage": lineage(batches.manifest),
            "encoder": facts,
            "environment": environment,
            **_results(state, steps),
        },
    )


def _steps(batches: Shards, settings: TrainSettings) -> int:
    if settings.steps is None:
        return len(batches)
    if settings.steps > len(batches):
        raise UsageError(
            f"The shards hold {len(batches):,} batches, too few for {settings.steps:,} steps.",
            where=batches.path,
            expected=f"steps of at most {len(batches):,}",
            next_step="take fewer steps, or build shards with more steps or epochs",
        )
    return settings.steps


def _counts(state: State, batches: Shards) -> dict[str, Any]:
    records = state.history.steps
    return {
        "batches": len(batches),
        "steps": state.step,
        "pairs": sum(record.pairs for record in records),
        "tokens": sum(record.tokens for record in records),
    }


def _results(state: State, steps: int) -> dict[str, Any]:
    """Return the mean losses of the first and last window of steps, and the best measurement on held-out pairs."""
    window = window_steps(steps)
    learned = {} if state.temperature is None else {"temperature": state.temperature}
    measured = {} if state.best_map is None else {"validation_mAP": state.best_map}
    return {
        **learned,
        **measured,
        "first_loss": state.history.mean_loss(1, window),
        "final_loss": state.history.mean_loss(state.step - window + 1, state.step),
        "best_step": state.best_step,
        "validation_loss": state.best_loss,
    }


def _device(name: str) -> str:
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return own_device(name)


def _environment(device: str, settings: TrainSettings, ranks: Ranks) -> dict[str, Any]:
    import torch
    import transformers

    on_gpu = device.startswith("cuda")
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "precision": "bf16" if settings.bf16 else "float32",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        **({"processes": ranks.world} if ranks.world > 1 else {}),
    }
