"""Reading tables of any size row by row: JSONL, TSV (with a header) and Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.corpus import read_batches
from mtqa.core.errors import UsageError

SUFFIXES = (".jsonl", ".tsv", ".parquet")


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, the named columns only, in order.

    Raises UsageError that names file and line for a missing file or column and for what cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="JSONL, TSV or Parquet")
    if path.suffix == ".parquet":
        _columns(path, columns)
        for batch in read_batches(path, columns):
            yield from batch.to_pylist()
    elif path.suffix == ".tsv":
        yield from _tsv(path, columns)
    elif path.suffix in (".jsonl", ".json", ".ndjson"):
        yield from _jsonl(path, columns)
    else:
        raise UsageError(
            f"'{path.name}' is no table that mtqa reads.",
            where=path,
            expected=f"a name that ends in {', '.join(SUFFIXES)}",
        )


def as_text(value: Any) -> str | None:
    """Return a cell as text, None where it holds nothing: null, or the NaN that data frames write for it."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _columns(path: Path, columns: Sequence[str]) -> None:
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError):
        return  # reading it will say so
    if missing := [name for name in columns if name not in names]:
        raise UsageError(f"The table has no column {', '.join(missing)}.", where=path, expected=", ".join(columns))


def _jsonl(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    expected = "one JSON object a line with " + ", ".join(columns)
    with path.open("rb") as file:  # lines end in \n only: text may hold other line separators
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise UsageError("A line is not UTF-8.", where=f"{path}:{number}", expected=expected) from error
            except ValueError as error:
                raise UsageError("A line is no JSON.", where=f"{path}:{number}", expected=expected) from error
            missing = [name for name in columns if name not in row] if isinstance(row, dict) else list(columns)
            if missing:
                raise UsageError(f"A row has no {', '.join(missing)}.", where=f"{path}:{number}", expected=expected)
            yield {name: row[name] for name in columns}


def _tsv(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        header: list[str] | None = None
        for number, line in enumerate(file, 1):
            try:
                cells = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n").split("\t")
            except UnicodeDecodeError as error:
                raise UsageError("A line is not UTF-8.", where=f"{path}:{number}") from error
            if header is None:
                header = cells
                if missing := [name for name in columns if name not in header]:
                    raise UsageError(
                        f"The table has no column {', '.join(missing)}.",
                        where=path,
                        expected="a first line with " + ", ".join(columns),
                    )
            elif len(cells) != len(header):
                raise UsageError(
                    f"A line has {len(cells)} cells.",
                    where=f"{path}:{number}",
                    expected=f"{len(header)}, as the header",
                )
            else:
                row = dict(zip(header, cells, strict=True))
                yield {name: row[name] for name in columns}
