"""Vectors from anywhere: the texts in evaluation order for another system to encode, and its vectors read back."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.evaluate.lareqa import Benchmark, candidate_texts

TEXTS = pa.schema(
    [
        pa.field("role", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("context", pa.string()),
    ]
)
"""One row a text to encode: first the queries, then the candidates (`role`), each in evaluation order. `text` is what
is encoded under the chosen candidate setting; `context` is the candidate's paragraph, null for a query."""
Floats32 = NDArray[np.float32]


def write_texts(benchmark: Benchmark, candidate: str, path: Path) -> int:
    """Write queries and candidates in evaluation order to a Parquet file, whole or not at all; returns its rows."""
    queries, candidates = benchmark.queries, benchmark.candidates
    table = pa.table(
        {
            "role": ["query"] * len(queries) + ["candidate"] * len(candidates),
            "lang": [q.lang for q in queries] + [c.lang for c in candidates],
            "id": [q.id for q in queries] + [c.id for c in candidates],
            "text": [q.text for q in queries] + candidate_texts(benchmark, candidate),
            "context": [None] * len(queries) + [c.context for c in candidates],
        },
        schema=TEXTS,
    )
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error(path, error) from error
    return len(queries) + len(candidates)


def load_vectors(path: Path, benchmark: Benchmark) -> tuple[Floats32, Floats32]:
    """Return `queries` (Q, d) and `candidates` (N, d) of an .npz file as float32, as they are (not normalised).

    They are compared by dot product: normalise them before saving where cosine is meant. Raises UsageError where the
    file, an array, a row or a finite value is missing, or the dimensions differ.
    """
    queries = _array(path, "queries", len(benchmark.queries), benchmark)
    candidates = _array(path, "candidates", len(benchmark.candidates), benchmark)
    if queries.shape[1] != candidates.shape[1]:
        raise UsageError(
            f"Queries have {queries.shape[1]} dimensions, candidates {candidates.shape[1]}.",
            where=path,
            expected="vectors of one encoder",
        )
    return queries, candidates


def _array(path: Path, name: str, rows: int, benchmark: Benchmark) -> Floats32:
    expected = f"an array '{name}' of {rows:,} rows of numbers"
    next_step = "write the texts with --write-texts and encode them row for row"
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="an .npz file of vectors")
    try:
        with np.load(path, allow_pickle=False) as file:
            array = file[name]
    except KeyError as error:
        raise UsageError(f"The file has no array '{name}'.", where=path, expected=expected) from error
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise UsageError(
            "The vectors cannot be read.", where=path, expected="an .npz file of two float arrays", next_step=next_step
        ) from error
    if array.ndim != 2 or len(array) != rows or not array.shape[1] or array.dtype.kind not in "fiu":
        raise UsageError(
            f"The array '{name}' has the shape {array.shape} and type {array.dtype}.",
            where=path,
            expected=f"{expected} ({benchmark.name}, {', '.join(benchmark.languages)})",
            next_step=next_step,
        )
    vectors: Floats32 = array.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise UsageError(
            f"{len(bad):,} rows of '{name}' hold values that are not finite.",
            where=f"{path}: {name}[{bad[0]}]",
            expected="finite numbers",
        )
    return vectors
