"""A small world of good and bad files, and the entry point as a function."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_world import Cli, Ended, build_world

from mtqa.cli.main import main
from mtqa.core import progress


@pytest.fixture(autouse=True)
def untouched_process(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what the entry point sets in its process; keep memory and converted models out of the home directory."""
    before = dict(os.environ)
    monkeypatch.setattr(progress, "_enabled", False)
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs `mtqa ARGUMENTS` in this process; libraries' own output is seen, too."""

    def run(arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mtqa", *shlex.split(arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, built once."""
    return build_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(built_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the world as the working directory, to be typed at as a user does."""
    folder = tmp_path / "world"
    shutil.copytree(built_world, folder)
    monkeypatch.chdir(folder)
    return folder
