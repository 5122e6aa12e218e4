"""Records sorted into buckets outside memory: how segments are deduplicated and ordered whatever their number."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

MEMORY_BYTES = 8 << 20
GROUP_RECORDS = 1 << 13
OVERHEAD = 64  # bytes that Python spends on a record besides its content, about
LENGTH = struct.Struct("<I")


class Buckets:
    """Byte records in numbered buckets, each in the order of `add`.

    They stay in memory up to `MEMORY_BYTES`, then every bucket goes on in a file of its own below `folder`, which is
    made when it is needed.
    """

    def __init__(self, folder: Path, memory_bytes: int | None = None) -> None:
        self.folder, self._room = folder, memory_bytes or MEMORY_BYTES
        self.counts: dict[int, int] = {}
        self._held: dict[int, list[bytes]] = {}
        self._bytes = 0

    def add(self, bucket: int, record: bytes) -> None:
        """Append a record to a bucket."""
        self._held.setdefault(bucket, []).append(record)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self._bytes += len(record) + OVERHEAD
        if self._bytes > self._room:
            self._spill()

    def __len__(self) -> int:
        """Return the number of records in all buckets."""
        return sum(self.counts.values())

    def read(self, bucket: int) -> Iterator[bytes]:
        """Yield a bucket's records."""
        path = self._path(bucket)
        if path.is_file():
            with path.open("rb") as file:
                while head := file.read(LENGTH.size):
                    yield file.read(LENGTH.unpack(head)[0])
        yield from self._held.get(bucket, ())

    def records(self) -> Iterator[bytes]:
        """Yield all records, bucket by bucket in the order of their numbers."""
        for bucket in sorted(self.counts):
            yield from self.read(bucket)

    def groups(self) -> Iterator[list[bytes]]:
        """Yield all records in lists of whole buckets, small ones together."""
        group: list[bytes] = []
        for bucket in sorted(self.counts):
            if group and len(group) + self.counts[bucket] > GROUP_RECORDS:
                yield group
                group = []
            group.extend(self.read(bucket))
        if group:
            yield group

    def _path(self, bucket: int) -> Path:
        return self.folder / f"{bucket:05d}"

    def _spill(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for bucket, records in self._held.items():
            with self._path(bucket).open("ab") as file:
                file.write(b"".join(LENGTH.pack(len(record)) + record for record in records))
        self._held.clear()
        self._bytes = 0
