"""Holds: one process at a time, however the other one ends and whatever it does to the file."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from mtqa.core.lock import hold

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lock"
    path.touch()
    return path


def test_what_one_holds_no_other_can(file: Path) -> None:
    with hold(file) as first, hold(file) as second:
        assert (first, second) == (True, False)
    with hold(file) as after:
        assert after


def test_who_wants_to_wait_is_told_and_waits(file: Path) -> None:
    with ExitStack() as other:
        other.enter_context(hold(file))
        with hold(file, other.close) as held:
            assert held


def test_what_is_gone_or_another_file_by_now_is_not_held(file: Path) -> None:
    def replace() -> None:
        file.unlink()
        file.touch()
        other.close()

    with ExitStack() as other:
        other.enter_context(hold(file))
        with hold(file, replace) as held:
            assert not held
    file.unlink()
    with hold(file) as held:
        assert not held


def test_a_disk_without_locks_lets_everyone_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold(file) as first, hold(file, pytest.fail) as second:
        assert first and second
