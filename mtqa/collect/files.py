"""What the names of source files say."""

from __future__ import annotations

from pathlib import Path


def kind(path: Path) -> str:
    """Return a file's type by its name without `.gz`: `json`, `jsonl`, `csv` …, or "" where it has none."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix.removeprefix(".")


def stem(path: Path) -> str:
    """Return a file's or folder's name without its extensions."""
    return path.stem.partition(".")[0] if path.is_dir() else Path(path.name.removesuffix(".gz")).stem
