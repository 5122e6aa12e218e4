"""Progress: silent in a library, plain lines in a pipe, a bar on a terminal."""

import pytest

from mtqa.core import progress


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_enabled", True)


def test_nothing_is_written_unless_enabled(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress("work", 10, "rows") as bar:
        bar.update(10)
        progress.say("hello")
    assert capsys.readouterr() == ("", "")
    assert bar.done == 10


def test_a_pipe_gets_lines_with_rate_and_time_left(
    shown: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 105.0, 120.0, 120.0, 120.0, 130.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.progress("work", 2000, "rows", initial=500) as bar:
        bar.update(100)
        assert capsys.readouterr().err == ""
        bar.update(400, note="loss 1.5")
        assert capsys.readouterr().err == "work: 1,000/2,000 (50%) rows, 25.0/s, 40 s left, loss 1.5\n"
    assert capsys.readouterr().err == "work: 1,000/2,000 (50%) rows, 16.7/s, 60 s left\n"


def test_an_unknown_total_has_no_time_left(shown: None, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress("work", None, "rows") as bar:
        bar.update(3)
    line = capsys.readouterr().err
    assert line.startswith("work: 3 rows, ") and "left" not in line


def test_a_terminal_gets_a_bar(
    shown: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.progress("work", 4, "rows") as bar:
        bar.update(4, note="loss 1.5")
    text = capsys.readouterr().err
    assert "work: 100%" in text and "4/4" in text


def test_say_writes_to_stderr(shown: None, capsys: pytest.CaptureFixture[str]) -> None:
    progress.say("hello")
    assert capsys.readouterr() == ("", "hello\n")
