"""Checkpoints in `.NAME.work/` beside the output: weights, optimizer and history, whole or not at all, no pickles."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mtqa.core import progress
from mtqa.core.corpus import disk_error
from mtqa.train.encoder import trained
from mtqa.train.log import History

if TYPE_CHECKING:
    import torch
    from torch import nn

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


@dataclass
class State:
    """How far a training is: `step` steps are done; the best on held-out pairs, and the measurements since."""

    step: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    best_map: float | None = None
    waited: int = 0
    done: bool = False
    temperature: float | None = None
    """The learned temperature, where it was learned."""
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one piece of work. Those of other settings or inputs are removed, never used."""

    folder: Path
    fingerprint: str
    environment: Mapping[str, Any]
    """What equal bytes depend on beside the work: device, threads, precision, versions."""

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, state: State) -> None:
        """Write a checkpoint, then remove the one before, which stays where the disk refuses (MtqaError)."""
        temporary = self.folder / ".checkpoint.tmp"
        record = {"fingerprint": self.fingerprint, "environment": dict(self.environment), "state": asdict(state)}
        with disk_named(self.folder):
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            save_file(_weights(model), temporary / WEIGHTS)
            save_file(_optimizer_tensors(optimizer), temporary / OPTIMIZER)
            (temporary / STATE).write_text(json.dumps(record), encoding="utf-8")
            for name in (WEIGHTS, OPTIMIZER, STATE):
                _sync(temporary / name)
            new = self.folder / f"checkpoint-{state.step:08d}"
            shutil.rmtree(new, ignore_errors=True)
            temporary.rename(new)
            for path in self._all():
                if path != new:
                    shutil.rmtree(path)
            self._prune_best(state.best_step)

    def load(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        """Put the last checkpoint of this work into model and optimizer; return its state, or a fresh one."""
        for path in reversed(self._all()):
            try:
                record = json.loads((path / STATE).read_text(encoding="utf-8"))
                if record["fingerprint"] != self.fingerprint:
                    break
                weights, moments = load_file(path / WEIGHTS), load_file(path / OPTIMIZER)
            except (OSError, ValueError, KeyError, SafetensorError):
                progress.say(f"train: the checkpoint {path.name} cannot be read, starting anew")
                break
            self._warn(record["environment"])
            _set_weights(model, weights)
            _set_optimizer(optimizer, moments)
            values = record["state"]
            return State(**{**values, "history": History.from_json(values["history"])})
        self.remove()
        return State()

    def save_best(self, model: nn.Module, state: State) -> None:
        """Keep the weights of the step that is the best so far, beside those that the last checkpoint calls best."""
        with disk_named(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / ".best.tmp"
            save_file(_weights(model), temporary)
            _sync(temporary)
            temporary.replace(self._best(state.step))

    def restore_best(self, model: nn.Module, state: State) -> None:
        """Put the weights of the best step into the model."""
        if state.best_step is not None:
            _set_weights(model, load_file(self._best(state.best_step)))

    def remove(self) -> None:
        """Remove all checkpoints."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("checkpoint-*"))

    def _best(self, step: int) -> Path:
        return self.folder / f"best-{step:08d}.safetensors"

    def _prune_best(self, best_step: int | None) -> None:
        for path in self.folder.glob("best-*"):
            if best_step is None or path != self._best(best_step):
                path.unlink()

    def _warn(self, before: Mapping[str, Any]) -> None:
        changed = [f"{k} {before.get(k)} → {v}" for k, v in self.environment.items() if before.get(k) != v]
        if changed:
            progress.say(f"train: resuming with {', '.join(changed)}: not bit for bit what an undisturbed run gives")


def work_folder(out: Path) -> Path:
    """Return the folder for the checkpoints of the output `out`."""
    return out.with_name(f".{out.name}.work")


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return what training changes: trained parameters and floating-point buffers."""
    tensors = {**trained(model), **{n: b for n, b in model.named_buffers() if b.is_floating_point()}}
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def _set_weights(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    import torch

    tensors = {**trained(model), **dict(model.named_buffers())}
    with torch.no_grad():
        for name, value in weights.items():
            tensors[name].copy_(value)


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the optimizer's state as `number of the parameter/name` → tensor."""
    state = optimizer.state_dict()["state"]
    return {f"{i}/{name}": tensor for i, values in state.items() for name, tensor in values.items()}


def _set_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split("/")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


@contextmanager
def disk_named(where: Path) -> Iterator[None]:
    """Turn what a full or read-only disk raises into an MtqaError; safetensors has an error of its own for it."""
    try:
        yield
    except OSError as error:
        raise disk_error(where, error) from error
    except SafetensorError as error:
        raise disk_error(where, OSError(str(error))) from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
