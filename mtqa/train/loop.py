"""The training loop. Step n uses batch n of the shards and random numbers of its own: to resume is to jump."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from mtqa.core import progress
from mtqa.core.encode import embed
from mtqa.core.errors import MtqaError
from mtqa.core.rng import rng
from mtqa.train.batch import Prepared, ahead, prepare
from mtqa.train.checkpoint import Checkpoints, State
from mtqa.train.encoder import trained
from mtqa.train.gradcache import Embed, backward, cached_backward
from mtqa.train.log import StepRecord, window_steps
from mtqa.train.loss import info_nce
from mtqa.train.schedule import learning_rate
from mtqa.train.validation import validation_loss

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from mtqa.core.shardfile import Shards
    from mtqa.train.settings import TrainSettings


@dataclass(frozen=True)
class Job:
    """What is trained, on what, for how many steps."""

    model: SentenceTransformer
    shards: Shards
    validation: Shards | None
    settings: TrainSettings
    steps: int


def train_steps(job: Job, checkpoints: Checkpoints) -> State:
    """Train the model in place from its last checkpoint to the last step, or until early stopping; return the state.

    Ends with a checkpoint, so that nothing is lost before the output stands. With `patience` the model is the best one
    measured. Raises MtqaError where a loss or gradient is not finite, or the disk refuses a checkpoint.
    """
    model, settings = job.model, job.settings
    optimizer = make_optimizer(model, settings)
    state = checkpoints.load(model, optimizer)
    vectors_of = _embedder(model, settings)
    size, window = job.shards.batch_size, window_steps(job.steps)
    if state.step:
        progress.say(f"train: going on after step {state.step:,}")
    model.train()
    with (
        progress.progress("train", job.steps * size, "pairs", initial=state.step * size) as bar,
        ThreadPoolExecutor(1, "tokenise") as executor,
    ):
        steps = range(state.step, state.step if state.done else job.steps)
        for batch in ahead(executor, lambda n: prepare(model, job.shards.batch(n), settings.micro_batch_tokens), steps):
            rate = learning_rate(batch.number, job.steps, settings.learning_rate, settings.warmup, settings.schedule)
            losses = _update(optimizer, vectors_of, batch, rate, settings)
            state.step = batch.number + 1
            record = StepRecord(
                state.step, sum(losses) / len(losses), rate, len(batch), batch.tokens, 1 - batch.tokens / batch.padded
            )
            state.history.add(record, losses, batch.pairs, window)
            last = state.step == job.steps
            if job.validation is not None and (last or state.step % settings.validate_every == 0):
                record.validation_loss = validation_loss(model, vectors_of, job.validation, settings, executor)
                _compare(state, record.validation_loss, model, checkpoints, settings)
            bar.update(len(batch), f"step {state.step:,}/{job.steps:,}, loss {record.loss:.3f}")
            state.done = state.done or last
            if state.done or state.step % settings.save_every == 0:
                checkpoints.save(model, optimizer, state)
            if state.done:
                break
    if settings.patience is not None:
        checkpoints.restore_best(model, state)
    return state


def make_optimizer(model: SentenceTransformer, settings: TrainSettings) -> torch.optim.AdamW:
    """Return AdamW over the trained parameters; vectors (biases, norms) are not decayed."""
    parameters = list(trained(model).values())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.learning_rate, fused=True)


def _update(
    optimizer: torch.optim.Optimizer, vectors_of: Embed, batch: Prepared, rate: float, settings: TrainSettings
) -> list[float]:
    """Do one optimizer step; return the losses of the batch's rows."""
    n = len(batch)

    def loss(vectors: torch.Tensor) -> torch.Tensor:
        # Several processes would gather the passages of all here, with gradients.
        return info_nce(vectors[:n], vectors[n:], settings.temperature, batch.false_negatives)

    with _own_random_numbers(settings.seed, batch.number, batch.false_negatives.device):
        losses = (cached_backward if settings.grad_cache else backward)(vectors_of, batch.parts, loss)
    values: list[float] = losses.tolist()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm or math.inf)
    if not (math.isfinite(sum(values)) and math.isfinite(float(norm))):
        raise MtqaError(
            f"The {'gradient' if math.isfinite(sum(values)) else 'loss'} of step {batch.number + 1:,} is not finite.",
            where=f"batch {batch.number} of the shards",
            next_step="lower the learning rate or raise the temperature"
            + (", or train without bf16" if settings.bf16 else ""),
        )
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    return values


def _compare(
    state: State, loss: float, model: SentenceTransformer, checkpoints: Checkpoints, settings: TrainSettings
) -> None:
    """Note a measurement on the held-out pairs, keep the model where it is the best, stop where patience ends."""
    if state.best_loss is None or loss < state.best_loss:
        state.best_step, state.best_loss, state.waited = state.step, loss, 0
        if settings.patience is not None:
            checkpoints.save_best(model, state)
    else:
        state.waited += 1
        state.done = settings.patience is not None and state.waited >= settings.patience
    progress.say(f"train: step {state.step:,}, loss on held-out pairs {loss:.4f} (best {state.best_loss:.4f})")


def _embedder(model: SentenceTransformer, settings: TrainSettings) -> Embed:
    def vectors_of(features: dict[str, Any]) -> torch.Tensor:
        # One autocast context a micro-batch: its cache of bfloat16 weights must not outlive a pass without gradient.
        with torch.autocast(model.device.type, torch.bfloat16, enabled=settings.bf16):
            return embed(model, features)

    return vectors_of


@contextmanager
def _own_random_numbers(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Seed dropout from (seed, step), whatever was drawn before; the caller's random state comes back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(rng(seed, "train", step).integers(2**63)))
        yield
