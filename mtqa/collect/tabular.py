"""Tables: JSON lines, JSON arrays, CSV, TSV and Parquet, with a map from fields to columns."""

from __future__ import annotations

import ast
import contextlib
import csv
import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop
from mtqa.core.textfile import NEXT_STEP, lines

Row = tuple[str, dict[str, Any]]
"""Where a row stands (file and line, for errors) and the row."""

USUAL_COLUMNS = {
    "question": ("question", "query"),
    "passage": ("passage", "context", "text"),
    "answers": ("answers", "answer"),
    "answer_start": ("answer_start",),
    "title": ("title",),
    "id": ("id", "_id"),
}
CSV_FIELD_BYTES = 1 << 30


def list_rows(data: list[Any], path: Path) -> Iterator[Row]:
    """Yield the objects of a JSON array."""
    for number, row in enumerate(data):
        if not isinstance(row, dict):
            raise UsageError(
                "The entry is not a JSON object.", where=f"{path}, entry {number}", expected='{"question": …}'
            )
        yield f"{path}, entry {number}", row


def csv_rows(path: Path, delimiter: str, *, quoted: bool = True) -> Iterator[Row]:
    """Yield the rows of a CSV or TSV file with a header line, quoted as in RFC 4180 or not at all."""
    csv.field_size_limit(CSV_FIELD_BYTES)
    reader = csv.reader(
        lines(path), delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    header: list[str] = []
    try:
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if not header:
                header = [cell.strip() for cell in cells]
                _check_twice(header, where)
            elif len(cells) == len(header):
                yield where, dict(zip(header, cells, strict=True))
            elif cells:
                raise UsageError(
                    f"The row has {len(cells)} cells.", where=where, expected=f"{len(header)}: {', '.join(header)}"
                )
    except csv.Error as error:
        where = f"{path}, line {reader.line_num}"
        expected = "cells quoted as in RFC 4180"
        raise UsageError(f"The file is not valid CSV: {error}.", where=where, expected=expected) from error


def parquet_rows(path: Path, columns: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of a Parquet file; only the top-level columns in use (see `resolve_columns`) are read."""
    from mtqa.core.corpus import read_batches

    top = list(dict.fromkeys(column.partition(".")[0] for column in columns.values()))
    at, number = f"{path}, row ", 0
    for batch in read_batches(path, top, size=1024):
        for values in zip(*[batch[name].to_pylist() for name in top], strict=True):
            yield f"{at}{number}", dict(zip(top, values, strict=True))
            number += 1


def parquet_columns(path: Path) -> list[str]:
    """Return a Parquet file's column names; raises UsageError where the file is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise UsageError("The file is not a whole Parquet file.", where=path, next_step=NEXT_STEP) from error
    _check_twice(names, path)
    return names


def _check_twice(names: Sequence[str], where: object) -> None:
    """Raise UsageError where a table has two columns of one name, of which either may be meant."""
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UsageError(
            f"Two columns are called '{twice[0]}'.", where=where, expected="columns with names of their own"
        )


def resolve_columns(available: Iterable[str], chosen: Mapping[str, str], where: object) -> dict[str, str]:
    """Return field → column: the chosen ones, else the usual names where the table has them.

    A column that is chosen for one field is no other field's by its name; "" leaves the field out. A dotted name goes
    into a nested column. Raises UsageError where a chosen column, or any column for the question, is missing, with the
    columns there are and the nearest.
    """
    names = list(available)
    columns = {}
    for field, usual in USUAL_COLUMNS.items():
        column = chosen.get(field)
        if column == "":
            continue
        if column is None:
            column = next((name for name in usual if name in names and name not in chosen.values()), None)
        elif column not in names and column.partition(".")[0] not in names:
            raise _no_column(field, column, names, where)
        if column is not None:
            columns[field] = column
    if "question" not in columns:
        raise _no_column("question", "question", names, where)
    return columns


def _no_column(field: str, column: str, names: list[str], where: object) -> UsageError:
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.4)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return UsageError(
        f"There is no column '{column}'.{hint}",
        where=where,
        expected=f"a column for '{field}'; the columns are {', '.join(names) or 'none'}",
        next_step=f"name it: --map {field}={near[0] if near else 'COLUMN'}",
    )


def read_table(rows: Callable[[Mapping[str, str]], Iterable[Row]], columns: Mapping[str, str]) -> Iterator[RawItem]:
    """Yield one item a row; `rows` gives the rows of a table once it is told the columns in use."""
    for where, row in rows(columns):
        yield to_item(row, columns, where)


def to_item(row: Mapping[str, Any], columns: Mapping[str, str], where: str) -> RawItem:
    """Make an item of a row; a passage that is a list of texts gets one a line.

    A table without columns for passages and answers is one of questions alone, to be translated.

    Raises UsageError that names the row and column where a value has the wrong type.
    """

    starts = cell(row, columns["answer_start"]) if "answer_start" in columns else None
    raw_answers = cell(row, columns["answers"]) if "answers" in columns else None
    try:
        answers = tuple(to_answers(raw_answers, starts))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise UsageError(
            f"The answers in the column '{columns['answers']}' cannot be read.",
            where=where,
            expected='text, a list of texts, {"text": […], "answer_start": […]} or [{"text": …, "answer_start": …}]',
        ) from error
    squad_like = isinstance(raw_answers, dict) and "text" in raw_answers
    return RawItem(
        id=text_of(row, columns, "id", where) or "",
        question=text_of(row, columns, "question", where) or "",
        passage=text_of(row, columns, "passage", where),
        title=text_of(row, columns, "title", where),
        answers=answers,
        drop=Drop.UNANSWERABLE if squad_like and not answers else None,
        alone="passage" not in columns and "answers" not in columns,
    )


def text_of(row: Mapping[str, Any], columns: Mapping[str, str], field: str, where: str) -> str | None:
    """Return a field's text, None where the table has no column for it."""
    column = columns.get(field)
    if column is None:
        return None
    value = cell(row, column)
    if isinstance(value, str):
        return value
    if field == "passage" and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if value is None or isinstance(value, (int, float)):
        return "" if value is None else str(value)
    raise UsageError(f"The column '{column}' is a {type(value).__name__}.", where=where, expected=f"text for '{field}'")


def cell(row: Mapping[str, Any], column: str) -> Any:
    """Return a row's value of a column, or of a dotted path into nested values; None where a part is missing.

    NaN is a missing value too: data frames write it.
    """
    if column in row:
        value = row[column]
    else:
        value = row
        for part in column.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    return None if isinstance(value, float) and math.isnan(value) else value


def to_answers(value: Any, starts: Any = None) -> list[Answer]:
    """Return answers from the ways in which tables write them; raises TypeError, ValueError or KeyError.

    A text in brackets is a list as JSON or Python writes it.
    """
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = _literal(value)
    if isinstance(value, dict):
        value, starts = value["text"], value.get("answer_start", value.get("start"))
    if value is None or value == "":
        return []
    texts = value if isinstance(value, (list, tuple)) else [value]
    if set(map(type, texts)) <= {dict}:
        return [Answer(_plain(text["text"]), _start(text.get("answer_start", text.get("start")))) for text in texts]
    if isinstance(starts, str) and starts[:1] == "[":
        starts = _literal(starts)
    offsets = starts if isinstance(starts, (list, tuple)) else [starts] + [None] * (len(texts) - 1)
    starts = offsets or [None] * len(texts)
    return [Answer(_plain(text), _start(start)) for text, start in zip(texts, starts, strict=True)]


def _plain(value: Any) -> str:
    """Return an answer as text; raises TypeError for what is none, null and NaN too, of which "None" would be made."""
    if not isinstance(value, (str, int, float)) or value != value:
        raise TypeError(f"{value!r} is not text")
    return str(value)


def _literal(text: str) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _start(value: Any) -> int | None:
    """Return an offset; empty cells and negative numbers mean that it is not known."""
    if type(value) is int:  # nearly always
        return value if value >= 0 else None
    if value is None or value == "":
        return None
    number = int(value)
    return number if number >= 0 else None
