"""What is sent: the built folder, with the card that people wrote in merged into it; and what differs from it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mtqa.core.hashing import file_sha256
from mtqa.publish.layout import CARD, CHECKSUMS, place, published_files
from mtqa.publish.merge import merge


def staged(folder: Path, scratch: Path, card: str, own_hash: str | None) -> Path:
    """Return the folder to send: `folder` itself, or a copy (hard links) in `scratch` with a merged card.

    `card` is the repository's card as it is; `own_hash` is the sha256 of the card that mtqa's last upload left there.
    Where the two agree nobody has written in it, so the new card takes its place.
    """
    if not card.strip() or hashlib.sha256(card.encode()).hexdigest() == own_hash:
        return folder
    names = [name for name in published_files(folder) if name not in (CARD, CHECKSUMS)]
    place(folder, scratch, {name: name for name in names})
    merged = merge(card, (folder / CARD).read_text(encoding="utf-8"))
    (scratch / CARD).write_text(merged, encoding="utf-8", newline="\n")
    lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines(keepends=True)
    digest = file_sha256(scratch / CARD)
    lines = [f"{digest}  {CARD}\n" if line.endswith(f"  {CARD}\n") else line for line in lines]
    (scratch / CHECKSUMS).write_text("".join(lines), encoding="utf-8", newline="\n")
    return scratch


def differences(folder: Path, remote: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with the files of a revision (path → RepoFile): name, and what in a few words.

    Large files are compared by the sha256 of their LFS record, small ones by git's sha1 of the blob; sizes too.
    """
    from huggingface_hub.utils.sha import git_hash

    problems = []
    for name in published_files(folder):
        path, found = folder / name, remote.get(name)
        if found is None:
            problems.append((name, "missing"))
        elif found.size != path.stat().st_size:
            problems.append((name, f"{found.size:,} bytes instead of {path.stat().st_size:,}"))
        elif found.lfs is not None:
            if found.lfs.sha256 != file_sha256(path):
                problems.append((name, "another sha256"))
        elif found.blob_id != git_hash(path.read_bytes()):
            problems.append((name, "another content"))
    return problems
