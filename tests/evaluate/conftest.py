import json

import numpy as np
import pytest

from mtqa.core.encode import load_encoder

# One paragraph a language, three sentences each; q3 is asked in English only. Languages come in code order: deu, eng.
PARAGRAPHS = {
    "de": (["Eins ist rot.", "Zwei ist blau.", "Drei ist gelb."], {"q1": 9, "q2": 14}),
    "en": (["One is red.", "Two is blue.", "Three is gold."], {"q1": 7, "q2": 23, "q3": 25}),
}
# Scores of the queries de:q1 de:q2 en:q1 en:q2 en:q3 (rows) on the candidates D0 D1 D2 E0 E1 E2.
# Gold of q1: D0 E0; of q2: D1 E1; of q3: E2.
SCORES = np.array(
    [
        [0.9, 0.1, 0.8, 0.7, 0.2, 0.3],  # D0 1st, E0 3rd
        [0.5, 0.4, 0.3, 0.9, 0.6, 0.1],  # E1 2nd, D1 4th
        [0.2, 0.9, 0.8, 0.7, 0.1, 0.1],  # E0 3rd, D0 4th
        [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],  # all equal: D1 2nd, E1 5th, by order
        [0.0, 0.0, 0.0, 0.3, 0.2, 0.1],  # E2 3rd
    ]
)


def paragraph(sentences, starts):
    context = " ".join(sentences)
    begins = [context.index(sentence) for sentence in sentences]
    return {
        "context": context,
        "sentences": sentences,
        "sentence_breaks": [[b, b + len(s)] for b, s in zip(begins, sentences, strict=True)],
        "qas": [
            {"id": name, "question": f"{name} of {sentences[0]}?", "answers": [{"answer_start": start, "text": "x"}]}
            for name, start in starts.items()
        ],
    }


def write_benchmark(folder, paragraphs):
    folder.mkdir(parents=True, exist_ok=True)
    for lang, (sentences, starts) in paragraphs.items():
        content = {"version": "1.1", "data": [{"title": "t", "paragraphs": [paragraph(sentences, starts)]}]}
        (folder / f"{lang}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


@pytest.fixture
def mini(tmp_path):
    """Return the folder of the hand-worked benchmark."""
    return write_benchmark(tmp_path / "mini", PARAGRAPHS)


@pytest.fixture
def mini_vectors(tmp_path):
    """Return vectors whose dot products are SCORES: the scores themselves, and unit vectors."""
    path = tmp_path / "vectors.npz"
    np.savez(path, queries=SCORES, candidates=np.eye(6))
    return path


@pytest.fixture(scope="session")
def demo():
    """Return the demo encoder, opened once."""
    return load_encoder("demo")


@pytest.fixture
def opened(demo, monkeypatch):
    """Return the demo encoder, which is then not opened again."""
    monkeypatch.setattr("mtqa.core.encode.load_encoder", lambda name, device="cpu": demo)
    return demo
