"""Exact and approximate search against full sorts."""

import numpy as np
import pytest

from mtqa.core import vector_search as module
from mtqa.core.rng import rng
from mtqa.core.vector_search import approximate, exact, in_parts


def parts_of(*arrays):
    return [lambda array=array: array for array in arrays]


def unit(count, seed, dimensions=8):
    rows = rng(seed, "test").standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def brute_force(queries, vectors, k):
    """Scores and places by a full stable sort."""
    scores = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), order


def without(queries, vectors, barred, k):
    """Places by a full sort of what is not barred."""
    scores = queries @ vectors.T
    pairs = set(zip(*map(np.ndarray.tolist, barred), strict=True))
    return [
        sorted((p for p in range(len(vectors)) if (q, p) not in pairs), key=lambda p: -scores[q, p])[:k]
        for q in range(len(queries))
    ]


def some_barred(count):
    generator = np.random.default_rng(3)
    return generator.integers(0, 7, count), generator.integers(0, 90, count)


@pytest.mark.parametrize("sizes", [[200], [1, 0, 60, 139], [7] * 28 + [4]])
@pytest.mark.parametrize("k", [1, 9, 200, 500])
def test_equal_to_a_full_sort_with_many_ties_however_the_vectors_are_cut(monkeypatch, sizes, k):
    """Small integers: dot products are exact, most are tied, and the first vector has to win each tie."""
    monkeypatch.setattr(module, "BLOCK", 5)
    generator = np.random.default_rng(1)
    vectors = generator.integers(-1, 2, (200, 4)).astype(np.float32)
    queries = generator.integers(-1, 2, (13, 4)).astype(np.float32)
    scores, places = exact(parts_of(*np.split(vectors, np.cumsum(sizes)[:-1])))(queries, k)
    expected = brute_force(queries, vectors, k)
    assert len(np.unique(expected[0])) < 12
    np.testing.assert_array_equal(scores, expected[0])
    np.testing.assert_array_equal(places, expected[1])


def test_equal_to_a_full_sort_on_real_numbers():
    generator = np.random.default_rng(2)
    vectors, queries = generator.standard_normal((3000, 32)), generator.standard_normal((40, 32))
    scores, places = exact(parts_of(*np.array_split(vectors, 7)))(queries, 100)
    expected = brute_force(queries, vectors, 100)
    np.testing.assert_array_equal(places, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-4)
    assert scores.dtype == np.float32


@pytest.mark.parametrize("block", [2, 1024])
def test_barred_pairs_are_left_out(monkeypatch, block):
    monkeypatch.setattr(module, "PART", 16)
    monkeypatch.setattr(module, "BLOCK", block)
    queries, vectors, barred = unit(7, 1), unit(90, 2), some_barred(200)
    scores, found = exact(in_parts(vectors))(queries, 10, barred)
    assert found.tolist() == without(queries, vectors, barred, 10)
    assert np.allclose(scores, np.take_along_axis(queries @ vectors.T, found, 1))


def test_fewer_vectors_than_asked_leave_places_empty():
    _, found = exact(parts_of(unit(3, 2)))(unit(1, 1), 3, (np.array([0]), np.array([1])))
    assert sorted(found[0].tolist()) == [-1, 0, 2]
    assert found[0, 2] == -1


@pytest.mark.parametrize("block", [2, 1024])
def test_faiss_with_all_lists_searched_is_exact(tmp_path, monkeypatch, block):
    pytest.importorskip("faiss")
    monkeypatch.setattr(module, "LISTS_SEARCHED", 1.0)
    monkeypatch.setattr(module, "PART", 100)
    monkeypatch.setattr(module, "PARTS_AN_INDEX", 2)
    monkeypatch.setattr(module, "BLOCK", block)
    queries, vectors, barred = unit(7, 1), unit(500, 2), some_barred(60)
    parts = in_parts(vectors)
    search = approximate(parts, tmp_path, 1)
    scores, found = search(queries, 10, barred)
    assert found.tolist() == without(queries, vectors, barred, 10)
    assert found.tolist() == exact(parts)(queries, 10, barred)[1].tolist()
    assert np.allclose(scores, np.take_along_axis(queries @ vectors.T, found, 1), atol=1e-6)
    assert len(list(tmp_path.glob("faiss-*"))) == 3
    assert search(queries, 600)[1].shape == (7, 500)


def test_faiss_reads_some_of_its_lists_and_gives_the_same_again(tmp_path):
    """It misses some of what exact search finds, and of the first ones few."""
    pytest.importorskip("faiss")
    generator = np.random.default_rng(5)
    centres = generator.standard_normal((50, 16))
    vectors = (centres[generator.integers(0, 50, 4000)] + 0.3 * generator.standard_normal((4000, 16))).astype(
        np.float32
    )
    queries = vectors[:200] + np.float32(0.05)
    (tmp_path / "again").mkdir()
    found = approximate(parts_of(vectors), tmp_path, 1)(queries, 100)[1]
    assert np.array_equal(found, approximate(parts_of(vectors), tmp_path / "again", 1)(queries, 100)[1])
    truth = exact(parts_of(vectors))(queries, 100)[1]
    share = np.mean([len(set(a) & set(b)) / 100 for a, b in zip(found.tolist(), truth.tolist(), strict=True)])
    assert 0.3 < share < 1
    assert np.mean(found[:, 0] == truth[:, 0]) > 0.9


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path):
    pytest.importorskip("faiss")
    from mtqa.core.errors import MtqaError

    with pytest.raises(MtqaError):
        approximate(parts_of(unit(100, 1)), tmp_path / "none", 1)
