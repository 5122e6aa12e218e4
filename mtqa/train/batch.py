"""A batch of the shards as the trainer wants it: tokenised, in micro-batches, with its mask. Made ahead of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mtqa.core.encode import features, is_flat, micro_batches, token_counts
from mtqa.train.loss import false_negatives

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from mtqa.core.encode import Role
    from mtqa.core.shardfile import Batch

T = TypeVar("T")


@dataclass(frozen=True)
class MicroBatch:
    """Texts of similar length that are encoded together: their rows in the batch's texts (int64), their features."""

    rows: Tensor
    features: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A batch ready to be encoded. Its texts are the n queries, then the n passages, then the negatives."""

    number: int
    parts: list[MicroBatch]
    false_negatives: Tensor
    """bool (n, n + negatives)"""
    pairs: list[tuple[str, str]]
    """Query language and passage language of each row."""
    tokens: int
    padded: int
    """Tokens with the padding that the model computes on."""

    def __len__(self) -> int:
        return len(self.pairs)


def prepare(model: SentenceTransformer, batch: Batch, token_budget: int) -> Prepared:
    """Tokenise a batch into micro-batches of at most `token_budget` tokens, sorted by length; depends on it alone."""
    import torch

    negatives = [negative for row in batch.column("negatives") for negative in row or []]
    mask = false_negatives(
        batch.item_ids, batch.passage_ids, batch.question_ids, [negative["passage_id"] for negative in negatives]
    )
    documents = batch.passages + [negative["text"] for negative in negatives]
    parts, tokens, padded = [], 0, 0
    roles: tuple[tuple[Role, list[str], int], ...] = (("query", batch.queries, 0), ("document", documents, len(batch)))
    for role, texts, first in roles:
        counts = token_counts(model, texts, role)
        tokens += sum(counts)
        for rows in micro_batches(counts, token_budget, flat=is_flat(model)):
            width = max(counts[i] for i in rows)
            padded += sum(counts[i] for i in rows) if is_flat(model) else width * len(rows)
            places = torch.tensor([first + i for i in rows], device=model.device)
            parts.append(MicroBatch(places, features(model, [texts[i] for i in rows], role)))
    pairs = list(zip(batch.query_langs, batch.passage_langs, strict=True))
    return Prepared(batch.number, parts, torch.from_numpy(mask).to(model.device), pairs, tokens, padded)


def ahead(executor: Executor, make: Callable[[int], T], numbers: Iterable[int]) -> Iterator[T]:
    """Yield make(n) for each number, in order, the next one being made while the caller works with this one.

    Give an executor of one thread: then `make` never runs twice at once, which tokenisers don't allow.
    """
    waiting = None
    for number in numbers:
        coming = executor.submit(make, number)
        if waiting is not None:
            yield waiting.result()
        waiting = coming
    if waiting is not None:
        yield waiting.result()
