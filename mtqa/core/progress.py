"""Progress of long work: a tqdm bar on a terminal, a plain line now and then when piped, nothing in library use."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

PLAIN_SECONDS = 10.0
_enabled = False


def enable() -> None:
    """Show progress on stderr from now on; the command line calls this, a library user may."""
    global _enabled
    _enabled = True


def say(message: str) -> None:
    """Write one line about the course of the work to stderr, if progress is shown."""
    if _enabled:
        from tqdm import tqdm

        tqdm.write(message, file=sys.stderr)


class Progress:
    """Counts finished units; `update(n)` after each piece of work."""

    def __init__(self, label: str, total: int | None, unit: str, initial: int = 0) -> None:
        self.label, self.total, self.unit, self.initial = label, total, unit, initial
        self.done = initial
        self._bar = None
        self._began = self._last = time.monotonic()
        if _enabled and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=label, total=total, initial=initial, unit=f" {unit}", file=sys.stderr, dynamic_ncols=True
            )

    def update(self, n: int = 1, note: str = "") -> None:
        """Count `n` more units as done; `note` is a short text such as the loss."""
        self.done += n
        if self._bar is not None:
            if note:
                self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(n)
        elif _enabled and time.monotonic() - self._last >= PLAIN_SECONDS:
            self._last = time.monotonic()
            self._plain(note)

    def _plain(self, note: str) -> None:
        seconds = max(time.monotonic() - self._began, 1e-9)
        speed = (self.done - self.initial) / seconds
        of_total = f"/{self.total:,} ({self.done / self.total:.0%})" if self.total else ""
        left = (
            f", {(self.total - self.done) / speed:.0f} s left"
            if self.total and self.total > self.done and speed > 0
            else ""
        )
        tail = f", {note}" if note else ""
        say(f"{self.label}: {self.done:,}{of_total} {self.unit}, {speed:,.1f}/s{left}{tail}")

    def close(self, *, whole: bool = True) -> None:
        """Finish the bar, or say the final count and rate if the work is `whole`."""
        if self._bar is not None:
            self._bar.close()
        elif _enabled and whole and self.done > self.initial:
            self._plain("")


@contextmanager
def progress(label: str, total: int | None, unit: str, initial: int = 0) -> Iterator[Progress]:
    """Yield a Progress for `total` units (None where unknown), `initial` of them done before."""
    bar = Progress(label, total, unit, initial)
    try:
        yield bar
    except BaseException:
        bar.close(whole=False)
        raise
    bar.close()
