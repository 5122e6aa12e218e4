"""Fixtures of the tests of build-shards."""

from __future__ import annotations

from pathlib import Path

import pytest
from shard_corpora import make_corpus, plain_items


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """230 items in three languages, complete."""
    return make_corpus(tmp_path_factory.mktemp("shards") / "corpus", plain_items(230))
