"""The training loop. Step n uses batch n of the shards and random numbers of its own: to resume is to jump."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from mtqa.core import progress
from mtqa.core.encode import embed, is_flat
from mtqa.core.errors import MtqaError
from mtqa.core.rng import rng
from mtqa.train.batch import Prepared, ahead, prepare
from mtqa.train.checkpoint import Checkpoints, State
from mtqa.train.encoder import dense_gradients, trained, use_sparse_gradients
from mtqa.train.gradcache import backward, cached_backward
from mtqa.train.log import StepRecord, window_steps
from mtqa.train.objective import Objective, make_objective
from mtqa.train.ranks import Ranks
from mtqa.train.schedule import learning_rate
from mtqa.train.tensorboard import Events
from mtqa.train.validation import HeldOut, Measured

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

    from mtqa.core.shardfile import Shards
    from mtqa.train.settings import TrainSettings


@dataclass(frozen=True)
class Job:
    """What is trained, on what, for how many steps; with a teacher where the objective has one."""

    model: SentenceTransformer
    shards: Shards
    validation: Shards | None
    settings: TrainSettings
    steps: int
    teacher: SentenceTransformer | None = None
    ranks: Ranks = field(default_factory=Ranks)


def train_steps(job: Job, checkpoints: Checkpoints) -> State:
    """Train the model in place from its last checkpoint to the last step, or until early stopping; return the state.

    Ends with a checkpoint, so that nothing is lost before the output stands. With `patience` the model is the best one
    measured. Raises MtqaError where a loss or gradient is not finite, or the disk refuses a checkpoint.
    """
    model, settings = job.model, job.settings
    objective = make_objective(model, job.teacher, settings, job.ranks, job.steps)
    trainee = _trainee(model, objective)
    optimizer = make_optimizer(trainee, settings)
    state = job.ranks.in_turn(lambda: checkpoints.load(trainee, optimizer))
    size, window, needs = job.shards.batch_size, window_steps(job.steps), objective.needs()
    if state.step:
        progress.say(f"train: going on after step {state.step:,}")
    model.train()
    if not is_flat(model):
        use_sparse_gradients(model)
    events = Events(settings.tensorboard) if settings.tensorboard is not None and job.ranks.first else None

    def make(number: int) -> Prepared:
        return prepare(model, job.shards.batch(number), settings.micro_batch_tokens, needs)

    with (
        progress.progress("train", job.steps * size, "pairs", initial=state.step * size) as bar,
        ThreadPoolExecutor(1, "tokenise") as executor,
    ):
        for batch in ahead(executor, make, range(state.step, state.step if state.done else job.steps)):
            rate = learning_rate(batch.number, job.steps, settings.learning_rate, settings.warmup, settings.schedule)
            losses = _update(optimizer, objective, model, batch, rate)
            state.step = batch.number + 1
            record = _record(state.step, losses, rate, batch, job.ranks)
            state.history.add(record, losses, batch.pairs, window)
            last = state.step == job.steps
            if job.validation is not None and (last or state.step % settings.validate_every == 0):
                _measure(job, state, record, objective, executor, checkpoints)
            if events is not None:
                events.add(state.step, asdict(record))
            bar.update(len(batch.pairs), f"step {state.step:,}/{job.steps:,}, loss {record.loss:.3f}")
            state.done = state.done or last
            if (state.done or state.step % settings.save_every == 0) and job.ranks.first:
                checkpoints.save(trainee, optimizer, state)
            if state.done:
                break
    job.ranks.wait()
    state.temperature = objective.fixed_temperature if settings.learn_temperature else None
    if settings.patience is not None:
        checkpoints.restore_best(model, state)
    return state


def make_optimizer(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """Return AdamW over the trained parameters; vectors (biases, norms) are not decayed."""
    parameters = list(trained(model).values())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.learning_rate, fused=True)


def _trainee(model: SentenceTransformer, objective: Objective) -> nn.Module:
    """Return what is optimised and kept in checkpoints: the model, with what is trained beside it if anything is."""
    if objective.extras is None:
        return model
    return torch.nn.ModuleDict({"model": model, "extras": objective.extras})


def _update(
    optimizer: torch.optim.Optimizer, objective: Objective, model: SentenceTransformer, batch: Prepared, rate: float
) -> list[float]:
    """Do one optimizer step; return the losses of the whole batch's rows."""
    settings, ranks = objective.settings, objective.ranks

    def vectors_of(features: dict[str, Any]) -> torch.Tensor:
        return _embed(model, features, settings)

    targets = objective.targets(batch, lambda teacher, features: _embed(teacher, features, settings))
    with _own_random_numbers(settings.seed, batch.number, ranks, batch.false_negatives.device):
        own = (cached_backward if settings.grad_cache else backward)(
            vectors_of,
            batch.parts,
            lambda vectors: objective.losses(vectors, batch, targets),
            len(batch) / len(batch.pairs),
        )
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    dense_gradients(parameters)
    ranks.sum_gradients(parameters)
    values = _all_losses(own, batch, ranks)
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


def _all_losses(own: torch.Tensor, batch: Prepared, ranks: Ranks) -> list[float]:
    """Return the losses of all processes' rows in the order of the batch."""
    if ranks.world == 1:
        return own.tolist()  # type: ignore[no-any-return]
    every = own.new_zeros(len(batch.pairs))
    every[batch.rows] = own
    return ranks.sum(every).tolist()  # type: ignore[no-any-return]


def _record(step: int, losses: list[float], rate: float, batch: Prepared, ranks: Ranks) -> StepRecord:
    tokens, padded = batch.tokens, batch.padded
    if ranks.world > 1:
        tokens, padded = ranks.sum(torch.tensor([tokens, padded], device=batch.answers.device)).tolist()
    return StepRecord(step, sum(losses) / len(losses), rate, len(losses), tokens, 1 - tokens / padded)


def _measure(
    job: Job,
    state: State,
    record: StepRecord,
    objective: Objective,
    executor: ThreadPoolExecutor,
    checkpoints: Checkpoints,
) -> None:
    """Measure on the held-out pairs, keep the model where it is the best, stop where patience ends."""
    model, settings = job.model, job.settings
    assert job.validation is not None
    pairs = HeldOut(model, job.validation, settings)
    found = job.ranks.from_first(
        lambda: pairs.measure(lambda f: _embed(model, f, settings), objective.fixed_temperature, executor)
    )
    record.validation_loss, record.validation_map = found.loss, found.map
    if state.best_step is None or _better(found, state):
        state.best_step, state.best_loss, state.best_map, state.waited = state.step, found.loss, found.map, 0
        if settings.patience is not None and job.ranks.first:
            checkpoints.save_best(model, state)
    else:
        state.waited += 1
        state.done = settings.patience is not None and state.waited >= settings.patience
    now, best = (found.loss, state.best_loss) if found.map is None else (found.map, state.best_map)
    progress.say(f"train: step {state.step:,}, {settings.stop_on} on held-out pairs {now:.4f} (best {best:.4f})")


def _better(found: Measured, state: State) -> bool:
    if found.map is not None and state.best_map is not None:
        return found.map > state.best_map
    return state.best_loss is None or found.loss < state.best_loss


def _embed(model: SentenceTransformer, features: dict[str, Any], settings: TrainSettings) -> torch.Tensor:
    # One autocast context a micro-batch: its cache of bfloat16 weights must not outlive a pass without gradient.
    with torch.autocast(model.device.type, torch.bfloat16, enabled=settings.bf16):
        return embed(model, features, own_length=True)


@contextmanager
def _own_random_numbers(seed: int, step: int, ranks: Ranks, device: torch.device) -> Iterator[None]:
    """Seed dropout from (seed, step), whatever was drawn before; the caller's random state comes back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        purpose = (step,) if ranks.world == 1 else (step, ranks.rank)
        torch.manual_seed(int(rng(seed, "train", *purpose).integers(2**63)))
        yield
