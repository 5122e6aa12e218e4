from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from platform import node

import pyarrow.parquet as pq
import pytest

from mtqa.core.errors import MtqaError, UsageError
from mtqa.translate import compact as compact_module
from mtqa.translate.compact import compact
from mtqa.translate.contents import prune
from mtqa.translate.index import Index
from mtqa.translate.jobs import Job, Segment, unfinished
from mtqa.translate.memory import Entry, Memory, partition_of, segment_key
from mtqa.translate.plan import chunk_size, make_batches

KEY = {"model": "m", "target": "deu_Latn"}


def entries(*texts: str, suffix: str = "") -> dict[bytes, Entry]:
    return {segment_key(t): Entry(t.upper() + suffix, -0.5, len(t), ("loop",)) for t in texts}


def test_what_was_written_is_found_and_nothing_else(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one", "two"))
    assert memory.lookup(sorted([segment_key("two"), segment_key("three")])) == entries("two")
    assert Memory(tmp_path, {**KEY, "target": "spa_Latn"}).lookup([segment_key("two")]) == {}
    assert Memory(tmp_path, KEY).lookup([segment_key("one")]) == entries("one")


def test_compaction_sorts_keeps_the_oldest_and_repeats_without_change(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries(*"abcdefgh"))
    compact(memory)
    memory.append("b", entries("a", "x", suffix="2"))
    compact(memory)
    (part,) = memory.folder.glob("*.parquet")
    keys = pq.read_table(part)["segment"].to_pylist()
    assert keys == sorted(map(segment_key, "abcdefghx"))
    assert memory.lookup(keys) == {**entries("x", suffix="2"), **entries(*"abcdefgh")}
    before = part.read_bytes()
    compact(memory)
    assert [p.read_bytes() for p in memory.folder.glob("*.parquet")] == [before]


def test_a_kill_within_compaction_changes_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one"))
    memory.append("b", entries("two"))
    old = {p.name: p.read_bytes() for p in memory.folder.glob("part-*.parquet")}
    compact(memory)
    whole = {p.name: p.read_bytes() for p in memory.folder.glob("*.parquet")}
    (memory.folder / "part-b.parquet").write_bytes(old["part-b.parquet"])  # not yet deleted when the kill came
    (memory.folder / "merging-000.parquet.tmp").write_bytes(b"half")
    assert memory.lookup([segment_key("two")]) == entries("two")
    with memory.lock():
        compact(memory)
    assert {p.name: p.read_bytes() for p in memory.folder.glob("*.parquet*")} == whole


def test_a_disk_without_locks_is_good_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    said: list[str] = []
    monkeypatch.setattr("mtqa.translate.memory.say", said.append)
    with Memory(tmp_path, KEY).lock():
        assert not said


def test_a_key_under_work_is_not_deleted(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one"))
    other = Memory(tmp_path, {**KEY, "target": "spa_Latn"})
    with memory.lock():
        with pytest.raises(UsageError, match="Another mtqa process writes"):
            prune(tmp_path, [], 0)
        assert memory.lookup([segment_key("one")]) and other.folder.is_dir()
    prune(tmp_path, [], 0)
    assert not memory.folder.exists() and not other.folder.exists()
    with pytest.raises(MtqaError, match="was deleted"), memory.lock():
        pass


def test_half_written_parts_are_swept_once_nobody_writes_them(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one"))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here, elsewhere = node(), "another.host"
    writers = {f"{ended.pid}-{here}": False, f"{os.getpid()}-{here}": True, f"{ended.pid}-{elsewhere}": True}
    left = {memory.folder / f"part-b.parquet.{name}.parquet.tmp": stays for name, stays in writers.items()}
    for path in left:
        path.write_bytes(b"half")
    with memory.lock():
        assert {path: path.exists() for path in left} == left
    for path in left:
        if path.exists():
            os.utime(path, (1, 1))
    with memory.lock():
        assert [path.name for path in left if path.exists()] == [f"part-b.parquet.{os.getpid()}-{here}.parquet.tmp"]


def test_a_plan_is_kept_until_the_job_ends(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    segments = [Segment(segment_key(str(i)), str(i)) for i in range(40)]
    job = Job(memory, "job")
    assert not unfinished(memory)
    job.plan(iter(segments), 40)
    assert unfinished(memory) == {"job": [0, 1, 2]} and job.pending() == [0, 1, 2] and job.size([0, 2]) == 24
    assert [s for chunk in job.read([0, 1, 2]) for s in chunk] == segments
    assert [job.pending((k, 2)) for k in (1, 2)] == [[0, 2], [1]]
    memory.append(job.part(1), entries("one"))
    assert job.pending() == [0, 2]
    compact(memory)  # as another job does that comes between
    assert job.pending() == [0, 2] and not memory.has_part(job.part(1))
    job.end()
    assert not unfinished(memory) and not list(memory.jobs.iterdir())


def test_large_memories_are_compacted_in_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_module, "PARTITION_ROWS", 16)
    memory, whole = Memory(tmp_path / "a", KEY), Memory(tmp_path / "b", KEY)
    for part in range(5):
        memory.append(f"j-{part}", entries(*(str(i) for i in range(part * 20, part * 20 + 30)), suffix=f"-{part}"))
    with memory.lock():
        compact(memory)
    parts = sorted(memory.folder.glob("*.parquet"))
    assert len(parts) == 16  # 150 rows, repeated ones too
    for number, path in enumerate(parts):
        keys = pq.read_table(path)["segment"].to_pylist()
        assert keys == sorted(set(keys)) and {partition_of(key, 16) for key in keys} <= {number}
    wanted = sorted(segment_key(str(i)) for i in range(120))
    found = memory.lookup(wanted)
    assert len(found) == 110
    for i in range(110):  # of equal keys the oldest entry stays
        assert found[segment_key(str(i))].text == f"{i}-{max(0, -(-(i - 29) // 20))}"
    for part in range(5):
        whole.append(f"x-{part}", {k: found[k] for k in wanted[part * 24 : part * 24 + 24] if k in found})
        with whole.lock():
            compact(whole)
    assert whole.lookup(wanted) == found


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    (memory.folder / "part-a.parquet").write_bytes(b"not parquet")
    with pytest.raises(MtqaError, match="part-a"):
        memory.lookup([segment_key("one")])
    with pytest.raises(MtqaError, match="part-a"):
        compact(memory)
    job = Job(memory, "j")
    job.plan([Segment(segment_key("one"), "one")], 1)
    (job.folder / "00000.parquet").write_bytes(b"not parquet")
    with pytest.raises(MtqaError, match="00000"):
        job.size([0])


def test_a_full_disk_below_the_index_is_named(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    index._database.execute("PRAGMA max_page_count=2")
    with pytest.raises(MtqaError, match="full") as error:
        index.add(entries(*(f"{number:>4000}" for number in range(100))).items())
    assert error.value.where == str(tmp_path / "index.sqlite")


def test_small_jobs_have_small_chunks() -> None:
    assert [chunk_size(n) for n in (1, 128, 800, 32_768, 10**6)] == [16, 16, 100, 4096, 4096]


def test_batches_stay_within_the_budget_padding_included() -> None:
    lengths = [1, 1, 2, 3, 5, 5, 30]
    assert make_batches(lengths, 10) == [range(0, 3), range(3, 5), range(5, 6), range(6, 7)]
    assert make_batches([], 10) == []


def test_a_plan_half_written_by_a_killed_process_is_swept(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = memory.jobs / f"scan-{int(gone.stdout)}-{node()}-job.tmp"
    alive = memory.jobs / f"scan-{os.getpid()}-{node()}-job.tmp"
    for folder in (left, alive):
        folder.mkdir(parents=True)
    with memory.lock():
        assert not left.exists() and alive.exists()
