"""What every test folder shares: no network, one thread, no progress left on by a command that ran before."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    from mtqa.core import progress

    monkeypatch.setattr(progress, "_enabled", False)
