"""The translation memory: what is translated already, in a folder of immutable Parquet parts.

`MEMORY/KEY/` holds `key.json` (all that a translation depends on, in clear; KEY is its fingerprint), one compacted
part, the parts of jobs under way, and their plans. A part appears by rename, so a killed writer leaves none that
counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mtqa.core.corpus import disk_error
from mtqa.core.errors import MtqaError
from mtqa.core.hashing import canonical_json, file_sha256, fingerprint
from mtqa.core.manifest import write_text_atomic
from mtqa.core.progress import say

KEY_BYTES = 16
PART = pa.schema(
    [
        pa.field("segment", pa.binary(KEY_BYTES), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("tokens", pa.int32(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
    ]
)
PLAN = pa.schema(
    [pa.field("chunk", pa.int32(), nullable=False), pa.field("segment", pa.binary(KEY_BYTES), nullable=False)]
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

    def __init__(self, root: Path, key: Mapping[str, Any]) -> None:
        self.folder = root / fingerprint(key)[:32]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "key.json").is_file():
                write_text_atomic(self.folder / "key.json", canonical_json(dict(key)) + "\n")
        except OSError as error:
            raise disk_error(self.folder, error) from error

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; another process that wants it waits. A killed process holds nothing."""
        with (self.folder / ".lock").open("w") as file:
            with contextlib.suppress(ImportError):
                import fcntl

                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    say(f"another process writes to {self.folder}: waiting for it")
                    fcntl.flock(file, fcntl.LOCK_EX)
            for leftover in self.folder.glob("*.tmp"):
                leftover.unlink()
            yield

    def lookup(self, wanted: Collection[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those keys that are in the memory."""
        keys = pa.array(sorted(wanted), pa.binary(KEY_BYTES))
        found: dict[bytes, Entry] = {}
        for path in self._parts():
            table = _read(path, PART)
            table = table.filter(pc.is_in(table["segment"], value_set=keys))
            for row in table.to_pylist():
                found.setdefault(row["segment"], Entry(row["text"], row["score"], row["tokens"], tuple(row["flags"])))
        return found

    def append(self, name: str, entries: Mapping[bytes, Entry]) -> None:
        """Write entries as the part `name`, whole or not at all."""
        rows = [{"segment": key, **entry._asdict()} for key, entry in entries.items()]
        _write(self.folder / f"part-{name}.parquet", pa.Table.from_pylist(rows, schema=PART))

    def compact(self) -> None:
        """Merge all parts into one, sorted by key, then delete them; of equal keys the oldest entry stays.

        A kill in between leaves the new part beside the old ones, which say the same.
        """
        paths = self._parts()
        if len(paths) < 2 and not any(path.name.startswith("part-") for path in paths):
            return
        table = pa.concat_tables([_read(path, PART) for path in paths])
        raw = np.frombuffer(b"".join(table["segment"].to_pylist()), dtype=">u8").reshape(-1, 2)
        order = np.lexsort((raw[:, 1], raw[:, 0]))  # stable: the oldest of equal keys comes first
        first = np.ones(len(order), dtype=bool)
        first[1:] = (raw[order[1:]] != raw[order[:-1]]).any(axis=1)
        merged = self.folder / "merged.parquet.tmp"
        _write_file(merged, table.take(pa.array(order[first])))
        target = self.folder / f"compact-{file_sha256(merged)[:16]}.parquet"
        merged.replace(target)
        for path in paths:
            if path != target:
                path.unlink()

    def save_plan(self, job: str, chunks: Sequence[Sequence[bytes]]) -> None:
        """Keep a job's plan, so that after a crash the same chunks are decoded."""
        rows = [{"chunk": number, "segment": key} for number, chunk in enumerate(chunks) for key in chunk]
        path = self.folder / "jobs" / f"{job}.parquet"
        path.parent.mkdir(exist_ok=True)
        _write(path, pa.Table.from_pylist(rows, schema=PLAN))

    def load_plan(self, job: str) -> list[list[bytes]] | None:
        """Return the plan of a job that did not end, or None."""
        path = self.folder / "jobs" / f"{job}.parquet"
        if not path.is_file():
            return None
        table = _read(path, PLAN)
        chunks: list[list[bytes]] = []
        for number, key in zip(table["chunk"].to_pylist(), table["segment"].to_pylist(), strict=True):
            if number == len(chunks):
                chunks.append([])
            chunks[number].append(key)
        return chunks

    def end_job(self, job: str) -> None:
        """Merge what the job wrote and forget its plan."""
        self.compact()
        (self.folder / "jobs" / f"{job}.parquet").unlink(missing_ok=True)

    def _parts(self) -> list[Path]:
        """Return the parts, oldest knowledge first: what was compacted, then the jobs' parts by name."""
        return [*sorted(self.folder.glob("compact-*.parquet")), *sorted(self.folder.glob("part-*.parquet"))]


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(path, schema=schema, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise MtqaError(
            "A part of the translation memory cannot be read.",
            where=path,
            expected="a Parquet file that mtqa wrote",
            next_step="delete this file and run the same command again: its segments are translated again",
        ) from error


def _write(path: Path, table: pa.Table) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    _write_file(temporary, table)
    temporary.replace(path)


def _write_file(path: Path, table: pa.Table) -> None:
    try:
        with path.open("wb") as file:
            pq.write_table(table, file, compression="zstd", row_group_size=1 << 16)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_error(path, error) from error
