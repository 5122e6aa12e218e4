"""Rows come back by slot, whatever the order, the flushes and the buckets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mtqa.shards.spill import Spill


@pytest.mark.parametrize("flush", [1, 2000, 1 << 20])
def test_rows_come_back_by_slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flush: int) -> None:
    monkeypatch.setattr("mtqa.shards.spill.FLUSH_BYTES", flush)
    spill = Spill(tmp_path, "query", ["text"], 16)
    slots = np.random.default_rng(1).permutation(100).astype(np.int32)
    for first in range(0, 100, 9):
        piece = np.sort(slots[first : first + 9])
        spill.add(piece, [pa.array([f"text {slot}" for slot in piece])])
    spill.flush()
    assert len(list(tmp_path.iterdir())) == 7
    for bucket in range(7):
        rows = spill.take(bucket)
        expected = list(range(bucket * 16, min(100, (bucket + 1) * 16)))
        assert rows["slot"].to_pylist() == expected and rows["text"].to_pylist() == [f"text {n}" for n in expected]
    assert not list(tmp_path.iterdir())
    assert spill.take(9).num_rows == 0
