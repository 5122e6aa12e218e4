"""Embeddings whose gradients hold only the rows that occur: the same gradients, whatever the way of going backward."""

import copy

import pytest
import torch

from mtqa.core.encode import embed, load_encoder
from mtqa.core.shardfile import open_shards
from mtqa.train.batch import prepare
from mtqa.train.encoder import dense_gradients, use_sparse_gradients
from mtqa.train.gradcache import backward, cached_backward
from mtqa.train.loss import info_nce


def gradients(model, batch, step):
    """Which parameters' gradients are sparse, and all gradients once they are not."""
    prepared = prepare(model, batch, 20)
    assert len(prepared.parts) > 4
    n = len(batch)
    step(
        lambda features: embed(model, features),
        prepared.parts,
        lambda vectors: info_nce(vectors[:n], vectors[n:], 0.05, prepared.false_negatives),
    )
    named = {name: p for name, p in model.named_parameters() if p.grad is not None}
    kinds = {name: p.grad.is_sparse for name, p in named.items()}
    dense_gradients(model.parameters())
    return kinds, {name: p.grad for name, p in named.items()}


@pytest.mark.parametrize("step", [backward, cached_backward])
def test_gradients_are_those_of_dense_embeddings(make_encoder, shards, step):
    plain = load_encoder(str(make_encoder(0.0))).double()
    sparse = copy.deepcopy(plain)
    use_sparse_gradients(sparse)
    (none, one), (some, other) = (gradients(model, open_shards(shards).batch(0), step) for model in (plain, sparse))
    assert not any(none.values())
    assert {name.split(".")[-2] for name, is_sparse in some.items() if is_sparse} == {
        "word_embeddings", "position_embeddings", "token_type_embeddings"
    }  # fmt: skip
    assert one.keys() == other.keys()
    for name, gradient in one.items():
        assert not other[name].is_sparse
        assert torch.allclose(gradient, other[name], rtol=1e-5, atol=1e-8), name
