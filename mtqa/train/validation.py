"""The loss on held-out pairs."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING

from mtqa.train.batch import ahead, prepare
from mtqa.train.gradcache import Embed, encode
from mtqa.train.loss import info_nce

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from mtqa.core.shardfile import Shards
    from mtqa.train.settings import TrainSettings


def validation_loss(
    model: SentenceTransformer, embed: Embed, shards: Shards, settings: TrainSettings, executor: Executor
) -> float:
    """Return the mean InfoNCE over all pairs of the shards, without dropout; the model's mode is left as it was."""
    import torch

    total, pairs, training = 0.0, 0, model.training
    model.eval()
    try:
        with torch.no_grad():
            for batch in ahead(
                executor, lambda n: prepare(model, shards.batch(n), settings.micro_batch_tokens), range(len(shards))
            ):
                vectors, n = encode(embed, batch.parts), len(batch)
                losses = info_nce(vectors[:n], vectors[n:], settings.temperature, batch.false_negatives)
                total += float(losses.double().sum())
                pairs += n
    finally:
        model.train(training)
    return total / pairs
