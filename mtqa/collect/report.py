"""What a collection's counts say, in a few lines or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from pathlib import Path

from mtqa.core.manifest import Manifest


def report(manifest: Manifest, out: Path, *, json: bool) -> Iterator[str]:
    """Yield the lines that the command prints: rows read and kept, drops by reason, notes, a licence that binds."""
    counts = manifest.counts
    if json:
        yield dumps(counts, indent=1)
        return
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in counts["dropped"].items())
    splits = ", ".join(f"{n:,} {split}" for split, n in counts["splits"].items())
    yield f"{out}: {counts['read']:,} rows read, {counts['kept']:,} kept ({splits})"
    yield f"dropped: {dropped or 'none'}"
    for note, n in counts["notes"].items():
        yield f"note: {n:,} {note.replace('_', ' ')}"
    for name, about in manifest.info["sources"].items():
        if about.get("redistribution") is False:
            yield f"note: {name} ({about['licence']}) may not be passed on, so mtqa publish will refuse it"
