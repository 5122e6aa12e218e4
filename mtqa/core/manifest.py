"""The `_manifest.json` of a stage's output: what made it, from what, with which settings, and which files it holds.

It names no paths of the machine and no times, so that equal work gives equal bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.schema import SCHEMA_VERSION

MANIFEST = "_manifest.json"


@dataclass(frozen=True)
class FileRecord:
    """One file of an output: sha256 and size of its bytes, and its rows where it is a table."""

    sha256: str
    bytes: int
    rows: int | None = None


@dataclass(frozen=True)
class Part:
    """What is made and reused as a whole (a language of a corpus, or `all`): its inputs' fingerprint and its files.

    `files` maps paths relative to the output folder, with forward slashes.
    """

    fingerprint: str
    files: dict[str, FileRecord]
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """The sha256 over names and hashes of the files: equal content, equal value, whatever made it."""
        return fingerprint({name: record.sha256 for name, record in self.files.items()})


@dataclass(frozen=True)
class Manifest:
    """A stage's record of a finished output.

    `inputs` maps a name (`corpus`, `shards`, …) to the content fingerprint of what was read; `info` holds what else a
    reader wants to know (models and their revisions, versions, metrics).
    """

    stage: str
    stage_version: int
    settings: dict[str, Any]
    inputs: dict[str, str]
    parts: dict[str, Part]
    counts: dict[str, Any] = field(default_factory=dict)
    licences: list[str] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def fingerprint(self) -> str:
        """The sha256 over stage, version, settings and inputs: decides whether an output is up to date."""
        return stage_fingerprint(self.stage, self.stage_version, self.settings, self.inputs)

    @property
    def content(self) -> str:
        """The sha256 over the contents of all parts: what a later stage depends on."""
        return fingerprint({name: part.content for name, part in self.parts.items()})

    def save(self, folder: Path) -> None:
        """Write `_manifest.json` into the folder (whole or not at all)."""
        write_text_atomic(
            folder / MANIFEST, json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        )


def stage_fingerprint(stage: str, version: int, settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Return the fingerprint of a piece of work, before or after it is done."""
    return fingerprint({"stage": stage, "version": version, "settings": dict(settings), "inputs": dict(inputs)})


def load_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest. Raises UsageError where there is none or it cannot be read."""
    path = folder / MANIFEST
    next_step = "give the folder that an mtqa command wrote, or run that command again"
    if not folder.is_dir():
        raise UsageError(f"There is no folder '{folder}'.", where=folder, next_step=next_step)
    if not path.is_file():
        raise UsageError(
            f"'{folder}' is not a finished mtqa output.", where=path, expected=f"a file {MANIFEST}", next_step=next_step
        )
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["schema_version"] > SCHEMA_VERSION:
            raise UsageError(
                f"'{folder}' was written by a newer mtqa.",
                where=path,
                expected=f"schema_version {SCHEMA_VERSION} or older, found {raw['schema_version']}",
                next_step="upgrade mtqa",
            )
        parts = {
            name: Part(part["fingerprint"], {f: FileRecord(**r) for f, r in part["files"].items()}, part["counts"])
            for name, part in raw.pop("parts").items()
        }
        for name, record in (entry for part in parts.values() for entry in part.files.items()):
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"{name} lies outside the folder")
            if not isinstance(record.bytes, int) or not isinstance(record.rows, int | None):
                raise TypeError(f"the size of {name} is no number")
        return Manifest(parts=parts, **raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            "The manifest cannot be read.",
            where=path,
            expected="JSON as mtqa writes it",
            next_step=f"delete '{folder}' and make it again, or copy it again if it came from elsewhere",
        ) from error


def record_file(path: Path, rows: int | None = None) -> FileRecord:
    """Return the record of a finished file."""
    return FileRecord(file_sha256(path), path.stat().st_size, rows)


def record_folder(folder: Path, rows: Mapping[str, int] | None = None) -> dict[str, FileRecord]:
    """Return the records of every file below a folder but its manifest, by relative path in sorted order."""
    rows = rows or {}
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name: record_file(folder / name, rows.get(name)) for name in names if name != MANIFEST}


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise UsageError where a file that the manifest lists is missing or has another size (a broken copy)."""
    for part in manifest.parts.values():
        for name, record in part.files.items():
            path = folder / name
            size = path.stat().st_size if path.is_file() else None
            if size != record.bytes:
                raise UsageError(
                    "A file is missing." if size is None else "A file is damaged.",
                    where=path,
                    expected=f"{record.bytes:,} bytes" + ("" if size is None else f", found {size:,}"),
                    next_step=f"delete '{folder}' and run the stage '{manifest.stage}' again",
                )


def write_text_atomic(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never a half of it; an OSError names the file."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise
