"""Compaction of a translation memory: many parts into sorted ones, each with a range of keys, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.hashing import file_sha256
from mtqa.translate.memory import PART, Memory, count_rows, key_bytes, partitions_of, read_table, write_file

PARTITION_ROWS, MOST_PARTITIONS = 1 << 14, 256


def compact(memory: Memory) -> None:
    """Merge all parts, sorted by key in ranges, then delete them; of equal keys the oldest entry stays.

    A kill in between leaves new parts beside old ones, which say the same. The result depends on the entries alone.
    """
    paths = memory.parts()
    if not any(path.name.startswith("part-") for path in paths):
        return
    count = _partitions(count_rows(paths))
    new = [_merge(memory, number, count, tables) for number, tables in enumerate(_scatter(memory, paths, count))]
    targets = [path.with_name(path.name.removesuffix(".parquet.tmp") + ".parquet") for path in new]
    for temporary, target in zip(new, targets, strict=True):
        temporary.replace(target)
    for path in paths:
        if path not in targets:
            _mark_done(memory, path)
            path.unlink()


def _partitions(rows: int) -> int:
    count = 1
    while count < MOST_PARTITIONS and rows > count * PARTITION_ROWS:
        count *= 2
    return count


def _scatter(memory: Memory, paths: list[Path], count: int) -> list[list[Path]]:
    """Return for each range of keys the files that hold its rows in the order of `paths` (oldest first)."""
    if count == 1:
        return [paths]
    files = [memory.scratch / f"{number:03d}.arrow" for number in range(count)]
    memory.scratch.mkdir(exist_ok=True)
    sinks = [pa.OSFile(str(path), "wb") for path in files]
    writers = [pa.ipc.new_stream(sink, PART) for sink in sinks]
    for path in paths:
        table = read_table(path, PART).combine_chunks()
        place = partitions_of(table["segment"].combine_chunks(), count)
        order = np.argsort(place, kind="stable")
        table, place = table.take(pa.array(order)), place[order]
        bounds = np.searchsorted(place, np.arange(count + 1))
        for number in np.unique(place).tolist():
            writers[number].write_table(table.slice(bounds[number], bounds[number + 1] - bounds[number]))
    for writer, sink in zip(writers, sinks, strict=True):
        writer.close()
        sink.close()
    return [[path] for path in files]


def _merge(memory: Memory, number: int, count: int, paths: list[Path]) -> Path:
    """Write one range of keys; the name tells range and content: `compact-NUMBER-COUNT-SHA256`."""
    tables = [_read(path) for path in paths]
    table = pa.concat_tables(tables).combine_chunks()
    keys = table["segment"].combine_chunks()
    raw = np.frombuffer(key_bytes(keys), dtype=">u8").reshape(-1, 2)
    order = np.lexsort((raw[:, 1], raw[:, 0]))  # stable: the oldest of equal keys comes first
    first = np.ones(len(order), dtype=bool)
    first[1:] = (raw[order[1:]] != raw[order[:-1]]).any(axis=1)
    made = memory.folder / f"merging-{number:03d}.parquet.tmp"
    write_file(made, table.take(pa.array(order[first])))
    return made.rename(memory.folder / f"compact-{number:03d}-{count:03d}-{file_sha256(made)[:16]}.parquet.tmp")


def _read(path: Path) -> pa.Table:
    if path.suffix == ".arrow":
        with pa.OSFile(str(path), "rb") as file:
            return pa.ipc.open_stream(file).read_all()
    return read_table(path, PART)


def _mark_done(memory: Memory, path: Path) -> None:
    """Leave word with the job that its chunk is done, before its part disappears."""
    job, _, chunk = path.stem.removeprefix("part-").partition("-")
    folder = memory.jobs / job
    if path.name.startswith("part-") and folder.is_dir():
        (folder / f"{chunk}.done").touch()
