"""On a terminal a bar with rate and time left; in a pipe plain lines; the libraries' own bars and remarks nowhere."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import tiny_encoder

MTQA = [sys.executable, "-m", "mtqa.cli.main"]
TRANSLATE = "translate corpus --to de --model demo --memory memory --out new"
FOREIGN = re.compile(r"Loading weights|Writing model|Batches:|Fetching|Warning|warn|\bINFO\b|LOAD REPORT|UNEXPECTED")


def on_terminal(arguments: str, folder: Path) -> tuple[int, str]:
    """Run a command with stderr on a pseudo-terminal; return its code and what the terminal was sent."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    import fcntl
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen([*MTQA, *arguments.split()], cwd=folder, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        sent = b""
        try:
            while chunk := os.read(ours, 65536):
                sent += chunk
        except OSError:  # how Linux tells that the other end was closed
            pass
        process.communicate(timeout=120)
    os.close(ours)
    return process.returncode, sent.decode()


def piped(arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with stdout and stderr in pipes."""
    return subprocess.run([*MTQA, *arguments.split()], cwd=folder, capture_output=True, text=True, check=False)


def test_a_terminal_gets_a_bar_with_rate_and_time_left(world: Path) -> None:
    code, sent = on_terminal("filter corpus --out new", world)
    assert code == 0
    assert re.search(r"\rfilter: 100%\|█+\| 6/6 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+ rows/s\]", sent), sent
    assert not FOREIGN.search(sent)


def test_a_terminal_sees_only_our_bars_while_models_load(world: Path) -> None:
    code, sent = on_terminal(f"{TRANSLATE} --engine transformers", world)
    assert code == 0
    assert re.search(r"\rdeu_Latn: 100%\|█+\| 23/23 ", sent), sent
    assert not FOREIGN.search(sent), sent


def test_a_terminal_sees_only_our_bars_while_a_model_is_trained(world: Path) -> None:
    tiny_encoder(world / "tiny")
    code, sent = on_terminal("train shards --encoder tiny --steps 2 --out new", world)
    assert code == 0, sent
    assert re.search(r"\rtrain: 100%\|█+\| 4/4 .* pairs/s, step 2/2, loss ", sent), sent
    assert not FOREIGN.search(sent), sent


@pytest.mark.parametrize(
    "arguments",
    ["filter corpus --out new", f"{TRANSLATE} --engine transformers"],
)
def test_a_pipe_gets_plain_lines(arguments: str, world: Path) -> None:
    ended = piped(arguments, world)
    assert ended.returncode == 0, ended.stderr
    assert not set("\r\x1b█") & set(ended.stderr + ended.stdout)
    assert re.search(r"^\w+: (6/6|23/23) \(100%\) \w+, [\d.,]+/s$", ended.stderr, re.MULTILINE), ended.stderr
    assert not FOREIGN.search(ended.stderr), ended.stderr
