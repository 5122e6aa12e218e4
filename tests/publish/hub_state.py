"""What the local Hub server remembers: repositories with their commits and refs, and the faults that are planted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Blob:
    content: bytes
    lfs: bool

    @property
    def sha1(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Repo:
    private: bool
    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    requests: dict[int, str] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)

    def commit(self, ref: str, files: dict[str, Blob], oid: str | None = None) -> str:
        oid = oid or hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[oid] = files
        self.refs[ref] = oid
        return oid

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)

    def split(self, parts: list[str]) -> tuple[str | None, str]:
        """Return the commit and the path of `REVISION/PATH`, where a revision may hold slashes."""
        for cut in range(1, len(parts) + 1):
            oid = self.resolve("/".join(parts[:cut]))
            if oid is not None:
                return oid, "/".join(parts[cut:])
        return None, ""

    def entry(self, oid: str, path: str) -> dict[str, Any]:
        blob = self.commits[oid].get(path)
        if blob is None:
            return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
        large = {"lfs": {"oid": blob.sha256, "size": len(blob.content), "pointerSize": 130}} if blob.lfs else {}
        return {"type": "file", "path": path, "size": len(blob.content), "oid": blob.sha1, **large}

    def files(self, revision: str) -> dict[str, bytes]:
        oid = self.resolve(revision)
        return {} if oid is None else {name: blob.content for name, blob in self.commits[oid].items()}


@dataclass
class Fault:
    """`skip` requests pass first.

    `action`: an HTTP status, "drop" (close without an answer), "after" (do it, then close) or "damage".
    """

    method: str
    path: str
    action: int | str
    times: int = 1
    skip: int = 0
