"""Gathers the text of planned batches in two passes, so that memory holds one bucket of batches at a time.

The first pass reads every language's rows once, in file order, and appends the rows that batches need to the spill
file of their bucket (a run of neighbouring batches). The second reads one bucket after the other, puts its rows in the
order of the batches and writes them as row groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtqa.core.corpus import disk_error
from mtqa.core.ids import id_texts
from mtqa.core.progress import progress
from mtqa.core.schema import NEGATIVE, SHARD
from mtqa.core.shardfile import BATCHES_PER_FILE, ShardWriter
from mtqa.shards.choice import KINDS
from mtqa.shards.compose import Plan
from mtqa.shards.index import IDS, Index, Source
from mtqa.shards.negatives import Negatives
from mtqa.shards.spill import Spill

BUCKET_BYTES = 16 << 20
COLUMNS = {
    "query": ["question"],
    "passage": ["passage"],
    "second": ["question", "passage"],
    "negative": ["passage_id", "passage"],
}


@dataclass(frozen=True)
class Need:
    """Rows of a language that batches need: `rows` (n,) ascending, numbered as in the index, `slots` (n,) their places.

    A negative's slot is that of its pair × the negatives a pair + its place among them.
    """

    slots: np.ndarray
    rows: np.ndarray


def write_batches(
    plan: Plan, index: Index, source: Source, folder: Path, negatives: Negatives | None = None
) -> dict[str, int]:
    """Write the plan's batches to `folder` and return rows by file; spill files live below it and go again.

    Raises MtqaError where the disk refuses.
    """
    batches, size = plan.items.shape
    texts = 1 + (plan.second is not None) + (negatives.count if negatives else 0)
    per_bucket = int(np.clip(BUCKET_BYTES / (size * texts * max(source.row_bytes, 1)), 1, BATCHES_PER_FILE))
    parking = folder / ".spill"
    parking.mkdir()
    roles = ["query", "passage", *["second"] * (plan.second is not None), *["negative"] * (negatives is not None)]
    widths = {"negative": negatives.count if negatives else 0}
    spills = {role: Spill(parking, role, COLUMNS[role], per_bucket * size * widths.get(role, 1)) for role in roles}
    try:
        with progress("gather text", len(index.languages), "languages") as bar:
            for lang in index.languages:
                _spill(_needs(plan, index, negatives, lang), source, lang, spills)
                bar.update()
        for spill in spills.values():
            spill.flush()
        with ShardWriter(folder, size) as writer, progress("write batches", batches, "batches") as bar:
            for first in range(0, batches, per_bucket):
                part = slice(first, min(first + per_bucket, batches))
                taken = {role: spill.take(first // per_bucket) for role, spill in spills.items()}
                writer.write(_bucket(plan, index, taken, part, widths["negative"]))
                bar.update(part.stop - part.start)
    except OSError as error:
        raise disk_error(folder, error) from error
    parking.rmdir()
    return writer.rows


def _needs(plan: Plan, index: Index, negatives: Negatives | None, lang: str) -> dict[str, Need]:
    """Return which rows of a language each role needs; roles that need none are absent."""
    rows_of_item, items = index.rows[index.languages.index(lang)], plan.items.ravel()
    needs = {}
    for role, langs, names in (
        ("query", plan.query, plan.languages),
        ("passage", plan.passage, plan.languages),
        ("second", plan.second, plan.second_languages),
    ):
        if langs is None or lang not in names:
            continue
        slots = np.flatnonzero(langs.ravel() == names.index(lang)).astype(np.int32)
        needs[role] = _by_row(slots, rows_of_item[items[slots]])
        if role == "passage" and negatives is not None:
            needs["negative"] = _by_row(*negatives.needed(lang, slots, items[slots]))
    return {role: need for role, need in needs.items() if len(need.slots)}


def _by_row(slots: np.ndarray, rows: np.ndarray) -> Need:
    order = np.argsort(rows, kind="stable")
    return Need(slots[order], rows[order])


def _spill(needs: dict[str, Need], source: Source, lang: str, spills: dict[str, Spill]) -> None:
    """Read a language once and give every role the rows that it needs."""
    columns = list(dict.fromkeys(name for role in needs for name in COLUMNS[role]))
    if not columns:
        return
    for first, batch in source.batches(lang, columns):
        for role, need in needs.items():
            start, end = np.searchsorted(need.rows, [first, first + batch.num_rows])
            if start < end:
                order = np.argsort(need.slots[start:end])
                taken = pa.array(need.rows[start:end][order] - first)
                spills[role].add(need.slots[start:end][order], [batch.column(n).take(taken) for n in COLUMNS[role]])


def _bucket(plan: Plan, index: Index, texts: dict[str, pa.RecordBatch], part: slice, width: int) -> pa.Table:
    """Return the rows of a bucket's batches, in order, in the shard schema."""
    size = plan.items.shape[1]
    items, rows = plan.items[part].ravel(), (part.stop - part.start) * size
    numbers = np.repeat(np.arange(part.start, part.stop, dtype=np.int32), size)
    names = pa.array(plan.languages)
    columns = {
        "batch": pa.array(numbers),
        "kind": pa.array(KINDS).take(pa.array(np.repeat(plan.kinds[part], size))),
        "query": texts["query"]["question"],
        "passage": texts["passage"]["passage"],
        "query_lang": names.take(pa.array(plan.query[part].ravel())),
        "passage_lang": names.take(pa.array(plan.passage[part].ravel())),
        "dataset": pa.array(index.datasets).take(pa.array(index.dataset[items])),
        **{name: id_texts(ids[items]) for name, ids in zip(IDS, index.ids, strict=True)},
    }
    if plan.second is not None:
        columns["query_2"], columns["passage_2"] = texts["second"]["question"], texts["second"]["passage"]
        columns["lang_2"] = pa.array(plan.second_languages).take(pa.array(plan.second[part].ravel()))
    if "negative" in texts:
        first = part.start * size
        columns["negatives"] = _lists(texts["negative"], columns["passage_lang"], first, width)
    return pa.table(
        [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in SHARD], schema=SHARD
    )


def _lists(texts: pa.RecordBatch, langs: pa.Array, first: int, width: int) -> pa.Array:
    """Return the negatives of a bucket's rows as lists, in the language of each row's passage."""
    rows = texts["slot"].to_numpy() // width - first
    offsets = np.zeros(len(langs) + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=len(langs)), out=offsets[1:])
    values = [texts["passage_id"], pc.take(langs, pa.array(rows)), texts["passage"]]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(values, fields=list(NEGATIVE)))
