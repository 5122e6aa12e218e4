"""Rows that wait on disk for their turn: appended in the order they are read, read back in the order of the batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

FLUSH_BYTES = 32 << 20
"""Text held in memory before it is spread over the buckets' files: the larger, the longer the pieces on disk."""
SLOT = pa.field("slot", pa.int32(), nullable=False)
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """Rows of one role, each with its slot (place in the sequence of all batches), in one file a bucket of slots.

    `names` are string columns; a bucket holds `bucket_slots` neighbouring slots. A file is a row of Arrow streams, one
    a flush, so that no file stays open however many buckets there are.
    """

    def __init__(self, folder: Path, role: str, names: Sequence[str], bucket_slots: int) -> None:
        self.folder, self.role, self.bucket_slots = folder, role, bucket_slots
        self.schema = pa.schema([SLOT, *(pa.field(name, pa.string()) for name in names)])
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0

    def add(self, slots: np.ndarray, columns: Sequence[pa.Array]) -> None:
        """Append rows: their slots (n,) int32 and their columns in the order of `names`."""
        batch = pa.RecordBatch.from_arrays([pa.array(slots, pa.int32()), *columns], schema=self.schema)
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what waits to the buckets' files."""
        if not self._waiting:
            return
        rows = pa.Table.from_batches(self._waiting)
        self._waiting, self._bytes = [], 0
        buckets = rows["slot"].to_numpy() // self.bucket_slots
        order = np.argsort(buckets, kind="stable")
        rows = rows.take(pa.array(order)).combine_chunks()
        present, edges = np.unique(buckets[order], return_index=True)
        for bucket, begin, end in zip(present.tolist(), edges, [*edges[1:], len(order)], strict=True):
            with (
                pa.OSFile(str(self._path(bucket)), "ab") as sink,
                pa.ipc.new_stream(sink, self.schema, options=OPTIONS) as writer,
            ):
                writer.write_table(rows.slice(begin, end - begin))

    def take(self, bucket: int) -> pa.Table:
        """Return the rows of a bucket by slot, and delete its file; an empty table where it got none."""
        path, tables = self._path(bucket), []
        if not path.exists():
            return self.schema.empty_table()
        with pa.OSFile(str(path), "rb") as file:
            while file.tell() < path.stat().st_size:
                with pa.ipc.open_stream(file) as stream:
                    tables.append(stream.read_all())
        path.unlink()
        rows = pa.concat_tables(tables)
        return rows.take(pa.array(np.argsort(rows["slot"].to_numpy(), kind="stable"))).combine_chunks()

    def _path(self, bucket: int) -> Path:
        return self.folder / f"{self.role}-{bucket}.arrows"
