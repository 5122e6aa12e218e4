"""Taking nested values out of rows, with errors that name row and column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtqa.core.errors import UsageError

Row = Mapping[str, Any]


def get(row: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Return a value of a row; raises UsageError where it is missing or of another type."""
    value = row.get(key) if isinstance(row, Mapping) else None
    if not isinstance(value, kind):
        columns = ", ".join(map(str, row)) if isinstance(row, Mapping) else type(row).__name__
        problem = "is missing" if value is None else f"is a {type(value).__name__}"
        raise UsageError(f"'{key}' {problem}.", where=where, expected=f"the source's own layout; found {columns}")
    return value


def text(row: Any, key: str, where: str) -> str:
    """Return a text of a row; a null is an empty text."""
    value = row.get(key) if isinstance(row, Mapping) else None
    return "" if value is None and isinstance(row, Mapping) and key in row else str(get(row, key, (str, int), where))


def texts(row: Any, key: str, where: str) -> list[str]:
    """Return a list of texts of a row; a null is an empty list."""
    if isinstance(row, Mapping) and key in row and row[key] is None:
        return []
    return [str(value) for value in get(row, key, list, where)]


def records(value: Any, where: str) -> list[dict[str, Any]]:
    """Return a list of records, which `datasets` stores as a record of lists (`Sequence` of a mapping)."""
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value):
        return [dict(entry) for entry in value]
    if isinstance(value, Mapping) and all(isinstance(column, list) for column in value.values()):
        lengths = {len(column) for column in value.values()}
        if len(lengths) <= 1:
            return [dict(zip(value, entry, strict=True)) for entry in zip(*value.values(), strict=True)]
    raise UsageError("A list of records cannot be read.", where=where, expected="records, or lists of equal length")
