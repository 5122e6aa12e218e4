"""What is in a translation memory, and removing parts of it: `mtqa memory`."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.lock import hold
from mtqa.translate.memory import LOCK, count_rows

DAY = 86_400.0


@dataclass(frozen=True)
class Held:
    """One key of a memory: what it was made with, its entries, jobs that did not end, and its size in bytes."""

    key: str
    target: str
    name: str
    model: str
    engine: str
    device: str
    compute_type: str
    beam_size: int
    segments: int
    answers: int
    unfinished: int
    bytes: int
    days: int
    """Since it was last written to."""


def contents(root: Path) -> list[Held]:
    """Return what a memory holds, by target language and model; raises UsageError where there is no memory."""
    if not root.is_dir():
        raise UsageError("There is no translation memory.", where=root, next_step="give the --memory of mtqa translate")
    found = [_held(folder) for folder in sorted(root.iterdir()) if (folder / "key.json").is_file()]
    return sorted(found, key=lambda held: (held.target, held.name, held.key))


def _held(folder: Path) -> Held:
    try:
        key: dict[str, Any] = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise MtqaError(
            "A key of the memory cannot be read.", where=folder / "key.json", next_step=f"delete the folder {folder}"
        ) from error
    files = [path for path in folder.rglob("*") if path.is_file()]
    newest = max((path.stat().st_mtime for path in files), default=time.time())
    return Held(
        folder.name,
        str(key.get("target", "")),
        str(key.get("name", "")),
        str(key.get("model", ""))[:12],
        str(key.get("engine", "")),
        str(key.get("device", "")),
        str(key.get("compute_type", "")),
        int(key.get("decoding", {}).get("beam_size", 0)),
        count_rows(folder.glob("*.parquet")),
        count_rows(folder.glob("answers/*/*.parquet")),
        len(list(folder.glob("jobs/*/plan.json"))),
        sum(path.stat().st_size for path in files),
        max(0, int((time.time() - newest) / DAY)),
    )


def chosen(root: Path, keys: list[str], older_than: float | None) -> list[Held]:
    """Return the keys that begin with one of `keys`, and those not written to for `older_than` days.

    Raises UsageError where a given beginning fits no key.
    """
    held = contents(root)
    lost = [key for key in keys if not any(one.key.startswith(key) for one in held)]
    if lost:
        raise UsageError(f"The memory has no key {', '.join(lost)}.", where=root, next_step="see 'mtqa memory DIR'")
    old = {one.key for one in held if older_than is not None and one.days >= older_than}
    return [one for one in held if one.key in old or any(one.key.startswith(key) for key in keys)]


def prune(root: Path, keys: list[str], older_than: float | None) -> list[Held]:
    """Delete what `chosen` returns, and return it; raises UsageError where another process writes to a key of it."""
    gone = chosen(root, keys, older_than)
    with contextlib.ExitStack() as held:
        for one in gone:
            lock = root / one.key / LOCK
            lock.touch()
            if not held.enter_context(hold(lock)):
                raise UsageError("Another mtqa process writes to this key.", where=lock.parent, next_step="wait for it")
        for one in gone:
            shutil.rmtree(root / one.key)
    return gone


def show(held: list[Held], done: str = "") -> str:
    """Return a line for each key; `done` says what has happened to them."""
    lines = [
        f"{one.key[:12]}  {one.target}  {one.name}@{one.model}  {one.engine} {one.device} {one.compute_type} "
        f"beam {one.beam_size}  {one.segments:,} segments, {one.answers:,} answers, {one.bytes / 1e6:.1f} MB, "
        f"{one.days} days old" + (f", {one.unfinished} unfinished" if one.unfinished else "")
        for one in held
    ]
    total = f"{len(held)} keys, {sum(o.segments for o in held):,} segments, {sum(o.bytes for o in held) / 1e6:.1f} MB"
    return "\n".join([*lines, total + done])


def as_records(held: list[Held]) -> list[dict[str, Any]]:
    """Return the contents for JSON."""
    return [asdict(one) for one in held]
