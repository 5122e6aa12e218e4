"""A model that is compared by dot product is ranked by the vectors as it makes them, others by cosine."""

import json

import numpy as np
import pytest
import torch

from mtqa.evaluate.collection.run import _model_fingerprint
from mtqa.evaluate.lareqa import candidate_texts
from mtqa.evaluate.run import benchmark_files, evaluate, load_benchmark
from mtqa.evaluate.settings import EvaluateSettings


@pytest.fixture
def make_model(tmp_path):
    """Return a function of a similarity that writes a static encoder whose vectors differ in length."""

    def make(similarity):
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding
        from tokenizers import Tokenizer, models, pre_tokenizers

        words = ["[UNK]", "One", "Two", "Three", "is", "red", "blue", "gold", "Eins", "ist", "rot", "q1", "q2", "of"]
        tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            weights = torch.randn(len(words), 6) * torch.linspace(0.2, 5, len(words))[:, None]
        module = StaticEmbedding(tokenizer, embedding_weights=weights)
        model = SentenceTransformer(modules=[module], device="cpu", similarity_fn_name=similarity)
        model.save_pretrained(str(tmp_path / similarity), create_model_card=False)
        return model, str(tmp_path / similarity)

    return make


def test_vectors_keep_their_length_where_the_model_says_so(make_model, mini, tmp_path):
    settings = EvaluateSettings(data=str(mini))
    benchmark = load_benchmark(settings, benchmark_files(settings))
    texts = [q.text for q in benchmark.queries], candidate_texts(benchmark, settings.candidate)
    found = {}
    for similarity in ("dot", "cosine"):
        model, folder = make_model(similarity)
        queries, candidates = (model.encode(some, normalize_embeddings=similarity == "cosine") for some in texts)
        vectors = tmp_path / f"{similarity}.npz"
        np.savez(vectors, queries=queries, candidates=candidates)
        evaluate(folder, settings, tmp_path / f"{similarity}-model")
        given = settings.model_copy(update={"vectors": str(vectors)})
        evaluate(None, given, tmp_path / f"{similarity}-vectors")
        pages = [
            json.loads((tmp_path / f"{similarity}-{name}/metrics.json").read_text())["mAP"]
            for name in ("model", "vectors")
        ]
        assert pages[0] == pages[1]
        found[similarity] = pages[0]
    assert found["dot"] != found["cosine"]


def test_what_is_kept_of_a_model_depends_on_how_it_is_compared(make_model):
    fingerprints = {similarity: _model_fingerprint(make_model(similarity)[1]) for similarity in ("dot", "cosine")}
    assert fingerprints["dot"].endswith("+dot") and "+" not in fingerprints["cosine"]
