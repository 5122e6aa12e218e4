from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mtqa.core.errors import MtqaError
from mtqa.translate.memory import Entry, Memory, segment_key
from mtqa.translate.plan import chunk_size, job_name, make_batches, make_chunks

KEY = {"model": "m", "target": "deu_Latn"}


def entries(*texts: str, suffix: str = "") -> dict[bytes, Entry]:
    return {segment_key(t): Entry(t.upper() + suffix, -0.5, len(t), ("loop",)) for t in texts}


def test_what_was_written_is_found_and_nothing_else(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one", "two"))
    assert memory.lookup([segment_key("two"), segment_key("three")]) == entries("two")
    assert Memory(tmp_path, {**KEY, "target": "spa_Latn"}).lookup([segment_key("two")]) == {}
    assert Memory(tmp_path, KEY).lookup([segment_key("one")]) == entries("one")


def test_compaction_sorts_keeps_the_oldest_and_repeats_without_change(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries(*"abcdefgh"))
    memory.compact()
    memory.append("b", entries("a", "x", suffix="2"))
    memory.compact()
    (part,) = memory.folder.glob("*.parquet")
    keys = pq.read_table(part)["segment"].to_pylist()
    assert keys == sorted(map(segment_key, "abcdefghx"))
    assert memory.lookup(keys) == {**entries("x", suffix="2"), **entries(*"abcdefgh")}
    before = part.read_bytes()
    memory.compact()
    assert [p.read_bytes() for p in memory.folder.glob("*.parquet")] == [before]


def test_a_kill_within_compaction_changes_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    memory.append("a", entries("one"))
    memory.append("b", entries("two"))
    old = {p.name: p.read_bytes() for p in memory.folder.glob("part-*.parquet")}
    memory.compact()
    whole = {p.name: p.read_bytes() for p in memory.folder.glob("*.parquet")}
    (memory.folder / "part-b.parquet").write_bytes(old["part-b.parquet"])  # not yet deleted when the kill came
    (memory.folder / "merged.parquet.tmp").write_bytes(b"half")
    assert memory.lookup([segment_key("two")]) == entries("two")
    with memory.lock():
        memory.compact()
    assert {p.name: p.read_bytes() for p in memory.folder.glob("*.parquet*")} == whole


def test_plans_survive_and_end(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    chunks = [[segment_key("a"), segment_key("b")], [segment_key("c")]]
    memory.save_plan("job", chunks)
    assert memory.load_plan("job") == chunks
    memory.end_job("job")
    assert memory.load_plan("job") is None


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    memory = Memory(tmp_path, KEY)
    (memory.folder / "part-x.parquet").write_bytes(b"no parquet")
    with pytest.raises(MtqaError, match="part-x"):
        memory.lookup([segment_key("a")])


def test_the_plan_depends_on_the_set_alone() -> None:
    lengths = {segment_key(str(i)): i % 7 for i in range(200)}
    chunks = make_chunks(lengths)
    assert chunks == make_chunks(dict(reversed(lengths.items())))
    assert sorted(key for chunk in chunks for key in chunk) == sorted(lengths)
    order = [lengths[key] for chunk in chunks for key in chunk]
    assert order == sorted(order)
    assert [chunk_size(n) for n in (1, 128, 800, 32_768, 10**6)] == [16, 16, 100, 4096, 4096]
    texts = {segment_key(t): t for t in "ab"}
    assert job_name(texts) == job_name(dict(reversed(texts.items()))) != job_name({segment_key("a"): "a"})


def test_batches_stay_within_the_budget_padding_included() -> None:
    lengths = [1, 1, 2, 3, 5, 5, 30]
    assert make_batches(lengths, 10) == [range(0, 3), range(3, 5), range(5, 6), range(6, 7)]
    assert make_batches([], 10) == []
