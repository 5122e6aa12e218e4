"""Raw items to Arrow batches with the numbers that decide what stays, in one process or several."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

import numpy as np
import pyarrow as pa

from mtqa.collect.items import RawItem
from mtqa.collect.rows import Row, RowMaker
from mtqa.core.errors import MtqaError
from mtqa.core.hashing import content_id
from mtqa.core.ids import id_numbers
from mtqa.core.schema import ANSWER, CORPUS, MT, Drop
from mtqa.core.workers import end_with_parent, shielded

ROWS_AT_ONCE = 1024
SPREAD = 0x9E3779B97F4A7C15
"""An odd factor, so that a question equal to its passage does not cancel out."""
IN_FLIGHT = 3
"""Batches a worker that are under way or waiting to be written: what bounds the memory."""


@dataclass
class Batch:
    """Rows of the corpus's schema, `keys` and `draws` (8 bytes a row), and what was counted on the way."""

    rows: pa.RecordBatch
    keys: bytes
    draws: bytes
    read: int = 0
    dropped: Counter[Drop] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def make_batch(maker: RowMaker, items: list[RawItem], seed: int | None) -> Batch:
    """Return the batch of some items.

    A row's key is made of its question's and its passage's id, which are hashes: rows of equal keys are duplicates. Its
    draw is a hash of the seed and its item id: `--limit` keeps the rows with the smallest. No seed: no draws.
    """
    rows: list[Row] = []
    dropped: Counter[Drop] = Counter()
    notes: Counter[str] = Counter()
    for item in items:
        row = maker.make(item, notes)
        if isinstance(row, Drop):
            dropped[row] += 1
        else:
            rows.append(row)
    table = _table(maker, rows)
    keys = id_numbers(table["question_id"]) ^ (id_numbers(table["passage_id"]) * np.uint64(SPREAD))
    draws = [] if seed is None else [int(content_id("collect", str(seed), row.item_id), 16) for row in rows]
    return Batch(table, keys.astype("<u8").tobytes(), np.array(draws, "<u8").tobytes(), len(items), dropped, notes)


def _table(maker: RowMaker, rows: list[Row]) -> pa.RecordBatch:
    """Return rows by the corpus's schema."""
    columns = dict(zip(Row._fields, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(Row._fields, ())
    answers = columns.pop("answers")
    flat = [answer for each in answers for answer in each]
    parts = [pa.array([a.text for a in flat], pa.string()), pa.array([a.start for a in flat], pa.int32())]
    offsets = np.cumsum([0, *map(len, answers)], dtype=np.int32)
    arrays: dict[str, pa.Array] = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    arrays["dataset"] = pa.repeat(maker.dataset, len(rows))
    arrays["lang"] = pa.repeat(maker.language, len(rows))
    arrays["answers"] = pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(parts, fields=list(ANSWER)))
    arrays["mt"] = pa.nulls(len(rows), MT)
    return pa.RecordBatch.from_arrays([arrays[f.name].cast(f.type) for f in CORPUS], schema=CORPUS)


def batches(maker: RowMaker, items: Iterable[RawItem], seed: int | None, workers: int) -> Iterator[Batch]:
    """Yield the batches of all items in order; `workers` processes make them, and the result is the same.

    The items are read in this process, so with enough workers reading is what limits the rate. Raises MtqaError where
    a worker dies.
    """
    iterator = iter(items)
    parts = iter(lambda: list(islice(iterator, ROWS_AT_ONCE)), [])
    if workers == 1:
        for part in parts:
            yield make_batch(maker, part, seed)
        return
    # Not forked: Arrow's threads are at work here already, and a forked child could wait for their locks for ever.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_initialise, initargs=(maker, seed)) as pool:
        waiting: deque[Future[Batch]] = deque()
        try:
            for part in parts:
                with shielded():  # a process starts when there is a task for it
                    waiting.append(pool.submit(_work, part))
                if len(waiting) >= IN_FLIGHT * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise MtqaError(
                "A worker process died.",
                expected="enough memory for each process",
                next_step="run the same command again, with fewer --workers",
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_state: tuple[RowMaker, int | None] | None = None


def _initialise(maker: RowMaker, seed: int | None) -> None:
    """Give a worker what is the same for all its batches."""
    global _state
    end_with_parent()
    _state = (maker, seed)


def _work(items: list[RawItem]) -> Batch:
    if _state is None:
        raise RuntimeError("the worker was not initialised")
    return make_batch(_state[0], items, _state[1])
