"""Measures on held-out pairs: the loss, and the mAP of finding each query's passage among all of them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtqa.core.metrics import average_precision
from mtqa.core.search import gold_ranks
from mtqa.train.batch import ahead, prepare
from mtqa.train.gradcache import Embed, encode
from mtqa.train.loss import info_nce

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from mtqa.core.shardfile import Shards
    from mtqa.train.settings import TrainSettings


@dataclass(frozen=True)
class Measured:
    """The mean InfoNCE over all pairs; the mAP where it was asked for."""

    loss: float
    map: float | None = None


@dataclass(frozen=True)
class HeldOut:
    """Held-out pairs and the model that is measured on them."""

    model: SentenceTransformer
    shards: Shards
    settings: TrainSettings

    def measure(self, embed: Embed, temperature: float, executor: Executor) -> Measured:
        """Measure without dropout; the model's mode is left as it was.

        mAP: each query against the passages of all held-out pairs; one found under another's id counts as its own if
        the ids are equal. Ties by order.
        """
        import torch

        total, pairs, training = 0.0, 0, self.model.training
        queries, passages, ids = [], [], []
        budget, with_map = self.settings.micro_batch_tokens, self.settings.stop_on == "mAP"
        self.model.eval()
        try:
            with torch.no_grad():
                for batch in ahead(
                    executor, lambda n: prepare(self.model, self.shards.batch(n), budget), range(len(self.shards))
                ):
                    vectors, n = encode(embed, batch.parts), len(batch)
                    losses = info_nce(vectors[:n], vectors[n:], temperature, batch.false_negatives)
                    total += float(losses.double().sum())
                    pairs += n
                    if with_map:
                        queries.append(vectors[:n].float().cpu().numpy())
                        passages.append(vectors[n : 2 * n].float().cpu().numpy())
                        ids += self.shards.batch(batch.number).passage_ids
        finally:
            self.model.train(training)
        found = retrieval_map(np.concatenate(queries), np.concatenate(passages), ids) if with_map else None
        return Measured(total / pairs, found)


def retrieval_map(queries: np.ndarray, passages: np.ndarray, ids: list[str]) -> float:
    """Return the mAP of queries (n, d) over the distinct passages among (n, d), by their ids; passage i answers i."""
    distinct, first, gold = np.unique(np.array(ids), return_index=True, return_inverse=True)
    ranks = gold_ranks(queries, passages[first], gold.reshape(-1, 1), np.array([0, len(distinct)]))
    return float(average_precision(ranks.pooled).mean())
