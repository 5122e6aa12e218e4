"""What runs a model: one small protocol and its two implementations, CTranslate2 and transformers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from mtqa.core.errors import UsageError, out_of_memory
from mtqa.core.progress import say
from mtqa.translate.model import ModelFiles
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.tokens import Tokens

T = TypeVar("T")
R = TypeVar("R")
Wait = Callable[[], list[R]]
"""Waits for work that is under way; may raise what tells that memory ran out."""


@dataclass(frozen=True)
class Decoding:
    """How a batch is decoded; the penalties serve second attempts at segments that went wrong."""

    beam_size: int
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0


class Batch(NamedTuple):
    """Sources decoded together: their tokens, what every target begins with, how many tokens it may have after that."""

    sources: list[list[str]]
    prefix: tuple[str, ...]
    limit: int


class Output(NamedTuple):
    """One output: tokens without marks, mean log-probability a token (`</s>` counted), whether the limit cut it.

    `halved`: memory ran out, so that it was decoded in another batch than planned; its score's last digits may differ.
    """

    tokens: list[str]
    score: float
    hit_limit: bool
    halved: bool = False


class Forced(NamedTuple):
    """A source and a target to align: tokens with their marks, as for a decoding that can only write this target."""

    source: list[str]
    target: list[str]


Outputs = Callable[[], list[list[Output]]]
"""Waits for outputs that are under way."""


class Engine(Protocol):
    """A loaded model."""

    def start(self, batches: Sequence[Batch], decoding: Decoding) -> Outputs:
        """Begin to decode; what is returned waits for the best output of every source, batch by batch.

        The same batches give the same outputs, whatever else is under way.
        """
        ...

    def attention(self, batches: Sequence[Sequence[Forced]]) -> Callable[[], list[np.ndarray]]:
        """Begin a forced pass over pairs; what is returned waits for float32 [target tokens, source tokens] of each.

        Rows are those of `target` without marks, columns all tokens of `source`; rows sum to 1.
        """
        ...


def finished(items: Sequence[T], wait: Wait[R], begin: Callable[[Sequence[T]], Wait[R]]) -> tuple[list[R], bool]:
    """Return what a batch's work ends with, and whether memory ran out: then its halves were begun anew, and so on."""
    try:
        return wait(), False
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error) or len(items) < 2:
            raise
    say(f"out of memory: a batch of {len(items)} is halved")
    middle = len(items) // 2
    return [made for half in (items[:middle], items[middle:]) for made in finished(half, begin(half), begin)[0]], True


@cache
def engine_version(engine: str) -> str:
    """Return name and version of an engine's package."""
    from importlib.metadata import version

    return f"{engine} {version(engine)}"


def resolve_device(settings: TranslateSettings) -> str:
    """Return cpu or cuda; raises UsageError where cuda is asked for and there is none."""
    if settings.device == "cpu":
        return "cpu"
    if settings.engine == "ctranslate2":
        import ctranslate2

        found = ctranslate2.get_cuda_device_count() > 0
    else:
        import torch

        found = torch.cuda.is_available()
    if settings.device == "cuda" and not found:
        raise UsageError("There is no CUDA device here.", where="device", next_step="use --device cpu or auto")
    return "cuda" if found else "cpu"


def resolve_compute_type(settings: TranslateSettings, device: str) -> str:
    """Return the number format that `auto` stands for; raises UsageError where engine or device lack the given one."""
    wanted = settings.compute_type
    if settings.engine == "transformers":
        able = {"float32", "float16", "bfloat16"} if device == "cuda" else {"float32", "bfloat16"}
        default = "float16" if device == "cuda" else "float32"
    else:
        import ctranslate2

        able = set(ctranslate2.get_supported_compute_types(device))
        order = ("int8_float16", "float16", "float32") if device == "cuda" else ("int8", "float32")
        default = next(kind for kind in order if kind in able)
    if wanted == "auto":
        return default
    if wanted not in able:
        raise UsageError(
            f"{settings.engine} on {device} cannot compute in {wanted}.",
            where="compute_type",
            expected="one of " + ", ".join(sorted(able)),
        )
    return wanted


def cpu_threads() -> int:
    """Return how many threads to use: OMP_NUM_THREADS, else the cores that this process may run on."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_engine(files: ModelFiles, tokens: Tokens, engine: str, place: str, compute: str) -> Engine:
    """Load a model at a place (`cpu`, `cuda`, `cuda:1`); raises UsageError where its files cannot be read."""
    if engine == "transformers":
        from mtqa.translate.hf import TransformersEngine

        return TransformersEngine(files, tokens, place, compute)
    from mtqa.translate.ct2 import CTranslate2Engine

    return CTranslate2Engine(files, tokens, place, compute)
