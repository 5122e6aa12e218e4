"""Work on batches in this process or in several, its results in the order of the batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from mtqa.core.executor import Load, Where, run

B = TypeVar("B")
T = TypeVar("T")
R = TypeVar("R")

ROWS = 1024
"""Rows of a task: enough to be worth sending, few enough that all processes end together."""


def in_order(
    load: Load[T, R], batches: Iterable[Sequence[B]], rows: int, task_of: Callable[[Sequence[B]], T], workers: int
) -> Iterator[tuple[Sequence[B], R]]:
    """Yield (rows of a batch, at most 1,024, result of their task) in order.

    `load` makes a worker, `task_of` what is sent to it; both and the results must be picklable where there are several
    workers; of these there are no more than `rows`, the number of all, makes tasks. A few batches a worker are held.
    Raises MtqaError where a worker dies.
    """
    held: dict[int, Sequence[B]] = {}

    def tasks() -> Iterator[T]:
        parts = (batch[start : start + ROWS] for batch in batches for start in range(0, len(batch), ROWS))
        for number, part in enumerate(parts):
            held[number] = part
            yield task_of(part)

    where = Where(places=("cpu",) * max(1, min(workers, -(-rows // ROWS))))
    ready: dict[int, R] = {}
    following = 0
    for number, result in run(load, tasks(), where):
        ready[number] = result
        while following in ready:
            yield held.pop(following), ready.pop(following)
            following += 1
