"""Writing a small run's files and reading its output."""

from __future__ import annotations

from pathlib import Path

import yaml


def permissive(folder: Path) -> Path:
    """A profile that keeps nearly everything, so that sixty items are enough for a few batches."""
    path = folder / "profile.yaml"
    path.write_text("name: permissive\nquestion: {empty: 0.9, length_ratio: 3.0}\n", encoding="utf-8")
    return path


def save(recipe: dict, folder: Path) -> Path:
    """Write a recipe file and return its path."""
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def parquet_bytes(run: Path, *stages: str) -> dict[str, bytes]:
    """Return the bytes of every Parquet file of some stages by relative path."""
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for stage in stages
        for path in sorted((run / stage).rglob("*.parquet"))
    }
