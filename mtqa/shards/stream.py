"""Batches as a stream of `datasets`, each element a whole batch.

A stream of rows does not keep batches together: `split_dataset_by_node` deals rows out one by one, shuffling buffers
mix them, and `.batch(n)` after either of them groups rows of different batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtqa.core.schema import SHARD
from mtqa.core.shardfile import open_shards

if TYPE_CHECKING:
    from datasets import IterableDataset

PARTS = 64
"""Pieces that the workers of a DataLoader share out between them."""


def stream_batches(path: str | Path, rank: int = 0, world: int = 1) -> IterableDataset:
    """Return a stream whose elements are batches: column name → list of one value a pair.

    Batch n goes to rank n mod world, as in `iter_batches`. Read by one process, batches come in order; the workers of a
    DataLoader (`batch_size=None`) each take whole batches of their own. `shuffle(buffer_size=…)` mixes whole batches.
    Raises what `open_shards` raises, ValueError for a rank outside 0 … world - 1.
    """
    from datasets import Features, IterableDataset, List

    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    numbers = range(rank, len(open_shards(Path(path))), world)
    step = -(-len(numbers) // PARTS)
    parts = [list(numbers[first : first + step]) for first in range(0, len(numbers), step)] if numbers else [[]]
    features = Features({name: List(kind) for name, kind in Features.from_arrow_schema(SHARD).items()})
    return IterableDataset.from_generator(_batches, features, gen_kwargs={"path": str(path), "parts": parts})


def _batches(path: str, parts: Sequence[Sequence[int]]) -> Iterator[dict[str, list[Any]]]:
    shards = open_shards(Path(path))
    for numbers in parts:
        for number in numbers:
            yield shards.batch(number).table.to_pydict()
