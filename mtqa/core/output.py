"""Building an output folder: beside its place, swapped in by rename when whole, skipped when up to date."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.core.corpus import disk_error
from mtqa.core.errors import FULL_DISK, UsageError
from mtqa.core.lock import hold
from mtqa.core.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    Part,
    check_files,
    load_manifest,
    record_file,
    record_folder,
    stage_fingerprint,
)

ELSEWHERE = "choose another --out"


@dataclass(frozen=True)
class Work:
    """What a stage is about to do: enough to know whether it has been done."""

    stage: str
    version: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """Equal to the fingerprint of the manifest that this work will write."""
        return stage_fingerprint(self.stage, self.version, self.settings, self.inputs)

    def part_fingerprint(self, settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
        """Return the fingerprint of one part from the settings and inputs that bear on it alone."""
        return stage_fingerprint(self.stage, self.version, settings, inputs)


def up_to_date(out: Path, work: Work) -> Manifest | None:
    """Return the manifest if `out` already holds exactly this work, whole; else None."""
    _recover(out)
    if not (out / MANIFEST).is_file():
        return None
    manifest = load_manifest(out)
    if manifest.stage != work.stage or manifest.fingerprint != work.fingerprint:
        return None
    try:
        check_files(out, manifest)
    except UsageError:
        return None
    return manifest


def guard(out: Path, work: Work, *, overwrite: bool) -> None:
    """Raise UsageError where writing to `out` would destroy what is not this stage's to replace.

    A folder without a manifest, or of another stage, is never replaced; a finished result of the same stage with
    other settings or inputs only with `overwrite`.
    """
    if out.name in ("", ".."):
        raise UsageError("The output is a folder without a name of its own.", where=out, expected="a folder's name")
    _check_place(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise UsageError("The output is a file.", where=out, expected="a folder", next_step=ELSEWHERE)
    if not (out / MANIFEST).is_file():
        raise UsageError(
            "The output folder holds files that mtqa did not write.",
            where=out,
            expected="an empty or new folder",
            next_step=ELSEWHERE,
        )
    manifest = load_manifest(out)
    if manifest.stage != work.stage:
        raise UsageError(
            f"The output folder holds the result of '{manifest.stage}'.",
            where=out,
            expected=f"an empty folder or an older result of '{work.stage}'",
            next_step=ELSEWHERE,
        )
    if not overwrite:
        keys = sorted(
            k for k in {*manifest.settings, *work.settings} if manifest.settings.get(k) != work.settings.get(k)
        )
        differs = ", ".join(keys) if keys else "its inputs" if manifest.inputs != dict(work.inputs) else "its files"
        raise UsageError(
            f"The output folder holds another result of '{work.stage}' (different: {differs}).",
            where=out,
            next_step="choose another --out, or replace it with --overwrite",
        )


def _check_place(out: Path) -> None:
    """Raise UsageError where no folder can be made at `out`."""
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UsageError("The output lies below a file.", where=above, expected="a folder", next_step=ELSEWHERE)
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(
            "The output's folder cannot be written to.", where=above, expected="write permission", next_step=ELSEWHERE
        )


class Building:
    """A folder under construction at `path`; parts of the old output can be taken over, then `finish` is called."""

    def __init__(self, out: Path, work: Work) -> None:
        self.out, self.work = out, work
        self.path = out.with_name(f".{out.name}.tmp")
        self.manifest: Manifest | None = None
        self._old: Manifest | None = None
        with contextlib.suppress(UsageError):
            old = load_manifest(out)
            if old.stage == work.stage:
                check_files(out, old)
                self._old = old

    def reuse(self, part: str, fingerprint: str) -> Part | None:
        """Take a part's files over from the old output if its fingerprint is the same; None where it must be made."""
        old = self._old.parts.get(part) if self._old else None
        if old is None or old.fingerprint != fingerprint:
            return None
        for name in old.files:
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self.out / name, target)
        return old

    def finish(
        self,
        parts: Mapping[str, Part],
        *,
        counts: Mapping[str, Any] | None = None,
        licences: list[str] | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Write the manifest; the swap follows when the `with` block ends."""
        self.manifest = Manifest(
            stage=self.work.stage,
            stage_version=self.work.version,
            settings=dict(self.work.settings),
            inputs=dict(self.work.inputs),
            parts=dict(parts),
            counts=dict(counts or {}),
            licences=sorted(set(licences or [])),
            info=dict(info or {}),
        )
        self.manifest.save(self.path)
        return self.manifest

    def record_part(self, fingerprint: str, rows: Mapping[str, int], counts: Mapping[str, Any] | None = None) -> Part:
        """Return a part made of the files named in `rows` (relative path → rows)."""
        files: dict[str, FileRecord] = {name: record_file(self.path / name, rows[name]) for name in sorted(rows)}
        return Part(fingerprint, files, dict(counts or {}))

    def record_rest(self, fingerprint: str, rows: Mapping[str, int] | None = None) -> Part:
        """Return one part made of every file built so far (for outputs that are made as a whole)."""
        return Part(fingerprint, record_folder(self.path, rows))


@contextlib.contextmanager
def building(out: Path, work: Work, *, overwrite: bool = False) -> Iterator[Building]:
    """Yield a Building for `out`; swap it in when the block ends with a manifest written, remove it on an error.

    Raises UsageError as `guard` does and where another process builds the same output, MtqaError where the disk is
    full. After `kill -9` the old output still stands and the half-built folder, `.NAME.tmp`, is thrown away by the next
    run: data to resume from must live elsewhere.
    """
    _recover(out)
    guard(out, work, overwrite=overwrite)
    build = Building(out, work)
    with _new_folder(build.path, out):
        try:
            yield build
            if build.manifest is None:
                raise RuntimeError(f"the stage {work.stage} ended without a manifest")
            _sync(build.path)
            _swap(build.path, out)
        except BaseException as error:  # not after a swap: another process may build there by now
            shutil.rmtree(build.path, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in FULL_DISK:
                raise disk_error(out, error) from error
            raise


@contextlib.contextmanager
def _new_folder(path: Path, out: Path) -> Iterator[None]:
    """Make an empty folder and hold it; what a killed process left there goes. Raises UsageError where one works."""
    busy = UsageError(
        "Another mtqa process is writing this output.", where=out, next_step=f"wait for it, or {ELSEWHERE}"
    )
    if path.exists():
        with hold(path) as left_behind:
            if not left_behind:
                raise busy
            shutil.rmtree(path, ignore_errors=True)
    try:
        path.mkdir(parents=True)
    except FileExistsError:  # a moment ago it did not
        raise busy from None
    with hold(path) as held:
        if not held:
            raise busy
        yield


def _old_path(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _recover(out: Path) -> None:
    """Put the old output back where a crash fell between the two renames of `_swap`."""
    if not out.exists() and _old_path(out).is_dir():
        _old_path(out).rename(out)


def _swap(new: Path, out: Path) -> None:
    """Put `new` in the place of `out`; a crash between the two renames is mended by `_recover`."""
    old = _old_path(out)
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    _sync_folder(out.parent)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a finished (never again written) file, or copy it where links are not to be had."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
