"""mine killed with SIGKILL at random moments goes on with the vectors it has and ends with equal bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killed import contents, kill_at_random, undisturbed
from shard_corpora import make_corpus, plain_items

PROGRAM = """
import sys, time
from pathlib import Path
import numpy as np
from mtqa.mine import read, run, vectors
from mtqa.mine.settings import MineSettings
class Letters:
    def get_embedding_dimension(self):
        return 16
def encode(model, texts, role):
    time.sleep(0.02)
    counts = np.array([[1 + text.count(letter) for letter in "0123456789abcdef"] for text in texts], np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)
vectors.encode_texts, run.load_encoder = encode, lambda name, device: Letters()
run.model_fingerprint = lambda name: "letters"
read.ROWS = 20  # many pieces, as a large corpus has
print("ready", flush=True)
run.mine([Path(sys.argv[1])], MineSettings(encoder="demo", near=1, most_of_positive=1), Path(sys.argv[2]))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_killed_at_random_moments_ends_as_an_undisturbed_job(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus", plain_items(600), ["eng_Latn"])
    whole, out = tmp_path / "whole", tmp_path / "out"
    seconds = undisturbed(PROGRAM, corpus, whole)

    def look() -> None:
        assert not out.exists() or contents(out) == contents(whole)

    assert kill_at_random(PROGRAM, corpus, out, seconds=seconds, times=3, look=look)
    undisturbed(PROGRAM, corpus, out)
    assert contents(out) == contents(whole) and contents(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "out", "whole"]
