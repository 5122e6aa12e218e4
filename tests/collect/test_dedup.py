from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtqa.collect import dedup
from mtqa.collect.dedup import Keep, draw, drop_duplicates
from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings


def stored(path: Path, numbers: Any) -> Path:
    np.asarray(numbers, dtype="<u8").tofile(path)
    return path


def test_keep() -> None:
    keep = Keep(21)
    keep.drop(np.array([0, 7, 8, 20]))
    gone = {0, 7, 8, 20}
    for start in range(21):
        for stop in range(start, 22):
            assert keep.mask(start, stop).tolist() == [n not in gone for n in range(start, stop)]


@pytest.mark.parametrize("partition_rows", [1, 7, 1000])
def test_first_of_equal_keys_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partition_rows: int) -> None:
    monkeypatch.setattr(dedup, "BLOCK_ROWS", 16)
    generator = np.random.default_rng(3)
    keys = generator.integers(0, 60, 200).astype(np.uint64) * np.uint64(2**58 + 1)
    keep = Keep(200)
    drop_duplicates(stored(tmp_path / "keys", keys), keep, tmp_path, partition_rows)
    seen: set[int] = set()
    expected = [not (int(key) in seen or seen.add(int(key))) for key in keys]  # type: ignore[func-returns-value]
    assert keep.mask(0, 200).tolist() == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keys"]


@pytest.mark.parametrize("limit", [1, 37, 149, 150, 500])
def test_draw_keeps_the_smallest_of_those_that_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(dedup, "BLOCK_ROWS", 16)
    generator = np.random.default_rng(4)
    numbers = generator.integers(0, 2**64 - 1, 200, dtype=np.uint64)
    numbers[50:80] = numbers[50]
    keep = Keep(200)
    keep.drop(np.arange(0, 50))
    went = draw(stored(tmp_path / "draws", numbers), keep, (20, 200), limit)
    wanted = sorted(range(50, 200), key=lambda n: (int(numbers[n]), n))[:limit]
    assert np.flatnonzero(keep.mask(0, 200)).tolist() == sorted(wanted)
    assert went == max(0, 150 - limit)


def table(n: int) -> list[dict[str, str]]:
    return [
        {"question": f"Question {i % 900}?", "passage": f"Passage {i % 900}. “Yes”.", "answer": "Yes"} for i in range(n)
    ]


def test_workers_and_partitions_change_nothing(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("t.jsonl", table(2600))
    results = []
    for workers in (1, 2):
        monkeypatch.setattr(dedup, "BLOCK_ROWS", 100 * workers)
        values = CollectSettings(sources=[str(path)], limit=500, workers=workers)
        results.append(collect(values, tmp_path / f"w{workers}"))
    assert results[0] == results[1]
    assert results[0].counts["dropped"] == {"duplicate": 1700, "limit": 400}
    names = {p.relative_to(tmp_path / "w1").parts[0] for p in (tmp_path / "w1").rglob("*")}
    assert names == {"README.md", "_manifest.json", "eng_Latn"}
