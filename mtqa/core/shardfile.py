"""Shards: Parquet files in which one row group is one batch, written in order and read by batch number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest, check_files, load_manifest
from mtqa.core.schema import SHARD

SHARD_STAGE = "build-shards"
BATCHES_PER_FILE = 1000
# Values that repeat within a batch; a dictionary of 100 different texts would only cost bytes.
REPEATING = ["kind", "dataset", "query_lang", "passage_lang", "lang_2"]
# Only texts: compressing the short columns of 100 rows takes a quarter of the time of writing and saves a tenth.
COMPRESSION = dict.fromkeys(("query", "passage", "query_2", "passage_2", "negatives.list.element.text"), "zstd")
OPEN_FILES = 4


class ShardWriter:
    """Writes batches of equal size to `ROOT/PREFIX-00000.parquet`, … with one row group a batch, zstd texts, checksums.

    `rows` maps file names to rows, as `Building.record_part` wants it. Use as a context manager.
    """

    def __init__(self, root: Path, batch_size: int, prefix: str = "batches", per_file: int = BATCHES_PER_FILE) -> None:
        self.root, self.batch_size, self.prefix, self.per_file = root, batch_size, prefix, per_file
        self.rows: dict[str, int] = {}
        self._writer: pq.ParquetWriter | None = None
        self._name = ""

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Append whole batches, in order: a table of the shard schema with a multiple of `batch_size` rows.

        Raises ValueError for another number of rows, MtqaError where the disk refuses.
        """
        if table.num_rows % self.batch_size:
            raise ValueError(f"{table.num_rows} rows are not whole batches of {self.batch_size}")
        try:
            while table.num_rows:
                if self._writer is None or self.rows[self._name] == self.per_file * self.batch_size:
                    self._open()
                room = self.per_file * self.batch_size - self.rows[self._name]
                piece, table = table.slice(0, room), table.slice(room)
                assert self._writer is not None
                self._writer.write_table(piece, row_group_size=self.batch_size)
                self.rows[self._name] += piece.num_rows
        except OSError as error:
            raise disk_error(self.root / self._name, error) from error

    def _open(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._name = f"{self.prefix}-{len(self.rows):05d}.parquet"
        self.rows[self._name] = 0
        self._writer = pq.ParquetWriter(
            self.root / self._name,
            SHARD,
            compression=COMPRESSION,
            use_dictionary=REPEATING,
            write_statistics=False,
            write_page_checksum=True,
        )


@dataclass(frozen=True)
class Batch:
    """One batch: `number` in the shards, `kind` (mono or cross), and its rows in the shard schema."""

    number: int
    kind: str
    table: pa.Table

    def column(self, name: str) -> list[Any]:
        """Return a column as Python values, one a row."""
        return list(self.table[name].to_pylist())

    @property
    def queries(self) -> list[str]:
        """The query texts."""
        return self.column("query")

    @property
    def passages(self) -> list[str]:
        """The passage texts; passage i is the positive of query i."""
        return self.column("passage")

    @property
    def query_langs(self) -> list[str]:
        """The FLORES-200 code of each query."""
        return self.column("query_lang")

    @property
    def passage_langs(self) -> list[str]:
        """The FLORES-200 code of each passage."""
        return self.column("passage_lang")

    @property
    def item_ids(self) -> list[str]:
        """The item id of each row: rows of one item are no negatives of each other, and so for the next two."""
        return self.column("item_id")

    @property
    def passage_ids(self) -> list[str]:
        """The id of each row's (English) passage."""
        return self.column("passage_id")

    @property
    def question_ids(self) -> list[str]:
        """The id of each row's (English) question."""
        return self.column("question_id")

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True)
class Shards:
    """A finished shards folder. `batch(n)` depends on the folder's content and n only, so resuming is a jump."""

    path: Path
    manifest: Manifest
    batch_size: int
    starts: list[tuple[int, str]]
    """Number of the first batch of each file, and its name; in order."""
    count: int
    _open: OrderedDict[str, pq.ParquetFile] = field(default_factory=OrderedDict, repr=False, compare=False)

    def __len__(self) -> int:
        return self.count

    def batch(self, n: int) -> Batch:
        """Return batch n, 0 ≤ n < len. Raises IndexError beyond, UsageError naming the file where it is damaged."""
        if not 0 <= n < self.count:
            raise IndexError(f"batch {n} of {self.count}")
        start, name = next((s, f) for s, f in reversed(self.starts) if s <= n)
        try:
            table = self._file(name).read_row_group(n - start)
            numbers, kinds = table["batch"].unique().to_pylist(), table["kind"].unique().to_pylist()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise _damaged(self.path / name, n) from error
        if table.num_rows != self.batch_size or numbers != [n] or len(kinds) != 1:
            raise _damaged(self.path / name, n)
        return Batch(n, kinds[0], table)

    def _file(self, name: str) -> pq.ParquetFile:
        if name in self._open:
            self._open.move_to_end(name)
        else:
            # The footer of 1,000 row groups takes milliseconds to read: keep the last files open.
            self._open[name] = pq.ParquetFile(self.path / name, page_checksum_verification=True)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)[1].close()
        return self._open[name]


def open_shards(path: Path) -> Shards:
    """Open a shards folder. Raises UsageError where it is missing, of another kind, damaged or empty."""
    manifest = load_manifest(path)
    if manifest.stage != SHARD_STAGE:
        raise UsageError(
            f"'{path}' holds no shards but the result of '{manifest.stage}'.",
            where=path,
            expected="the output of build-shards",
        )
    check_files(path, manifest)
    size = int(manifest.settings["batch_size"])
    starts, count = [], 0
    for part in manifest.parts.values():
        for name in sorted(n for n, record in part.files.items() if record.rows is not None):
            starts.append((count, name))
            count += (part.files[name].rows or 0) // size
    if not count:
        raise UsageError("The shards hold no batch.", where=path, next_step="build them again")
    return Shards(path, manifest, size, starts, count)


def iter_batches(path: Path, rank: int = 0, world: int = 1) -> Iterator[Batch]:
    """Yield whole batches in order: batch n goes to the rank n mod world.

    Ranks may get numbers of batches that differ by one. Raises what `open_shards` raises, ValueError for a rank
    outside 0 … world - 1.
    """
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    shards = open_shards(path)
    return (shards.batch(n) for n in range(rank, len(shards), world))


def _damaged(path: Path, n: int) -> UsageError:
    return UsageError(
        f"Batch {n} cannot be read.",
        where=path,
        expected="one row group a batch, as build-shards wrote it",
        next_step="delete the folder and run build-shards again",
    )
