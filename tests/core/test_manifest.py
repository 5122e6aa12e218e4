"""Manifests: what they hold, how they are read back, what damage they find."""

import errno
import json
import os
from pathlib import Path

import pytest

from mtqa.core.errors import UsageError
from mtqa.core.hashing import fingerprint
from mtqa.core.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    Part,
    check_files,
    load_manifest,
    record_file,
    record_folder,
    write_text_atomic,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def sample(folder: Path) -> Manifest:
    (folder / "deu").mkdir(parents=True, exist_ok=True)
    (folder / "deu" / "a.txt").write_bytes(b"abc")
    part = Part("f1", {"deu/a.txt": record_file(folder / "deu" / "a.txt", 7)}, {"kept": 7})
    return Manifest("filter", 2, {"x": 0.5}, {"corpus": "c"}, {"deu": part}, {"rows": 7}, ["MIT"], {"é": [1]})


def test_a_saved_manifest_reads_back_equal(tmp_path: Path) -> None:
    manifest = sample(tmp_path)
    manifest.save(tmp_path)
    assert load_manifest(tmp_path) == manifest
    assert manifest.parts["deu"].files == {"deu/a.txt": FileRecord(ABC, 3, 7)}
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [MANIFEST]


def test_equal_work_gives_equal_bytes_without_paths_or_times(tmp_path: Path) -> None:
    for name in ("one", "two"):
        sample(tmp_path / name).save(tmp_path / name)
    text = (tmp_path / "one" / MANIFEST).read_bytes()
    assert text == (tmp_path / "two" / MANIFEST).read_bytes()
    assert str(tmp_path).encode() not in text and "é".encode() in text


def test_fingerprints_follow_what_they_should(tmp_path: Path) -> None:
    manifest = sample(tmp_path)
    assert manifest.fingerprint == fingerprint(
        {"stage": "filter", "version": 2, "settings": {"x": 0.5}, "inputs": {"corpus": "c"}}
    )
    part = manifest.parts["deu"]
    assert part.content == fingerprint({"deu/a.txt": ABC})
    assert Part("other", part.files, {"kept": 1}).content == part.content
    assert manifest.content == fingerprint({"deu": part.content})


def test_a_folder_is_recorded_without_its_manifest(tmp_path: Path) -> None:
    sample(tmp_path).save(tmp_path)
    (tmp_path / "z.txt").write_text("")
    assert list(record_folder(tmp_path, {"z.txt": 0})) == ["deu/a.txt", "z.txt"]
    assert record_folder(tmp_path)["deu/a.txt"].rows is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not a finished mtqa output"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"schema_version": 1}', "cannot be read"),
        ('{"schema_version": 99, "parts": {}}', "newer mtqa"),
        ('{"schema_version": 1, "parts": {}, "stage": "x", "unknown": 1}', "cannot be read"),
    ],
)
def test_what_is_no_manifest_is_a_usage_error(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UsageError, match=message) as error:
        load_manifest(tmp_path)
    assert error.value.where == str(tmp_path / MANIFEST)


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        load_manifest(tmp_path / "none")


@pytest.mark.parametrize(("damage", "message"), [(b"ab", "damaged"), (None, "missing")])
def test_files_are_checked_by_size(tmp_path: Path, damage: bytes | None, message: str) -> None:
    manifest = sample(tmp_path)
    check_files(tmp_path, manifest)
    path = tmp_path / "deu" / "a.txt"
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(UsageError, match=message) as error:
        check_files(tmp_path, manifest)
    assert error.value.where == str(path) and "filter" in (error.value.next_step or "")


def test_text_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text_atomic(path, "old\n")
    write_text_atomic(path, json.dumps({"ü": 1}, ensure_ascii=False) + "\n")
    assert path.read_bytes() == '{"ü": 1}\n'.encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_that_the_disk_refuses_leaves_the_old_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_text_atomic(tmp_path / "page.html", "old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left") as caught:
        write_text_atomic(tmp_path / "page.html", "new")
    assert caught.value.filename == str(tmp_path / "page.html")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_size_that_is_no_number_is_refused(tmp_path: Path) -> None:
    part = Part("f", {"a.parquet": FileRecord("0", 0, "six")})  # type: ignore[arg-type]
    Manifest("filter", 1, {}, {}, {"deu_Latn": part}).save(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "deu/../../secret.txt"])
def test_a_manifest_that_names_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """They would be hashed, linked and published with the folder's own."""
    part = Part("f", {name: FileRecord("0", 0)})
    Manifest("filter", 1, {}, {}, {"deu_Latn": part}).save(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_manifest(tmp_path)
