from __future__ import annotations

import numpy as np
import pytest

from mtqa.filter import ranks, spill
from mtqa.filter.components import Edges
from mtqa.filter.duplicates import conflicts, repeats, sources_of_each
from mtqa.filter.ranks import Ranks
from mtqa.filter.spill import ByRow, Grouped, Spill, hashed


@pytest.fixture(autouse=True)
def small_runs(monkeypatch):
    """Runs and chunks so short that all of these tests go through several."""
    monkeypatch.setattr(spill, "RUN", 7)
    monkeypatch.setattr(spill, "ROWS", 5)
    monkeypatch.setattr(ranks, "ROWS", 5)


def draws(seed, size, most):
    return np.random.default_rng(seed).integers(0, most, size).astype(np.uint64)


def test_records_come_back_part_by_part_in_the_order_in_which_they_were_added(tmp_path):
    store, keys = Spill(tmp_path, 2), draws(1, 200, 40)
    for start in range(0, 200, 3):
        piece = keys[start : start + 3]
        store.add(hashed(piece), piece, np.arange(start, start + len(piece), dtype=np.uint64))
    parts = list(store.read())
    for part in parts:
        assert len(set(hashed(part[:, 0]).tolist())) == 1
        assert (np.diff(part[:, 1].astype(np.int64)) > 0).all()
    found = np.concatenate(parts)
    assert sorted(found[:, 1].tolist()) == list(range(200))
    assert (keys[found[:, 1].astype(np.int64)] == found[:, 0]).all()
    assert not list(tmp_path.iterdir())


def test_hashed_spreads_numbers_that_follow_each_other():
    assert np.bincount(hashed(np.arange(25_600, dtype=np.uint64)), minlength=256).max() < 150


def test_numbers_by_row_are_taken_in_order_and_the_greatest_counts(tmp_path):
    values = ByRow(tmp_path, 23, usual=1)
    values.put(np.array([17, 3, 17, 22], np.uint64), np.array([2, 5, 4, 0.5], np.float32))
    expected = np.ones(23, np.float32)
    expected[[3, 17]] = 5, 4
    assert np.concatenate([values.take(n) for n in (2, 9, 0, 12, 5)]).tolist() == expected.tolist()


def test_scores_of_groups_equal_those_of_all_rows_at_once(tmp_path):
    keys = np.stack([draws(seed, 300, 30) for seed in (1, 2, 3)], axis=1)
    for score, width, usual in ((sources_of_each, 2, 1), (repeats, 1, 0), (conflicts, 3, 0)):
        grouped = Grouped(tmp_path, width, score, usual)
        for start in range(0, 300, 11):
            grouped.add(*keys[start : start + 11, :width].T)
        found = np.concatenate([grouped.take(13) for _ in range(24)])
        assert found.tolist() == score(keys[:, :width]).tolist()
        assert len(set(found.tolist())) > 1


def test_ranks_are_the_shares_of_surer_rows(tmp_path):
    draw = np.random.default_rng(5)
    scores = [None if n % 9 == 0 else float(np.round(draw.normal() - 1, 1)) for n in range(120)]
    scores[5], scores[6] = 0.0, -0.0
    found = Ranks("question_score", tmp_path)
    rows = [({"mt": None if s is None else {"question_score": s}}, None) for s in scores]
    for start in range(0, 120, 8):
        found.add(rows[start : start + 8])
    known = [s for s in scores if s is not None]
    for score, rank in zip(scores, found.take(120), strict=True):
        surer = sum(other > score for other in known) / len(known) if score is not None else np.nan
        assert rank == pytest.approx(surer, nan_ok=True, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_components_agree_with_those_of_scipy(tmp_path, seed):
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = draws(seed, 150, 200), draws(seed + 50, 150, 200)
    one, other = one[one != other], other[one != other]
    chain = np.arange(300, 340, dtype=np.uint64)  # a long path takes several rounds
    one, other = np.append(one, chain[:-1]), np.append(other, chain[1:])
    edges = Edges(tmp_path)
    for start in range(0, len(one), 10):
        edges.add(one[start : start + 10], other[start : start + 10])
    nodes, least = (np.concatenate(column) for column in zip(*edges.components(), strict=True))
    assert nodes.tolist() == sorted(set(one.tolist()) | set(other.tolist()))
    graph = coo_array((np.ones(len(one)), (one.astype(int), other.astype(int))), shape=(400, 400))
    label = connected_components(graph, directed=False)[1]
    expected = {int(node): int(np.flatnonzero(label == label[int(node)])[0]) for node in nodes}
    assert dict(zip(nodes.tolist(), least.tolist(), strict=True)) == expected


def test_no_edges_make_no_components(tmp_path):
    assert list(Edges(tmp_path).components()) == []
