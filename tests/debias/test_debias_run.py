"""The corrected model in plain sentence-transformers, in mtqa, and evaluated with and without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mtqa.core.encode import encode_texts, load_encoder
from mtqa.core.errors import UsageError
from mtqa.debias.run import debias
from mtqa.debias.settings import DebiasSettings
from mtqa.evaluate.run import evaluate
from mtqa.evaluate.settings import EvaluateSettings

WORDS = ["red", "blue", "gold", "one", "two", "three", "is", "the"]
WORDS += ["eins", "zwei", "drei", "rot", "blau", "gelb", "ist", "ein"]
TEXTS = [f"{a} is {b}" for a in WORDS[3:6] for b in WORDS[:3]] + ["the red", "the blue", "one gold"]
GERMAN = [f"{a} ist {b}" for a in WORDS[8:11] for b in WORDS[11:14]] + ["ein rot", "ein blau", "eins gelb"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a folder with a small static model, parallel texts and the two corrected models."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    root = tmp_path_factory.mktemp("debias")
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(["[UNK]", *WORDS])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).normal(size=(len(WORDS) + 1, 16)).astype(np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save_pretrained(
        str(root / "static"), create_model_card=False
    )
    (root / "texts").mkdir()
    (root / "texts" / "en.txt").write_text("\n".join(TEXTS))
    (root / "texts" / "de.txt").write_text("\n".join(GERMAN))
    for method in ("shift", "centre", "project"):
        debias(str(root / "static"), root / "texts", DebiasSettings(method=method), root / method)
    return root


@pytest.mark.parametrize("method", ["shift", "centre", "project"])
def test_opens_with_plain_sentence_transformers(world, method):
    from sentence_transformers import SentenceTransformer

    plain, model = SentenceTransformer(str(world / "static")), SentenceTransformer(str(world / method))
    own = plain.encode(GERMAN, normalize_embeddings=True)
    for vectors in (model.encode(GERMAN), model.encode_query(GERMAN), model.encode_document(GERMAN)):
        np.testing.assert_allclose(vectors, own, atol=1e-6)
    english = plain.encode(TEXTS, normalize_embeddings=True)
    expected = {
        "shift": own - (own.mean(axis=0) - english.mean(axis=0)),
        "centre": own - own.mean(axis=0),
        "project": own - np.outer(own @ (u := np.linalg.svd(own)[2][0]), u),
    }[method]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(model.encode(GERMAN, task="deu_Latn"), expected, atol=1e-5)
    with pytest.raises(ValueError, match="No route"):
        model.encode(GERMAN, task="fra_Latn")


def test_a_projection_that_leaves_nothing_is_refused(world, tmp_path):
    with pytest.raises(UsageError, match="nothing is left of vectors of 16"):
        debias(str(world / "static"), world / "texts", DebiasSettings(method="project", rank=16), tmp_path / "flat")


def test_evaluated_with_and_without(world, tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    for lang, texts in (("en", TEXTS[:3]), ("de", GERMAN[:3])):
        context = " ".join(texts)
        begins = [context.index(text) for text in texts]
        paragraph = {
            "context": context,
            "sentences": texts,
            "sentence_breaks": [[b, b + len(t)] for b, t in zip(begins, texts, strict=True)],
            "qas": [
                {"id": f"q{i}", "question": text, "answers": [{"text": "x", "answer_start": begins[i]}]}
                for i, text in enumerate(texts)
            ],
        }
        (data / f"{lang}.json").write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}))
    settings = EvaluateSettings(data=str(data), resamples=100)
    evaluate(str(world / "static"), settings, tmp_path / "plain")
    evaluate(str(world / "centre"), settings, tmp_path / "centre")
    plain, found = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("plain", "centre"))
    assert found["uncorrected"] == {"mAP": plain["mAP"], "bias": plain["bias"]}
    assert "uncorrected" not in plain
    assert found["mAP"] != plain["mAP"]
    model = load_encoder(str(world / "centre"))
    german, english = model.encode(GERMAN[:3], task="deu_Latn"), model.encode(TEXTS[:3], task="eng_Latn")
    scores = np.concatenate([german, english]) @ np.concatenate([german, english]).T
    ranks = [[(row > row[g]).sum() + 1 for g in (i % 3, i % 3 + 3)] for i, row in enumerate(scores)]
    distances = [abs(a - b) for a, b in ranks]
    assert found["bias"]["rank_distance"] == pytest.approx(np.mean(distances))
    monkeypatch.setenv("HOME", str(world))  # as a recipe may name it, where no shell expands the ~
    manifest = evaluate("~/centre", settings, tmp_path / "home")
    assert json.loads((tmp_path / "home" / "metrics.json").read_text()) == found
    assert manifest.info["encoder"]["model"] == "centre" and manifest.info["lineage"][-1]["stage"] == "debias"


def test_done_work_is_not_repeated(world, monkeypatch):
    monkeypatch.setattr("mtqa.core.encode.encode_texts", lambda *_, **__: pytest.fail("encoded again"))
    manifest = debias(str(world / "static"), world / "texts", DebiasSettings(method="centre"), world / "centre")
    assert manifest.counts["items"] == 12
    assert manifest.counts["distance_after"] < manifest.counts["distance_before"]
    assert str(world) not in (world / "centre" / "_manifest.json").read_text()


def test_vectors_of_mtqa_are_plain_without_a_task(world):
    model, plain = load_encoder(str(world / "shift")), load_encoder(str(world / "static"))
    np.testing.assert_allclose(encode_texts(model, GERMAN, "query"), encode_texts(plain, GERMAN, "query"), atol=1e-6)


def test_a_folder_of_another_result_is_refused_before_anything_is_encoded(world, monkeypatch):
    monkeypatch.setattr("mtqa.core.encode.encode_texts", lambda *_, **__: pytest.fail("encoded"))
    other = DebiasSettings(method="project")
    before = sorted(path.name for path in (world / "shift").iterdir())
    with pytest.raises(UsageError, match="method"):
        debias(str(world / "static"), world / "texts", other, world / "shift")
    assert sorted(path.name for path in (world / "shift").iterdir()) == before
