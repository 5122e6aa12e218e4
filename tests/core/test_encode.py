"""Encoding: equal texts equal rows whatever the order, prompts by role, batches under a budget, gradients kept."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from mtqa.core import encode
from mtqa.core.encode import embed, encode_texts, features, is_flat, micro_batches, token_counts

TEXTS = ["the river", "who was in the old city?", "paris", "", "the river", "rome " * 40, "wer ist die stadt", "a of a"]


@pytest.mark.parametrize(
    ("counts", "budget", "flat", "expected"),
    [
        ([5, 3, 4, 9, 3], 10, True, [[1, 4, 2], [0], [3]]),  # 3+3+4 fit, 5+9 do not
        ([5, 3, 4, 9, 3], 10, False, [[1, 4], [2, 0], [3]]),  # 3 rows of 4 are 12, 2 of 5 are 10
        ([20, 2, 30], 10, True, [[1], [0], [2]]),  # over the budget: alone
        ([20, 2, 30], 10, False, [[1], [0], [2]]),
        ([4, 4, 4], 12, True, [[0, 1, 2]]),
        ([], 10, True, []),
    ],
)
def test_micro_batches(counts, budget, flat, expected):
    assert micro_batches(counts, budget, flat=flat) == expected


@pytest.fixture(params=["tiny_encoder", "demo_encoder"])
def model(request):
    return request.getfixturevalue(request.param)


def test_vectors_are_those_of_sentence_transformers(model):
    for role, theirs in (("query", model.encode_query), ("document", model.encode_document)):
        vectors = encode_texts(model, TEXTS, role, token_budget=24)
        assert vectors.dtype == np.float32 and vectors.shape == (len(TEXTS), model.get_embedding_dimension())
        assert np.allclose(vectors, theirs(TEXTS, normalize_embeddings=True), atol=1e-5)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_order_and_repetition_do_not_matter(model):
    order = [3, 6, 0, 7, 5, 1, 4, 2]
    vectors = encode_texts(model, TEXTS, "query", token_budget=24)
    assert np.array_equal(encode_texts(model, [TEXTS[i] for i in order], "query", token_budget=24), vectors[order])
    assert np.array_equal(encode_texts(model, TEXTS * 3, "query", token_budget=24), np.tile(vectors, (3, 1)))
    assert np.array_equal(vectors[0], vectors[4])


def test_each_distinct_text_is_encoded_once_under_the_budget(model, monkeypatch):
    seen, sizes = [], []

    def watched(model, texts, role):
        prepared = features(model, texts, role)
        seen.extend(texts)
        sizes.append((len(texts), prepared["input_ids"].numel()))
        return prepared

    monkeypatch.setattr(encode, "features", watched)
    encode_texts(model, TEXTS, "query", token_budget=24)
    assert sorted(seen) == sorted(set(TEXTS))
    assert all(size <= 24 for rows, size in sizes if rows > 1)
    assert 1 < len(sizes) < len(seen)


def test_no_texts_give_no_rows(model):
    assert encode_texts(model, [], "document").shape == (0, model.get_embedding_dimension())
    assert token_counts(model, [], "document") == []


def test_the_mode_of_the_model_is_kept(tiny_encoder):
    in_eval = encode_texts(tiny_encoder, TEXTS, "query")
    tiny_encoder.train()
    try:
        assert np.array_equal(encode_texts(tiny_encoder, TEXTS, "query"), in_eval)
        assert tiny_encoder.training
    finally:
        tiny_encoder.eval()


def test_prompts_follow_the_role(tiny_encoder):
    ids = {role: features(tiny_encoder, ["paris"], role)["input_ids"][0].tolist() for role in ("query", "document")}
    vocabulary = tiny_encoder.tokenizer.get_vocab()
    assert ids["query"] == [vocabulary[w] for w in ("<s>", "who", "paris", "</s>")]
    assert ids["document"] == [vocabulary[w] for w in ("<s>", "the", "old", "paris", "</s>")]
    assert token_counts(tiny_encoder, ["paris"], "query") == [4]
    assert token_counts(tiny_encoder, ["paris"], "document") == [5]


def test_counts_are_what_the_model_reads(tiny_encoder, demo_encoder):
    mask = features(tiny_encoder, TEXTS, "query")["attention_mask"]
    assert token_counts(tiny_encoder, TEXTS, "query") == mask.sum(1).tolist()
    assert max(token_counts(tiny_encoder, TEXTS, "query")) == 12  # the model's limit
    assert token_counts(demo_encoder, TEXTS, "query") == features(demo_encoder, TEXTS, "query")["lengths"].tolist()
    assert is_flat(demo_encoder) and not is_flat(tiny_encoder)


def test_static_embeddings_are_flat_too(tiny_encoder):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    model = SentenceTransformer(modules=[StaticEmbedding(tiny_encoder.tokenizer, embedding_dim=4)], device="cpu")
    assert is_flat(model)
    assert token_counts(model, ["the old city", "paris"], "query") == [3, 1]
    expected = model.encode(["the old city", "paris"], normalize_embeddings=True)
    assert np.allclose(encode_texts(model, ["the old city", "paris"], "query"), expected, atol=1e-6)


def test_embed_has_gradients_and_leaves_the_features_alone(model):
    prepared = features(model, TEXTS, "document")
    keys = sorted(prepared)
    vectors = embed(model, prepared)
    assert vectors.requires_grad and vectors.dtype == torch.float32
    assert sorted(prepared) == keys
    gradients = torch.autograd.grad(vectors[:, 0].sum(), list(model.parameters()), allow_unused=True)
    assert any(g is not None and g.abs().max() > 0 for g in gradients)
    with torch.no_grad():
        assert not embed(model, prepared).requires_grad


def test_importing_it_loads_no_torch():
    code = "import sys, mtqa.core.encode; sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
