"""An encoder whose vectors can be read from the text, so that the right negatives are known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

CALLS: list[int] = []


class Letters:
    """Counts the letters a to h of a text: a vector of length 1 that a reader can work out."""

    def get_embedding_dimension(self) -> int:
        return 8


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace the encoder of mine; the list gets the number of texts of each call."""
    CALLS.clear()

    def encode(model: Any, texts: list[str], role: str) -> np.ndarray:
        CALLS.append(len(texts))
        counts = np.array([[text.split()[0].count(letter) for letter in "abcdefgh"] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    monkeypatch.setattr("mtqa.mine.vectors.encode_texts", encode)
    monkeypatch.setattr("mtqa.mine.run.load_encoder", lambda name, device: Letters())
    monkeypatch.setattr("mtqa.mine.run.model_fingerprint", lambda name: "letters")
    return CALLS
