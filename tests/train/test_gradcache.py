from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from mtqa.core.encode import embed, load_encoder
from mtqa.core.shardfile import open_shards
from mtqa.train.batch import ahead, prepare
from mtqa.train.gradcache import backward, cached_backward, encode
from mtqa.train.loss import info_nce


@pytest.fixture
def model(encoder):
    return load_encoder(str(encoder)).double()


def vectors_of(model):
    def embed64(features):
        vectors = model(dict(features))["sentence_embedding"]
        assert vectors.dtype == torch.float64
        return torch.nn.functional.normalize(vectors, dim=1)

    return embed64


def gradients(model, batch, step, seed=5):
    n = len(batch)
    model.zero_grad()
    torch.manual_seed(seed)
    losses = step(
        vectors_of(model),
        batch.parts,
        lambda v: info_nce(v[:n], v[n:], temperature=0.05, false_negatives=batch.false_negatives),
    )
    return losses, {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_cached_gradients_are_plain_gradients_with_dropout(model, shards):
    batch = prepare(model, open_shards(shards).batch(0), 20)
    assert len(batch.parts) > 4
    model.train()
    plain_losses, plain = gradients(model, batch, backward)
    cached_losses, cached = gradients(model, batch, cached_backward)
    other_losses, _ = gradients(model, batch, backward, seed=6)
    assert not torch.allclose(plain_losses, other_losses), "dropout was off"
    assert torch.allclose(plain_losses, cached_losses, atol=1e-12)
    assert plain.keys() == cached.keys() and len(plain) > 20
    for name, gradient in plain.items():
        assert torch.allclose(gradient, cached[name], rtol=1e-6, atol=1e-12), name


def test_micro_batches_give_the_gradients_of_one_padded_batch(model, shards):
    batch = open_shards(shards).batch(1)
    model.eval()
    small, large = prepare(model, batch, 20), prepare(model, batch, 10_000)
    assert len(large.parts) == 2
    assert small.padded < large.padded and small.tokens == large.tokens
    (one_loss, one), (many_loss, many) = (gradients(model, b, backward) for b in (large, small))
    assert torch.allclose(one_loss, many_loss, atol=1e-12)
    for name, gradient in one.items():
        assert torch.allclose(gradient, many[name], rtol=1e-6, atol=1e-12), name


def test_texts_come_back_in_the_batch_s_order(encoder, shards):
    model = load_encoder(str(encoder))
    model.prompts = {"query": "Query: ", "document": "Passage: "}
    batch = open_shards(shards).batch(0)
    vectors = encode(lambda f: embed(model, f), prepare(model, batch, 24).parts).detach().numpy()
    expected = [*model.encode_query(batch.queries), *model.encode_document(batch.passages)]
    for ours, theirs in zip(vectors, expected, strict=True):
        assert ours == pytest.approx(theirs / (theirs**2).sum() ** 0.5, abs=1e-5)


def test_ahead_keeps_order_and_raises_what_make_raises():
    def make(n):
        if n == 3:
            raise ValueError("three")
        return n * n

    with ThreadPoolExecutor(1) as executor:
        assert list(ahead(executor, make, range(3))) == [0, 1, 4]
        assert list(ahead(executor, make, [])) == []
        with pytest.raises(ValueError, match="three"):
            list(ahead(executor, make, range(5)))
