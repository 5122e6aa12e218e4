"""One process at a time: a file or folder is held by the process that works on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def hold(path: Path, waiting: Callable[[], object] | None = None) -> Iterator[bool]:
    """Hold a file or folder while the block runs; yield False where another process holds it or it is gone.

    With `waiting`, which is called where it has to, wait for the other process instead. A hold ends with its process,
    however that ends. Where there are no such locks (Windows, some network disks) all processes get True.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        held = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = waiting is not None
            if waiting is not None:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # a disk without locks
        yield held and _is_still(path, handle)
    finally:
        os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    """Tell whether a path is what was opened: its holder may have removed it, and another may stand there."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
