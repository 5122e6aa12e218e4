"""Learned temperature, gradient checkpointing, mAP on held-out pairs, families of encoders."""

import csv

import numpy as np
import pytest
import torch

from mtqa.core.errors import UsageError
from mtqa.train.encoder import checkpoint_gradients
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
from mtqa.train.validation import retrieval_map


def test_retrieval_map_by_hand():
    vectors = np.eye(3, dtype=np.float32)
    # Query 0 finds its passage first; query 1 second; query 2 has query 0's passage, which it finds third.
    queries = np.array([[1, 0, 0], [0.9, 0.5, 0], [0.1, 0.5, 0.9]], np.float32)
    passages = vectors[[0, 1, 0]]
    assert retrieval_map(queries, passages, ["a", "b", "a"]) == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    assert retrieval_map(queries, vectors, ["a", "b", "c"]) == pytest.approx((1 + 1 / 2 + 1) / 3)


def test_the_best_by_map_is_kept(shards, held_out, encoder, tmp_path):
    settings = TrainSettings(
        encoder=str(encoder),
        validation=held_out,
        validate_every=2,
        patience=2,
        stop_on="mAP",
        steps=8,
        learning_rate=1e-2,
        device="cpu",
    )
    manifest = train(shards, settings, tmp_path / "model")
    with (tmp_path / "model/training.csv").open(encoding="utf-8") as file:
        maps = {int(r["step"]): float(r["validation_map"]) for r in csv.DictReader(file) if r["validation_map"]}
    assert maps and max(maps.values()) == pytest.approx(manifest.info["validation_mAP"], rel=1e-5)
    assert maps[manifest.info["best_step"]] == max(maps.values())


def test_gradient_checkpointing_changes_nothing_but_memory(shards, encoder, tmp_path):
    from safetensors.torch import load_file

    plain = TrainSettings(encoder=str(encoder), steps=2, learning_rate=1e-3, device="cpu")
    for name, settings in (("p", plain), ("c", plain.model_copy(update={"gradient_checkpointing": True}))):
        train(shards, settings, tmp_path / name)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in "pc")
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)


def test_checkpointing_needs_a_transformer():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    static = SentenceTransformer(modules=[StaticEmbedding(Tokenizer(models.WordLevel({"a": 0})), embedding_dim=2)])
    with pytest.raises(UsageError, match="no gradient checkpointing"):
        checkpoint_gradients(static)
