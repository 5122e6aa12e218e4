"""How fast and in how much memory collect takes N rows, against reading alone with `datasets`.

    python benchmarks/collect.py --rows 100000 1000000 --workers 1 2 --scratch DIR

Makes Parquet files of invented rows (question, passage of 40 words, answer with its place; one row in ten is a
duplicate, one passage in twenty holds text that cleaning changes), reads them with `datasets` in streaming mode, then
collects them. Prints a JSON line for each number of rows and of workers: rows a second of both (of the clock, and of
all processors together: on a machine that others use only the latter says much), their ratio, peak resident memory of
the process and of its largest worker. The scratch folder is deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings

ROWS_PER_FILE = 500_000
VOCABULARY = 20_000
WORDS = 40


def write_rows(folder: Path, rows: int) -> None:
    """Write the invented rows; the same for the same number."""
    generator = np.random.default_rng(7)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(generator.choice(letters, 3 + n % 7)) for n in range(VOCABULARY)])
    folder.mkdir(parents=True)
    for start in range(0, rows, ROWS_PER_FILE):
        stop = min(start + ROWS_PER_FILE, rows)
        with pq.ParquetWriter(folder / f"rows-{start:09d}.parquet", _schema(), compression="zstd") as writer:
            for first in range(start, stop, 50_000):
                writer.write_table(_block(words, range(first, min(first + 50_000, stop))))


def _schema() -> pa.Schema:
    answers = pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int32()))])
    text = [(name, pa.string()) for name in ("id", "question", "context")]
    return pa.schema([*text, ("answers", answers)])


def _block(words: Any, numbers: range) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in ("id", "question", "context", "answers")}
    table = words[np.random.default_rng(numbers[0]).integers(0, VOCABULARY, (len(numbers), WORDS + 8))].tolist()
    for number in numbers:
        content = number - 7 if number % 10 == 9 else number
        chosen = table[content - numbers[0]]
        passage = " ".join(chosen[:20]).capitalize() + ". " + " ".join(chosen[20:WORDS]).capitalize() + "."
        passage += " It’s “so”." if content % 20 == 0 else ""
        answer = chosen[30]
        columns["id"].append(str(number))
        columns["question"].append(" ".join(chosen[WORDS:]).capitalize() + "?")
        columns["context"].append(passage)
        columns["answers"].append({"text": [answer], "answer_start": [passage.index(answer)]})
    return pa.Table.from_pydict(columns, schema=_schema())


def read_alone(folder: Path, most: int) -> tuple[float, float]:
    """Return the rows a second, and a processor second, at which `datasets` streams the files, over `most` rows."""
    from datasets import load_dataset

    files = sorted(str(path) for path in folder.iterdir())
    data = load_dataset("parquet", data_files=files, split="train", streaming=True)
    began, cpu, rows = time.perf_counter(), time.process_time(), 0
    for _ in data:
        rows += 1
        if rows == most:
            break
    return rows / (time.perf_counter() - began), rows / (time.process_time() - cpu)


def collect_rows(source: Path, out: Path, workers: int) -> dict[str, Any]:
    """Collect and return what it took; in a process of its own, whose memory is nothing else's."""
    began, cpu = time.perf_counter(), _cpu_seconds()
    manifest = collect(CollectSettings(sources=[str(source)], workers=workers), out)
    seconds = time.perf_counter() - began
    cpu = _cpu_seconds() - cpu
    rows = manifest.counts["read"]
    return {
        "rows": rows,
        "kept": manifest.counts["kept"],
        "dropped": manifest.counts["dropped"],
        "workers": workers,
        "seconds": round(seconds, 1),
        "rows_a_second": round(rows / seconds),
        "rows_a_cpu_second": round(rows / cpu),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "peak_mib_worker": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "corpus_mib": round(sum(p.stat().st_size for p in out.rglob("*.parquet")) / 2**20),
    }


def _cpu_seconds() -> float:
    """Return the processor seconds of this process and its finished children."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def alone(step: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a step returns, run in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--alone-rows", type=int, default=300_000, help="rows that datasets reads alone")
    parser.add_argument("--scratch", type=Path, required=True)
    arguments = parser.parse_args()
    out = arguments.scratch / "corpus"
    os.environ.setdefault("HF_HOME", str(arguments.scratch / "hf"))
    try:
        for rows in arguments.rows:
            source = arguments.scratch / f"rows-{rows}"
            if not source.is_dir():  # made beforehand by an earlier, interrupted call
                alone(write_rows, source, rows)
            reading = alone(read_alone, source, min(rows, arguments.alone_rows))
            for workers in arguments.workers:
                result = alone(collect_rows, source, out, workers)
                result["datasets_rows_a_second"], result["datasets_rows_a_cpu_second"] = map(round, reading)
                result["share_of_reading"] = round(result["rows_a_second"] / reading[0], 2)
                result["share_of_reading_cpu"] = round(result["rows_a_cpu_second"] / reading[1], 2)
                print(json.dumps(result), flush=True)
                shutil.rmtree(out)
            shutil.rmtree(source)
    finally:
        shutil.rmtree(arguments.scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
