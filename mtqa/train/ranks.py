"""Several processes that train one model (torchrun, accelerate launch): each encodes its rows of every batch.

The passages of all rows are gathered with gradients, and gradients are summed, so that the step is that of one process
with the whole batch, whatever the number of processes. One process makes no call to torch.distributed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process's number among all of them."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def gather(self, own: Tensor, counts: Sequence[int]) -> Tensor:
        """Return the rows of all processes, one process after the other, with gradients to their origin.

        `counts`: the rows of each process. Plain `all_gather` has no gradient: a process's passages would then learn
        from its own queries only.
        """
        if self.world == 1:
            return own
        import torch
        from torch.distributed.nn.functional import all_gather

        padded = torch.nn.functional.pad(own, (0, 0, 0, max(counts) - len(own)))
        every = all_gather(padded)  # type: ignore[no-untyped-call]
        return torch.cat([rows[:count] for rows, count in zip(every, counts, strict=True)])

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Sum every parameter's gradient over the processes, all in one message; those without one are left alone."""
        if self.world == 1:
            return
        import torch
        from torch import distributed

        used = [p for p in parameters if p.grad is not None]
        flat = torch.cat([p.grad.flatten() for p in used if p.grad is not None])
        distributed.all_reduce(flat)
        pieces = torch.split(flat, [p.numel() for p in used])
        for parameter, piece in zip(used, pieces, strict=True):
            parameter.grad = piece.view_as(parameter)

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over the processes of a tensor without gradient."""
        if self.world > 1:
            from torch import distributed

            distributed.all_reduce(values)
        return values

    def from_first(self, make: Callable[[], Any]) -> Any:
        """Return what the first process makes, in all of them; an exception there is raised in all of them."""
        if self.world == 1:
            return make()
        from torch import distributed

        box: list[Any] = [None]
        if self.first:
            try:
                box = [make()]
            except Exception as error:
                box = [error]
        distributed.broadcast_object_list(box)
        if isinstance(box[0], Exception):
            raise box[0]
        return box[0]

    def in_turn(self, do: Callable[[], T]) -> T:
        """Do something in the first process, then in the others, which find what it left; return this one's result."""
        if self.world == 1:
            return do()
        if not self.first:
            self.wait()
        try:
            return do()
        finally:
            if self.first:
                self.wait()

    def wait(self) -> None:
        """Return when all processes have come here."""
        if self.world > 1:
            from torch import distributed

            distributed.barrier()


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun or accelerate started, if they did, for the block."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    from torch import distributed

    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()


def own_device(device: str) -> str:
    """Return the device of this process: with `cuda` and several processes, the GPU of its number on the machine."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in os.environ else device
