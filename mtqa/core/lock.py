"""One process at a time: a file or folder is held by the process that works on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def hold(path: Path) -> Iterator[bool]:
    """Hold a file or folder that exists while the block runs; yield False where another process holds it.

    A hold ends with its process, however that ends. Where there are no such locks (Windows, some network disks) all
    processes get True.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        held = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = False
        except OSError:
            held = True  # a disk without locks
        yield held
    finally:
        os.close(handle)
