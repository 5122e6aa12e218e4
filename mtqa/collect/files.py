"""Opening source files: plain or gzip, UTF-8, with errors that name the file and what is wrong with it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from mtqa.core.errors import UsageError

NEXT_STEP = "copy or download the file again"


def kind(path: Path) -> str:
    """Return a file's type by its name without `.gz`: `json`, `jsonl`, `csv` …, or "" where it has none."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix.removeprefix(".")


def stem(path: Path) -> str:
    """Return a file's or folder's name without its extensions."""
    return path.stem.partition(".")[0] if path.is_dir() else Path(path.name.removesuffix(".gz")).stem


def open_text(path: Path) -> TextIO:
    """Open a text file, through gzip where the name ends in `.gz`; a byte-order mark is skipped."""
    try:
        if path.name.lower().endswith(".gz"):
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"The file cannot be opened: {error.strerror or error}.", where=path) from error


def lines(path: Path) -> Iterator[str]:
    """Yield a text file's lines; raises UsageError where the file is not UTF-8 or its gzip is broken."""
    with open_text(path) as file:
        try:
            yield from file
        except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(path, error) from error


def read_text(path: Path) -> str:
    """Return a whole text file; raises UsageError as `lines` does."""
    return "".join(lines(path))


def read_json(path: Path) -> Any:
    """Return a whole JSON file; raises UsageError with line and column where it is not valid JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = f"{path}, line {error.lineno}, column {error.colno}"
        raise UsageError(f"The file is not valid JSON: {error.msg}.", where=at, next_step=NEXT_STEP) from error


def damaged(path: Path, error: Exception) -> UsageError:
    """Return the error for a file whose bytes cannot be read as text."""
    if isinstance(error, UnicodeDecodeError):
        return UsageError(
            "The file is not UTF-8.", where=path, expected="UTF-8 text", next_step="convert it, e.g. with iconv"
        )
    return UsageError(
        "The gzip file is damaged or cut off.", where=path, expected="a whole .gz file", next_step=NEXT_STEP
    )
