"""The same batches for sentence-transformers' own trainer.

    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from mtqa.shards.sampler import HybridBatchSampler, training_dataset

    dataset, batch_size = training_dataset("shards")
    arguments = SentenceTransformerTrainingArguments(
        "out", per_device_train_batch_size=batch_size, batch_sampler=HybridBatchSampler, num_train_epochs=1
    )
    SentenceTransformerTrainer(model, arguments, dataset, loss=MultipleNegativesRankingLoss(model)).train()

Shards hold as many epochs as build-shards was asked for: train for one. In a run of several processes batch n goes to
process n mod processes, whole; last batches that are too few for all of them are left out. The trainer's losses know
nothing of ids: what keeps false negatives out is that build-shards put none into a batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import SequentialSampler

from mtqa.core.errors import UsageError
from mtqa.core.rng import rng
from mtqa.core.shardfile import open_shards

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Generator

ROLES = ("query", "passage")


class HybridBatchSampler(DefaultBatchSampler):
    """Yields the batches of shards whole and in order; later epochs take the same batches in another order.

    Give the class to `batch_sampler` of the training arguments; the trainer makes it from the dataset that
    `training_dataset` returned. Raises UsageError where the trainer's batch size is not that of the shards: its batches
    would be cut across theirs.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        valid_label_columns: list[str] | None = None,
        generator: Generator | None = None,
        seed: int = 0,
    ) -> None:
        own = _batch_size(dataset)
        if own != batch_size:
            raise UsageError(
                f"The trainer makes batches of {batch_size:,}, the shards hold batches of {own:,}.",
                where="per_device_train_batch_size",
                expected=f"{own}, on one device a process",
                next_step="set it so, or build shards with --batch-size",
            )
        super().__init__(SequentialSampler(dataset), batch_size, drop_last, valid_label_columns, generator, seed)
        self._count = len(dataset) // batch_size

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the row numbers of one batch after the other."""
        order: Any = range(self._count)
        if self.epoch:
            order = rng(self.seed, "sampler", self.epoch).permutation(self._count).tolist()
        for number in order:
            yield list(range(number * self.batch_size, (number + 1) * self.batch_size))

    def __len__(self) -> int:
        """Return the number of batches."""
        return self._count


def training_dataset(path: str | Path, negatives: int | None = None, cache: str | None = None) -> tuple[Dataset, int]:
    """Return (dataset, batch size) of a shards folder for sentence-transformers' trainer.

    Columns: `query`, `passage` and, where the shards have hard negatives, `negative_1` … in a number that all pairs
    have (`negatives` takes fewer of them, 0 none). Rows are read from a memory-mapped copy in `cache` (the cache of
    `datasets` by default). Raises UsageError where the folder is no shards or some pair has fewer negatives.
    """
    from datasets import load_dataset

    shards = open_shards(Path(path))
    files = [str(shards.path / name) for _, name in shards.starts]
    rows = load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
    least = _least_negatives(shards.manifest.counts)
    count = least if negatives is None else negatives
    if count > least:
        raise UsageError(
            f"Not every pair has {count} hard negatives.",
            where=path,
            expected=f"{least} or fewer",
            next_step="mine more, or ask for fewer",
        )
    dropped = [name for name in rows.column_names if name not in ROLES]
    fingerprint = f"{shards.manifest.content[:32]}-{count}"
    table = rows.map(
        _flat, batched=True, remove_columns=dropped, fn_kwargs={"count": count}, new_fingerprint=fingerprint
    )
    table = table.select_columns([*ROLES, *(f"negative_{n + 1}" for n in range(count))])
    table.info.description = f"{PREFIX}{shards.batch_size}"
    return table, shards.batch_size


PREFIX = "mtqa shards, batches of "


def _batch_size(dataset: Dataset) -> int:
    text = dataset.info.description or ""
    if not text.startswith(PREFIX):
        raise UsageError(
            "The dataset does not come from mtqa's shards.",
            where="train_dataset",
            expected="what mtqa.shards.sampler.training_dataset returns, unshuffled and whole",
        )
    return int(text.removeprefix(PREFIX))


def _least_negatives(counts: dict[str, Any]) -> int:
    return min((int(number) for number in counts.get("pairs_by_negatives", {})), default=0)


def _flat(batch: dict[str, list[Any]], count: int) -> dict[str, list[Any]]:
    """Return the texts of each pair's first `count` negatives as columns of their own."""
    columns = {name: batch[name] for name in ROLES}
    for n in range(count):
        columns[f"negative_{n + 1}"] = [negatives[n]["text"] for negatives in batch["negatives"]]
    return columns
