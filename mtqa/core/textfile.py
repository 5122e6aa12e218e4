"""Text and JSON files from elsewhere: plain or gzip, UTF-8 with or without a byte-order mark; errors name the place."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError

NEXT_STEP = "copy or download the file again"


def lines(path: Path, newline: str | None = "") -> Iterator[str]:
    """Yield a text file's lines with their ends, which are what `newline` makes of them in `open`.

    Raises UsageError where the file cannot be read, is not UTF-8 or its gzip is broken.
    """
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline=newline) as file:
            yield from file
    except UnicodeDecodeError as error:
        raise UsageError(
            "The file is not UTF-8.", where=path, expected="UTF-8 text", next_step="convert it, e.g. with iconv"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "its gzip is damaged or cut off"
        raise UsageError(f"The file cannot be read: {reason}.", where=path, next_step=NEXT_STEP) from error


def read_text(path: Path, newline: str | None = "") -> str:
    """Return a whole text file; raises UsageError as `lines` does."""
    return "".join(lines(path, newline))


def read_json(path: Path) -> Any:
    """Return a whole JSON file; raises UsageError as `lines` does, with line and column where it is not valid JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        at = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(
            f"The file is not valid JSON: {_fault(error)}.", where=f"{path}{at}", next_step=NEXT_STEP
        ) from error


def json_rows(path: Path, parse: Callable[[str], Any] = json.loads) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place for errors, object) of a file of JSON lines; empty lines are skipped.

    Raises UsageError as `lines` does, and where a line is not a JSON object.
    """
    for number, line in enumerate(lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = parse(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"The line is not valid JSON: {_fault(error)}.", where=where, expected="one JSON object a line"
            ) from error
        if not isinstance(row, dict):
            raise UsageError("The line is not a JSON object.", where=where, expected="one JSON object a line")
        yield where, row


def _fault(error: Exception) -> str:
    """Return what is wrong with a text that is no JSON; a number of more than 4,300 digits is a plain ValueError."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error).partition(":")[0]
