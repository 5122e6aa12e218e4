"""Rows that wait on disk for their turn: appended in the order they are read, read back in the order of the batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

FLUSH_BYTES = 16 << 20
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
        self._waiting: dict[int, list[pa.RecordBatch]] = {}
        self._bytes = 0

    def add(self, slots: np.ndarray, columns: Sequence[pa.Array]) -> None:
        """Append rows: their slots (n,) int32, ascending, and their columns in the order of `names`.

        Ascending slots make the rows of a bucket neighbours: they are cut out without being copied.
        """
        batch = pa.RecordBatch.from_arrays([pa.array(slots, pa.int32()), *columns], schema=self.schema)
        present, edges = np.unique(slots // self.bucket_slots, return_index=True)
        for bucket, begin, end in zip(present.tolist(), edges.tolist(), [*edges.tolist()[1:], len(slots)], strict=True):
            self._waiting.setdefault(bucket, []).append(batch.slice(begin, end - begin))
        self._bytes += batch.nbytes
        if self._bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what waits to the buckets' files."""
        for bucket, pieces in sorted(self._waiting.items()):
            with (
                pa.OSFile(str(self._path(bucket)), "ab") as sink,
                pa.ipc.new_stream(sink, self.schema, options=OPTIONS) as writer,
            ):
                writer.write_batch(pa.concat_batches(pieces))
        self._waiting, self._bytes = {}, 0

    def take(self, bucket: int) -> pa.RecordBatch:
        """Return the rows of a bucket by slot, and delete its file; no rows where it got none."""
        path, pieces = self._path(bucket), [pa.RecordBatch.from_pylist([], schema=self.schema)]
        if not path.exists():
            return pieces[0]
        with pa.OSFile(str(path), "rb") as file:
            while file.tell() < path.stat().st_size:
                with pa.ipc.open_stream(file) as stream:
                    pieces += list(stream)
        path.unlink()
        rows = pa.concat_batches(pieces)
        return rows.take(pa.array(np.argsort(rows["slot"].to_numpy(), kind="stable")))

    def _path(self, bucket: int) -> Path:
        return self.folder / f"{self.role}-{bucket}.arrows"
