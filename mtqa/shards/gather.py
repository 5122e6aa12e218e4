"""Gathers the text of planned batches in two passes, so that memory holds one bucket of batches at a time.

The first pass reads every language's rows once, in file order, and appends the rows that batches need to the spill
file of their bucket (a run of neighbouring batches). The second reads one bucket after the other, puts its rows in the
order of the batches and writes them as row groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, disk_error, read_batches
from mtqa.core.progress import progress
from mtqa.core.schema import SHARD
from mtqa.core.shardfile import BATCHES_PER_FILE, ShardWriter
from mtqa.shards.choice import KINDS
from mtqa.shards.compose import Plan
from mtqa.shards.index import Index

BUCKET_BYTES = 32 << 20
MOST_BUCKETS = 512
COLUMNS = {
    "query": ["item_id", "passage_id", "question_id", "dataset", "question"],
    "passage": ["passage"],
}
SLOT = pa.field("slot", pa.int32(), nullable=False)
SPILL = {role: pa.schema([SLOT, *(pa.field(name, pa.string()) for name in names)]) for role, names in COLUMNS.items()}


@dataclass(frozen=True)
class Source:
    """The corpora and split that an index was made of."""

    corpora: Sequence[Corpus]
    split: str

    def batches(self, lang: str) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (number of the first row, rows) of a language, numbered as in the index."""
        row = 0
        columns = [*COLUMNS["query"], *COLUMNS["passage"]]
        for corpus in self.corpora:
            for path in corpus.files(lang, self.split) if lang in corpus.manifest.parts else []:
                for batch in read_batches(path, columns, 8192):
                    yield row, batch
                    row += batch.num_rows


def write_batches(plan: Plan, index: Index, source: Source, folder: Path, row_bytes: float) -> dict[str, int]:
    """Write the plan's batches to `folder` and return rows by file; spill files live below it and go again.

    `row_bytes`: mean bytes of a pair's text, which sets the batches a bucket. Raises MtqaError where the disk refuses.
    """
    batches, size = plan.items.shape
    per_bucket = int(np.clip(BUCKET_BYTES / (size * max(row_bytes, 1)), 1, BATCHES_PER_FILE))
    per_bucket = max(per_bucket, -(-batches // MOST_BUCKETS))
    spill = folder / ".spill"
    spill.mkdir()
    try:
        with progress("gather text", 2 * len(plan.languages), "languages") as bar:
            for role, langs in (("query", plan.query), ("passage", plan.passage)):
                for number in range(len(plan.languages)):
                    _spill(plan, index, source, spill / role, (role, langs, number, per_bucket))
                    bar.update()
        with ShardWriter(folder, size) as writer, progress("write batches", batches, "batches") as bar:
            for first in range(0, batches, per_bucket):
                part = slice(first, min(first + per_bucket, batches))
                writer.write(_bucket(plan, spill, part, first // per_bucket))
                bar.update(part.stop - part.start)
    except OSError as error:
        raise disk_error(folder, error) from error
    for path in spill.iterdir():
        path.unlink()
    spill.rmdir()
    return writer.rows


def _spill(plan: Plan, index: Index, source: Source, stem: Path, what: tuple[str, np.ndarray, int, int]) -> None:
    """Append the rows that batches need of one language in one role to the spill files of their buckets."""
    role, langs, number, per_bucket = what
    lang = plan.languages[number]
    slots = np.flatnonzero(langs.ravel() == number).astype(np.int32)
    rows = index.rows[index.languages.index(lang)][plan.items.ravel()[slots]]
    order = np.argsort(rows, kind="stable")
    rows, slots = rows[order], slots[order]
    bucket_rows = per_bucket * plan.items.shape[1]
    with ExitStack() as stack:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}
        for first, batch in source.batches(lang):
            start, end = np.searchsorted(rows, [first, first + batch.num_rows])
            if start == end:
                continue
            here = slots[start:end]
            buckets = here // bucket_rows
            by_bucket = np.argsort(buckets, kind="stable")
            taken = pa.RecordBatch.from_arrays(
                [
                    pa.array(here[by_bucket]),
                    *(_take(batch, name, rows[start:end][by_bucket] - first) for name in COLUMNS[role]),
                ],
                schema=SPILL[role],
            )
            present, edges = np.unique(buckets[by_bucket], return_index=True)
            for bucket, begin, stop in zip(present.tolist(), edges, [*edges[1:], len(here)], strict=True):
                if bucket not in writers:
                    sink = stack.enter_context(pa.OSFile(f"{stem}-{bucket}-{number}.arrow", "wb"))
                    writers[bucket] = stack.enter_context(pa.ipc.new_stream(sink, SPILL[role]))
                writers[bucket].write_batch(taken.slice(begin, stop - begin))


def _take(batch: pa.RecordBatch, name: str, rows: np.ndarray) -> pa.Array:
    return batch.column(name).take(pa.array(rows))


def _bucket(plan: Plan, spill: Path, part: slice, bucket: int) -> pa.Table:
    """Return the rows of a bucket's batches, in order, in the shard schema."""
    size = plan.items.shape[1]
    texts = {role: _in_order(spill, role, bucket) for role in COLUMNS}
    rows = (part.stop - part.start) * size
    numbers = np.repeat(np.arange(part.start, part.stop, dtype=np.int32), size)
    names = pa.array(plan.languages)
    columns = {
        "batch": pa.array(numbers),
        "kind": pa.array(KINDS).take(pa.array(np.repeat(plan.kinds[part], size))),
        "query": texts["query"]["question"],
        "passage": texts["passage"]["passage"],
        "query_lang": names.take(pa.array(plan.query[part].ravel())),
        "passage_lang": names.take(pa.array(plan.passage[part].ravel())),
        **{name: texts["query"][name] for name in COLUMNS["query"][:-1]},
    }
    return pa.table(
        [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in SHARD], schema=SHARD
    )


def _in_order(spill: Path, role: str, bucket: int) -> pa.Table:
    """Read a bucket's spill files of a role and return their rows by slot."""
    tables = []
    for path in sorted(spill.glob(f"{role}-{bucket}-*.arrow")):
        with pa.memory_map(str(path)) as file:
            tables.append(pa.ipc.open_stream(file).read_all())
    table = pa.concat_tables(tables).combine_chunks()
    return table.take(pa.array(np.argsort(table["slot"].to_numpy(), kind="stable"))).combine_chunks()
