"""build-shards killed with SIGKILL at random moments: what stands is whole, and a second try ends with equal bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killed import contents, kill_at_random, undisturbed
from shard_corpora import make_corpus, plain_items

from mtqa.core.manifest import MANIFEST, check_files, load_manifest
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings

SETTINGS = ShardSettings(batch_size=10, epochs=4, seed=2)
PROGRAM = """
import sys
from pathlib import Path
from mtqa.shards import spill
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings
spill.FLUSH_BYTES = 1 << 12  # many small pieces on disk, as a large corpus has
print("ready", flush=True)
settings = ShardSettings(batch_size=10, epochs=4, seed=2)
build_shards([Path(sys.argv[1])], settings, Path(sys.argv[2]), overwrite=True)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("killed") / "corpus", plain_items(1500))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_killed_at_random_moments_ends_as_an_undisturbed_build(large: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    seconds = undisturbed(PROGRAM, large, whole)
    expected = contents(whole)
    build_shards([large], SETTINGS.model_copy(update={"seed": 1}), out)
    older = contents(out)

    def look() -> None:
        if (out / MANIFEST).is_file():
            check_files(out, load_manifest(out))
            assert contents(out) in (older, expected)

    assert kill_at_random(PROGRAM, large, out, seconds=seconds, times=4, look=look)
    build_shards([large], SETTINGS, out, overwrite=True)
    assert contents(out) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]
