"""Outputs: whole or not at all, skipped when up to date, never over what is not ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mtqa.core.errors import UsageError
from mtqa.core.manifest import MANIFEST, Manifest, load_manifest
from mtqa.core.output import Work, building, up_to_date


def work(stage: str = "filter", **settings: object) -> Work:
    return Work(stage, 1, settings, {"corpus": "c"})


def make(out: Path, what: Work, text: str = "x", overwrite: bool = False) -> Manifest:
    with building(out, what, overwrite=overwrite) as build:
        (build.path / "a.txt").write_text(text)
        return build.finish({"all": build.record_rest(what.fingerprint)}, licences=["MIT", "CC0", "MIT"])


def test_a_finished_output_is_up_to_date_for_the_same_work_only(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    assert up_to_date(out, work(a=1)) is None
    made = make(out, work(a=1))
    assert up_to_date(out, work(a=1)) == made == load_manifest(out)
    assert made.licences == ["CC0", "MIT"]
    assert made.fingerprint == work(a=1).fingerprint
    for other in (work(a=2), work("collect", a=1), Work("filter", 2, {"a": 1}, {"corpus": "c"})):
        assert up_to_date(out, other) is None
    assert up_to_date(out, Work("filter", 1, {"a": 1}, {"corpus": "d"})) is None
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_a_damaged_output_is_not_up_to_date(tmp_path: Path) -> None:
    make(tmp_path / "out", work())
    (tmp_path / "out" / "a.txt").write_text("longer")
    assert up_to_date(tmp_path / "out", work()) is None


def test_an_error_leaves_the_old_output_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, work(a=1), "old")
    with pytest.raises(ZeroDivisionError), building(out, work(a=2), overwrite=True) as build:
        (build.path / "a.txt").write_text("new")
        1 / 0  # noqa: B018
    assert (out / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_stage_without_a_manifest_is_not_swapped_in(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="without a manifest"), building(tmp_path / "out", work()):
        pass
    assert not list(tmp_path.iterdir())


def test_what_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.doc").write_text("precious")
    other = tmp_path / "other"
    make(other, work("collect"))
    a_file = tmp_path / "file"
    a_file.write_text("")
    for out, message in ((foreign, "did not write"), (other, "result of 'collect'"), (a_file, "is a file")):
        with pytest.raises(UsageError, match=message):
            make(out, work(), overwrite=True)
    assert (foreign / "thesis.doc").read_text() == "precious"


def test_two_processes_never_build_one_output(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with building(out, work(a=1)) as first:
        with pytest.raises(UsageError, match="Another mtqa process"):
            make(out, work(a=1), "of the second")
        (first.path / "a.txt").write_text("of the first")
        first.finish({"all": first.record_rest("f")})
    assert (out / "a.txt").read_text() == "of the first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_process_may_begin_while_the_old_output_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, built = tmp_path / "out", tmp_path / ".out.tmp"
    make(out, work(a=1), "old")
    remove = shutil.rmtree

    def slowly(path: Path, **options: Any) -> None:
        remove(path, **options)
        if path.name == ".out.old" and not built.exists():  # the new output is in its place already
            built.mkdir()
            (built / "half").write_text("of another process")

    monkeypatch.setattr("mtqa.core.output.shutil.rmtree", slowly)
    make(out, work(a=2), "new", overwrite=True)
    assert (out / "a.txt").read_text() == "new"
    assert (built / "half").read_text() == "of another process"


def test_what_a_killed_process_left_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / ".out.tmp").mkdir()
    (tmp_path / ".out.tmp" / "half.txt").write_text("half")
    make(tmp_path / "out", work())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [MANIFEST, "a.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_output_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faq.jsonl").write_text("{}")
    with pytest.raises(UsageError, match="below a file") as caught:
        make(tmp_path / "faq.jsonl" / "deep" / "out", work())
    assert caught.value.where == str(tmp_path / "faq.jsonl")


def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(UsageError, match="cannot be written to"):
        make(tmp_path / "new" / "out", work())
    assert not list(tmp_path.iterdir())


def test_another_result_of_the_stage_needs_overwrite_and_the_error_says_what_differs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, work(a=1, b=2), "old")
    with pytest.raises(UsageError, match="different: b"):
        make(out, work(a=1, b=3), "new")
    assert (out / "a.txt").read_text() == "old"
    make(out, work(a=1, b=3), "new", overwrite=True)
    assert (out / "a.txt").read_text() == "new"


def test_an_empty_folder_is_taken_and_the_working_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    make(tmp_path / "out", work())
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(UsageError, match="without a name"):
        make(Path(), work())


def test_parts_are_taken_over_by_fingerprint(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with building(out, work(a=1)) as build:
        for lang in ("deu", "spa"):
            (build.path / lang).mkdir()
            (build.path / lang / "f").write_text(lang)
        parts = {lang: build.record_part(f"of {lang}", {f"{lang}/f": 3}, {"n": 3}) for lang in ("deu", "spa")}
        build.finish(parts)
    with building(out, work(a=2), overwrite=True) as build:
        kept = build.reuse("deu", "of deu")
        assert kept == parts["deu"]
        assert build.reuse("spa", "changed") is None and build.reuse("ita", "of ita") is None
        build.finish({"deu": kept})
    assert (out / "deu" / "f").read_text() == "deu" and not (out / "spa").exists()


def test_a_crash_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = make(out, work())
    out.rename(tmp_path / ".out.old")
    assert up_to_date(out, work()) == made
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_kill_while_building_leaves_the_old_output_and_the_next_run_clears_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, work(a=1), "old")
    code = (
        "import os, signal, sys; from pathlib import Path; from mtqa.core.output import *\n"
        "with building(Path(sys.argv[1]), Work('filter', 1, {'a': 2}, {'corpus': 'c'}), overwrite=True) as build:\n"
        "    (build.path / 'half').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(out)], check=False)
    assert done.returncode == -9 and (tmp_path / ".out.tmp" / "half").exists()
    assert up_to_date(out, work(a=1)) is not None
    make(out, work(a=2), "new", overwrite=True)
    assert sorted(p.name for p in out.iterdir()) == [MANIFEST, "a.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
