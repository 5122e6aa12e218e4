"""Tiny real encoders of each family, as the Hub has them: which modules, which pooling, which prompts."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file

from mtqa.core.encode import encode_texts, load_encoder
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings

PAPER = {"query": "Query: ", "document": "Passage: "}
E5 = {"query": "Passage: ", "document": "Query: "}


@pytest.fixture
def make_folder(make_family, tmp_path):
    """Return a function of architecture and layout that writes an encoder; "plain" is transformers' own layout."""

    def make(architecture, layout):
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

        plain = make_family(architecture)
        if layout == "plain":
            return plain
        reader = Transformer(str(plain))
        modules = {
            "mean": [Pooling(16, "mean")],
            "mean, normalised": [Pooling(16, "mean"), Normalize()],
            "first token, dense": [Pooling(16, "cls"), Dense(16, 12), Normalize()],
        }[layout]
        prompts = E5 if layout == "mean, normalised" else None
        model = SentenceTransformer(modules=[reader, *modules], device="cpu", prompts=prompts)
        model.save_pretrained(str(tmp_path / "encoder"), create_model_card=False)
        return tmp_path / "encoder"

    return make


@pytest.mark.parametrize(
    ("architecture", "layout", "prompts"),
    [
        pytest.param("xlm-roberta", "plain", PAPER, id="XLM-R"),
        pytest.param("bert", "plain", PAPER, id="mBERT"),
        pytest.param("bert", "mean", PAPER, id="MiniLM"),
        pytest.param("bert", "first token, dense", PAPER, id="LaBSE"),
        pytest.param("xlm-roberta", "mean, normalised", E5, id="e5"),
        pytest.param("distilbert", "plain", PAPER, id="DistilBERT"),
        pytest.param("mpnet", "mean", PAPER, id="MPNet"),
    ],
)
def test_families_of_encoders_train(make_folder, shards, tmp_path, architecture, layout, prompts):
    folder, out = make_folder(architecture, layout), tmp_path / "model"
    settings = TrainSettings(encoder=str(folder), steps=6, learning_rate=5e-3, device="cpu", warmup=0.0)
    manifest = train(shards, settings, out)
    assert manifest.info["final_loss"] < manifest.info["first_loss"]
    assert {name: manifest.info["encoder"]["prompts"][name] for name in prompts} == prompts
    if layout != "plain":
        kinds = [[m["type"] for m in json.loads((f / "modules.json").read_text())] for f in (folder, out)]
        assert kinds[0] == kinds[1]
    before, after = (load_file(f / "model.safetensors") for f in (folder, out))
    assert all(not np.array_equal(before[name], after[name]) for name in before if name.endswith("query.weight"))
    from sentence_transformers import SentenceTransformer

    ours = encode_texts(load_encoder(str(out)), ["w1 w2"], "query")
    theirs = SentenceTransformer(str(out), device="cpu").encode_query(["w1 w2"], normalize_embeddings=True)
    assert np.allclose(ours, theirs, atol=1e-6)


def test_a_dense_layer_after_the_pooling_is_trained(make_folder, shards, tmp_path):
    folder, out = make_folder("bert", "first token, dense"), tmp_path / "model"
    train(shards, TrainSettings(encoder=str(folder), steps=2, learning_rate=5e-3, device="cpu"), out)
    before, after = (load_file(next(f.glob("*_Dense")) / "model.safetensors") for f in (folder, out))
    assert all(not np.allclose(before[name], after[name]) for name in before)
