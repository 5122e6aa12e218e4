"""Training for dot product: vectors keep their length in the loss, in the saved model, and where it is evaluated."""

import json

import numpy as np
import pytest
import torch

from mtqa.core.encode import embed, encode_texts, features, load_encoder
from mtqa.core.encoder_files import is_by_dot_product
from mtqa.core.shardfile import open_shards
from mtqa.train.batch import prepare
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings


@pytest.fixture(scope="module")
def trained(shards, make_encoder, tmp_path_factory):
    """The tiny encoder without dropout after one step by each similarity, and its log of that step."""
    folder, out = make_encoder(0.0), tmp_path_factory.mktemp("similarity")
    common = {"encoder": str(folder), "steps": 4, "learning_rate": 5e-3, "device": "cpu", "temperature": 1.0}
    for name in ("dot", "cosine"):
        train(shards, TrainSettings(**common, similarity=name), out / name)
    return folder, out


def first_loss(out):
    return float((out / "training.csv").read_text().splitlines()[1].split(",")[1])


def test_the_loss_is_that_of_dot_products(trained, shards):
    folder, out = trained
    model = load_encoder(str(folder))
    model.prompts |= {"query": "Query: ", "document": "Passage: "}
    batch = open_shards(shards).batch(0)
    rows = [torch.tensor(encode(texts)) for encode, texts in
            ((model.encode_query, batch.queries), (model.encode_document, batch.passages))]  # fmt: skip
    mask = prepare(model, batch, 4096).false_negatives
    for name, (queries, passages) in (("dot", rows), ("cosine", [torch.nn.functional.normalize(r) for r in rows])):
        scores = (queries @ passages.T).masked_fill(mask, -torch.inf)
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(batch)))
        assert first_loss(out / name) == pytest.approx(float(loss), rel=1e-4)


def test_the_model_says_what_it_was_trained_for(trained):
    from sentence_transformers import SentenceTransformer

    _, out = trained
    for name in ("dot", "cosine"):
        assert json.loads((out / name / "config_sentence_transformers.json").read_text())["similarity_fn_name"] == name
        assert SentenceTransformer(str(out / name), device="cpu").similarity_fn_name == name
        assert is_by_dot_product(str(out / name)) == (name == "dot")


def test_vectors_keep_their_length_only_where_that_is_asked(trained):
    _, out = trained
    texts = ["w1 w2", "w3", "w4 w5 w6 w7"]
    for name in ("dot", "cosine"):
        model = load_encoder(str(out / name))
        plain, own = (encode_texts(model, texts, "query", own_length=own) for own in (False, True))
        assert np.allclose(np.linalg.norm(plain, axis=1), 1, atol=1e-6)
        theirs = model.encode_query(texts, normalize_embeddings=name == "cosine")
        assert np.allclose(own, theirs, atol=1e-5)
        assert (name == "cosine") == np.array_equal(own, plain)
        with torch.no_grad():
            assert np.allclose(embed(model, features(model, texts, "query"), own_length=True), theirs, atol=1e-5)


def test_a_model_for_dot_product_that_is_trained_by_cosine_is_one_for_cosine(trained, shards, tmp_path):
    _, out = trained
    train(shards, TrainSettings(encoder=str(out / "dot"), steps=1, device="cpu"), tmp_path / "again")
    assert not is_by_dot_product(str(tmp_path / "again"))
    train(shards, TrainSettings(encoder=str(out / "dot"), steps=0, device="cpu"), tmp_path / "as-it-was")
    assert is_by_dot_product(str(tmp_path / "as-it-was"))


@pytest.mark.parametrize("objective", ["lakda", "jsd"])
def test_objectives_of_cosines_have_no_dot_product(objective):
    with pytest.raises(ValueError, match="distributions of cosines"):
        TrainSettings(objective=objective, weight=0.5, similarity="dot")
