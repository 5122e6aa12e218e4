"""Kills a program with SIGKILL at random moments, again and again, and then lets it end."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder by relative path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def start(program: str, *arguments: Path) -> subprocess.Popen[str]:
    """Start a program that prints `ready` when its work begins; return when it does."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def undisturbed(program: str, *arguments: Path) -> float:
    """Let the program do all of its work; return the seconds from `ready` to the end."""
    process = start(program, *arguments)
    began = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - began


def kill_at_random(program: str, *arguments: Path, seconds: float, times: int, look: Callable[[], None]) -> int:
    """Kill the program `times` times within `seconds` of its work; `look` follows each. Return how often it was hit."""
    moments, killed = random.Random(11), 0
    for _ in range(times):
        process = start(program, *arguments)
        time.sleep(moments.uniform(0.1, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += process.returncode == -signal.SIGKILL
        look()
    return killed
