"""build-shards killed with SIGKILL at random moments: what stands is whole, and a second try ends with equal bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shard_corpora import make_corpus, plain_items

from mtqa.core.manifest import MANIFEST, check_files, load_manifest
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings

SETTINGS = ShardSettings(batch_size=10, epochs=4, seed=2)
CHILD = """
import sys
from pathlib import Path
from mtqa.shards import spill
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings
spill.FLUSH_BYTES = 1 << 12  # many small pieces on disk, as a large corpus has
print("ready", flush=True)
settings = ShardSettings(batch_size=10, epochs=4, seed=2)
build_shards([Path(sys.argv[1])], settings, Path(sys.argv[2]), overwrite=True)
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("killed") / "corpus", plain_items(1500))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def start(corpus: Path, out: Path) -> subprocess.Popen[str]:
    """Start a build and return when its work begins."""
    command = [sys.executable, "-c", CHILD, str(corpus), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_killed_at_random_moments_ends_as_an_undisturbed_build(large: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    process = start(large, whole)
    begins = time.monotonic()
    process.wait()
    assert process.stdout is not None and process.stdout.read() == "done\n"
    seconds, expected = time.monotonic() - begins, contents(whole)

    build_shards([large], SETTINGS.model_copy(update={"seed": 1}), out)
    older = contents(out)
    moments, killed = random.Random(11), 0
    for _ in range(4):
        process = start(large, out)
        time.sleep(moments.uniform(0.05, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += process.returncode == -signal.SIGKILL
        if (out / MANIFEST).is_file():
            check_files(out, load_manifest(out))
            assert contents(out) in (older, expected)
    assert killed
    build_shards([large], SETTINGS, out, overwrite=True)
    assert contents(out) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]
