"""A training killed with SIGKILL at random moments goes on from its checkpoints and ends with equal bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killed import contents, kill_at_random, undisturbed

PROGRAM = """
import sys
from pathlib import Path
import torch
from mtqa.train import loop
from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
torch.set_num_threads(1)
shards, encoder, out = map(Path, sys.argv[1:])
settings = TrainSettings(encoder=str(encoder), learning_rate=1e-3, save_every=2, device="cpu", seed=5)
step = loop.learning_rate
def slowly(*arguments):
    import time
    time.sleep(0.05)
    return step(*arguments)
loop.learning_rate = slowly
print("ready", flush=True)
train(shards, settings, out)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_killed_at_random_moments_ends_as_an_undisturbed_training(shards: Path, encoder: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    seconds = undisturbed(PROGRAM, shards, encoder, whole)

    def look() -> None:
        assert not out.exists() or contents(out) == contents(whole)

    assert kill_at_random(PROGRAM, shards, encoder, out, seconds=seconds, times=3, look=look)
    undisturbed(PROGRAM, shards, encoder, out)
    assert contents(out) == contents(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]
