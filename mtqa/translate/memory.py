"""The translation memory: what is translated already, in a folder of immutable Parquet parts.

`MEMORY/KEY/` holds `key.json` (all that a translation depends on, in clear; KEY is its fingerprint), compacted parts,
each with a range of keys in order, the parts of jobs under way, and `jobs/`, their plans. A part appears by rename, so
a killed writer leaves none that counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from platform import node
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mtqa.core.corpus import disk_error
from mtqa.core.errors import MtqaError
from mtqa.core.hashing import canonical_json, fingerprint
from mtqa.core.lock import hold
from mtqa.core.manifest import write_text_atomic
from mtqa.core.progress import say

KEY_BYTES = 16
LOCK = ".lock"
LEFT_OVER = 3600.0  # seconds
WRITER = re.compile(r"\.parquet\.(?P<process>\d+)-(?P<machine>.*)\.parquet\.tmp$")
PART = pa.schema(
    [
        pa.field("segment", pa.binary(KEY_BYTES), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("tokens", pa.int32(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
    ]
)


class Entry(NamedTuple):
    """A remembered translation: text, mean log-probability a token, target tokens, flags."""

    text: str
    score: float
    tokens: int
    flags: tuple[str, ...]


def segment_key(text: str) -> bytes:
    """Return a segment's key: the first 16 bytes of sha256 over its UTF-8."""
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]


class Memory:
    """The memory for one key (engine, model, decoding settings, languages)."""

    def __init__(self, root: Path, key: Mapping[str, Any], *, create: bool = True) -> None:
        self.folder = root / fingerprint(key)[:32]
        self.jobs = self.folder / "jobs"
        self.scratch = self.folder / "scratch.tmp"
        self._last: tuple[Path | None, pa.Table | None] = (None, None)
        if not create:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "key.json").is_file():
                write_text_atomic(self.folder / "key.json", canonical_json(dict(key)) + "\n")
        except OSError as error:
            raise disk_error(self.folder, error) from error

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder; another process that wants it waits. A killed process holds nothing and leaves no scrap.

        Raises MtqaError where `mtqa memory` has deleted the folder meanwhile.
        """
        file = self.folder / LOCK
        with contextlib.suppress(FileNotFoundError):
            file.touch()
        with hold(file, lambda: say(f"another process writes to {self.folder}: waiting for it")) as held:
            if not held:
                raise MtqaError(
                    "The translation memory was deleted.", where=self.folder, next_step="run the same command again"
                )
            self._sweep()
            try:
                yield
            finally:
                self._sweep()

    def lookup(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those keys that are in the memory; fast for keys near each other, as parts go by key.

        `keys` are sorted. Of equal keys in several parts the oldest part's entry counts.
        """
        found: dict[bytes, Entry] = {}
        wanted = pa.array(keys, pa.binary(KEY_BYTES))
        for path in self.parts():
            if keys and _overlaps(path, keys[0], keys[-1]):
                table = self._table(path)
                for row in table.filter(pc.is_in(table["segment"], value_set=wanted)).to_pylist():
                    found.setdefault(row["segment"], _entry(row))
        return found

    def entries(self, path: Path) -> Iterator[tuple[bytes, Entry]]:
        """Yield all keys and entries of a part."""
        for batch in read_table(path, PART).to_batches(max_chunksize=8192):
            yield from ((row["segment"], _entry(row)) for row in batch.to_pylist())

    def append(self, name: str, entries: Mapping[bytes, Entry]) -> None:
        """Write entries as the part `name`, whole or not at all."""
        rows = [{"segment": key, **entry._asdict()} for key, entry in entries.items()]
        write_table(self.folder / f"part-{name}.parquet", pa.Table.from_pylist(rows, schema=PART))

    def has_part(self, name: str) -> bool:
        """Return whether the part `name` is there (until a compaction takes it up)."""
        return (self.folder / f"part-{name}.parquet").is_file()

    def parts(self) -> list[Path]:
        """Return the parts, oldest knowledge first: what was compacted, then the jobs' parts by name."""
        return [*sorted(self.folder.glob("compact-*.parquet")), *sorted(self.folder.glob("part-*.parquet"))]

    def _table(self, path: Path) -> pa.Table:
        """Return a part's rows; the last compacted part is kept, as neighbouring keys are asked for in turn."""
        if path != self._last[0]:
            if not path.name.startswith("compact-"):
                return read_table(path, PART)
            self._last = (None, None)
            self._last = (path, read_table(path, PART))
        return self._last[1]

    def _sweep(self) -> None:
        """Remove what a killed process left; parts half written by a live `--worker` are minutes old at most."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        pattern = f"scan-*-{node()}-*.tmp"
        for left in (*self.folder.glob(pattern), *self.jobs.glob(pattern)):
            if not _alive(int(left.name.split("-")[1])):
                shutil.rmtree(left, ignore_errors=True)
        for leftover in self.folder.glob("*.parquet.tmp"):
            with contextlib.suppress(FileNotFoundError):
                if not leftover.name.startswith("part-") or _abandoned(leftover):
                    leftover.unlink()


def scratch_name() -> str:
    """Return how the name of a folder begins that this process fills and removes."""
    return f"scan-{os.getpid()}-{node()}-"


def _abandoned(part: Path) -> bool:
    """Tell whether nobody writes a half-written part any more: its process here is gone, or it is old."""
    writer = WRITER.search(part.name)
    if writer and writer["machine"] == node():
        return not _alive(int(writer["process"]))
    return time.time() - part.stat().st_mtime > LEFT_OVER


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(row["text"], row["score"], row["tokens"], tuple(row["flags"]))


def _overlaps(path: Path, first: bytes, last: bytes) -> bool:
    """Return whether a part may hold keys from `first` to `last`; compacted parts tell their range in their names."""
    if not path.name.startswith("compact-"):
        return True
    number, count = (int(field) for field in path.name.split("-")[1:3])
    return number <= partition_of(last, count) and partition_of(first, count) <= number


def partition_of(key: bytes, count: int) -> int:
    """Return which of `count` (a power of two up to 65,536) equal ranges of keys a key falls into."""
    return int.from_bytes(key[:2], "big") * count >> 16


def partitions_of(keys: pa.Array, count: int) -> np.ndarray:
    """Return `partition_of` for a column of keys: int64 [rows]."""
    first = np.frombuffer(key_bytes(keys), dtype=">u2").reshape(-1, KEY_BYTES // 2)[:, 0]
    return first.astype(np.int64) * count >> 16


def key_bytes(keys: pa.Array) -> bytes:
    """Return a column's keys end to end."""
    return bytes(keys.buffers()[1])[keys.offset * KEY_BYTES : (keys.offset + len(keys)) * KEY_BYTES]


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Return a file of the memory; raises MtqaError naming it where it is damaged."""
    with _naming(path):
        return pq.read_table(path, schema=schema, partitioning=None)


def count_rows(paths: Iterable[Path]) -> int:
    """Return the number of rows in files of the memory, from their footers; raises MtqaError as `read_table` does."""
    rows = 0
    for path in paths:
        with _naming(path):
            rows += pq.read_metadata(path).num_rows
    return rows


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise MtqaError(
            "A part of the translation memory cannot be read.",
            where=path,
            expected="a Parquet file that mtqa wrote",
            next_step="delete this file and run the same command again: its segments are translated again",
        ) from error


def write_table(path: Path, table: pa.Table) -> None:
    """Write a file of the memory, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{node()}.parquet.tmp")
    write_file(temporary, table)
    temporary.replace(path)


def write_file(path: Path, table: pa.Table) -> None:
    """Write a table and have it on the disk before returning."""
    try:
        with path.open("wb") as file:
            pq.write_table(table, file, compression="zstd", row_group_size=1 << 16)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_error(path, error) from error
