from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from mtqa.core.errors import MtqaError, UsageError
from mtqa.filter import parallel
from mtqa.filter.pairs import COLUMNS, judge_pairs
from mtqa.filter.run import filter_corpus
from mtqa.filter.settings import FilterSettings


def slow_sums(place: str):
    """Return a worker that is the slower, the sooner a task stands in the row."""

    def work(tasks: Iterable[list[int]]) -> Iterator[int]:
        for task in tasks:
            time.sleep(0.2 / (1 + task[0]))
            yield sum(task)

    return work


def failing(place: str):
    def work(tasks: Iterable[list[int]]) -> Iterator[int]:
        for _ in tasks:
            raise UsageError("A number is wrong.")
        yield 0

    return work


@pytest.mark.parametrize("workers", [1, 2])
def test_results_stand_in_the_order_of_rows_beside_them(monkeypatch, workers):
    monkeypatch.setattr(parallel, "ROWS", 3)
    batches = [[0, 1, 2, 3], [4], [5, 6, 7, 8, 9, 10]]
    found = list(parallel.in_order(slow_sums, batches, 11, list, workers))
    assert found == [([0, 1, 2], 3), ([3], 3), ([4], 4), ([5, 6, 7], 18), ([8, 9, 10], 27)]


def test_what_goes_wrong_in_a_worker_is_said(monkeypatch):
    monkeypatch.setattr(parallel, "ROWS", 1)
    with pytest.raises(MtqaError, match="A number is wrong"):
        list(parallel.in_order(failing, [[1], [2]], 2, list, 2))


def test_several_workers_decide_as_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "ROWS", 5)
    rows = [
        (n, f"The mill was sold in {1870 + n}.", f"Die Mühle wurde {1870 + n + n % 3} verkauft.", "de", "sentence")
        for n in range(24)
    ]
    (tmp_path / "pairs.jsonl").write_text(
        "".join(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
    )
    for workers in (1, 2):
        judge_pairs(tmp_path / "pairs.jsonl", FilterSettings(workers=workers), tmp_path / f"{workers}.jsonl")
    one, two = ((tmp_path / f"{workers}.jsonl").read_text() for workers in (1, 2))
    assert one == two and [json.loads(line)["keep"] for line in one.splitlines()] == [n % 3 == 0 for n in range(24)]


def test_a_corpus_is_filtered_by_several_workers_as_by_one(tmp_path, monkeypatch, rows, write_corpus):
    monkeypatch.setattr(parallel, "ROWS", 1)
    rows["deu_Latn"][0]["question"] = "..."
    write_corpus(tmp_path / "in", rows)
    manifests = [filter_corpus(tmp_path / "in", FilterSettings(workers=n), tmp_path / str(n)) for n in (1, 2)]
    assert manifests[0].content == manifests[1].content and manifests[0].counts["dropped"] == 1
    assert scores(tmp_path / "1") == scores(tmp_path / "2")


def scores(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}
