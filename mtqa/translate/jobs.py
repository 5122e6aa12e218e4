"""A job's plan on disk: chunks of segments, each decoded whole or not at all, by whichever process gets to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from mtqa.core.corpus import disk_error
from mtqa.core.manifest import write_text_atomic
from mtqa.translate.memory import KEY_BYTES, Memory, count_rows, read_table, scratch_name, write_table
from mtqa.translate.plan import chunk_size

CHUNK = pa.schema(
    [pa.field("segment", pa.binary(KEY_BYTES), nullable=False), pa.field("text", pa.string(), nullable=False)]
)


class Segment(NamedTuple):
    """A segment with its key."""

    key: bytes
    text: str


class Job:
    """The plan of a set of segments in a memory's folder: `jobs/NAME/00000.parquet` and so on, and `plan.json`."""

    def __init__(self, memory: Memory, name: str) -> None:
        self.memory, self.name = memory, name
        self.folder = memory.jobs / name

    def plan(self, segments: Iterable[Segment], total: int) -> None:
        """Write the plan for `total` segments in decoding order; a plan is there whole or not at all."""
        building = self.folder.with_name(f"{scratch_name()}{self.name}.tmp")
        shutil.rmtree(building, ignore_errors=True)
        try:
            building.mkdir(parents=True)
            size, rest, chunks = chunk_size(total), iter(segments), 0
            while chunk := list(islice(rest, size)):
                keys, texts = zip(*chunk, strict=True)
                table = pa.table([pa.array(keys, pa.binary(KEY_BYTES)), pa.array(texts, pa.string())], schema=CHUNK)
                write_table(building / f"{chunks:05d}.parquet", table)
                chunks += 1
            write_text_atomic(building / "plan.json", json.dumps({"segments": total, "chunks": chunks}) + "\n")
            shutil.rmtree(self.folder, ignore_errors=True)
            building.rename(self.folder)
        except OSError as error:
            raise disk_error(building, error) from error

    def pending(self, worker: tuple[int, int] | None = None) -> list[int]:
        """Return the chunks that are not in the memory yet; of worker (k, n) every n-th from the k-th (from 1)."""
        numbers = range(json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))["chunks"])
        if worker:
            numbers = numbers[worker[0] - 1 :: worker[1]]
        return [n for n in numbers if not (self._done(n).exists() or self.memory.has_part(self.part(n)))]

    def read(self, chunks: Iterable[int]) -> Iterator[list[Segment]]:
        """Yield the segments of chunks, one chunk at a time."""
        for number in chunks:
            table = read_table(self.folder / f"{number:05d}.parquet", CHUNK)
            rows = zip(table["segment"].to_pylist(), table["text"].to_pylist(), strict=True)
            yield [Segment(key, text) for key, text in rows]

    def size(self, chunks: Iterable[int]) -> int:
        """Return the number of segments in chunks."""
        return count_rows(self.folder / f"{n:05d}.parquet" for n in chunks)

    def part(self, chunk: int) -> str:
        """Return the name of the memory's part that a chunk becomes."""
        return f"{self.name}-{chunk:05d}"

    def end(self) -> None:
        """Forget the plan."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _done(self, chunk: int) -> Path:
        return self.folder / f"{chunk:05d}.done"


def unfinished(memory: Memory) -> dict[str, list[int]]:
    """Return the jobs whose plan is there (it appears whole), each with its chunks that are not in the memory yet."""
    names = [path.parent.name for path in memory.jobs.glob("*/plan.json") if path.parent.suffix != ".tmp"]
    return {name: Job(memory, name).pending() for name in names}
