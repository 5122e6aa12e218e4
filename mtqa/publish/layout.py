"""The folder that is uploaded: where files go, checksums, and provenance without traces of the machine."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mtqa.core.corpus import Corpus, disk_error
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256
from mtqa.core.lineage import lineage
from mtqa.core.manifest import MANIFEST, Manifest

CHECKSUMS = "SHA256SUMS"
PROVENANCE = "mtqa.json"
CARD = "README.md"
LICENCE_FILE = "LICENSE.md"
_ABSOLUTE = re.compile(r"^(?:[A-Za-z]:[\\/]|[\\/~]|\.\.?[\\/]).*[^\\/]")


def dataset_files(corpus: Corpus) -> dict[str, str]:
    """Return published path → path in the corpus: `data/LANG/SPLIT-00000-of-00002.parquet`, as the Hub's viewer likes.

    Rejected rows and scores (dot folders) stay at home.
    """
    names: dict[str, str] = {}
    for lang in corpus.languages:
        for split in corpus.splits(lang):
            files = corpus.files(lang, split)
            for number, path in enumerate(files):
                target = f"data/{lang}/{split}-{number:05d}-of-{len(files):05d}.parquet"
                names[target] = path.relative_to(corpus.path).as_posix()
    return names


def model_files(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Return published path → path in a model folder: all that the manifest lists but card, checkpoints and records."""
    names = sorted(name for part in manifest.parts.values() for name in part.files)
    return {name: name for name in names if not _stays(Path(name))}


def _stays(name: Path) -> bool:
    private = any(part.startswith(".") or part.lower().startswith("checkpoint") for part in name.parts)
    return private or name.as_posix() in (CARD, MANIFEST, CHECKSUMS, PROVENANCE)


def place(source: Path, target: Path, names: Mapping[str, str]) -> None:
    """Put files of `source` into `target` under their published names: hard links, or copies where these can't be."""
    for new, old in names.items():
        path = target / new
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / old, path)
        except OSError:
            try:
                shutil.copyfile(source / old, path)
            except OSError as error:
                raise disk_error(path, error) from error


def check_hashes(source: Path, manifest: Manifest, names: Mapping[str, str], hashes: Mapping[str, str]) -> None:
    """Raise UsageError where a file's bytes are no longer those that the stage's manifest records."""
    recorded = {name: file.sha256 for part in manifest.parts.values() for name, file in part.files.items()}
    for new, old in names.items():
        if hashes[new] != recorded[old]:
            raise UsageError(
                "A file has changed since it was made.",
                where=source / old,
                expected=f"sha256 {recorded[old]}",
                next_step=f"run the stage '{manifest.stage}' again into an empty folder",
            )


def plain_bytes(files: Iterable[Path]) -> int:
    """Return the uncompressed size of the columns of Parquet files, from their footers."""
    footers = (pq.read_metadata(path) for path in files)
    return sum(footer.row_group(i).total_byte_size for footer in footers for i in range(footer.num_row_groups))


def write_checksums(folder: Path, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Write SHA256SUMS over all files but itself and the manifest (`sha256sum -c` reads it); return name → sha256.

    `known` holds hashes that were taken already.
    """
    known = known or {}
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    listed = [name for name in paths if name not in (CHECKSUMS, MANIFEST)]
    hashes = {name: known.get(name) or file_sha256(folder / name) for name in listed}
    text = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
    (folder / CHECKSUMS).write_text(text, encoding="utf-8", newline="\n")
    return hashes


def read_checksums(text: str) -> dict[str, str]:
    """Return name → sha256 of a SHA256SUMS file; lines of another form are left out."""
    found = re.finditer(r"^([0-9a-f]{64})  (\S.*)$", text, flags=re.MULTILINE)
    return {match[2]: match[1] for match in found}


def published_files(folder: Path) -> list[str]:
    """Return the paths of what is uploaded from a built folder: everything but the local manifest."""
    return sorted(
        name
        for name in (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        if name != MANIFEST
    )


def write_provenance(folder: Path, kind: str, manifest: Manifest) -> None:
    """Write `mtqa.json`: what each stage did, with which settings and counts, without paths of the machine."""
    from mtqa import __version__

    content = {"mtqa": __version__, "kind": kind, "stages": public(lineage(manifest))}
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / PROVENANCE).write_text(text, encoding="utf-8", newline="\n")


def public(value: Any) -> Any:
    """Return a JSON-like value whose paths of a machine (absolute, `~`, `./`, `../`) are cut to their last name."""
    if isinstance(value, Mapping):
        return {key: public(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [public(item) for item in value]
    if isinstance(value, str) and _ABSOLUTE.match(value) and "\n" not in value:
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return value
