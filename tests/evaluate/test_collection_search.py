import numpy as np
import pytest

from mtqa.evaluate.collection import search as module
from mtqa.evaluate.collection.search import search


def brute_force(queries, vectors, k):
    """Scores and places by a full stable sort."""
    scores = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), order


@pytest.mark.parametrize("sizes", [[200], [1, 0, 60, 139], [7] * 28 + [4]])
@pytest.mark.parametrize("k", [1, 9, 200, 500])
def test_equal_to_a_full_sort_with_many_ties_however_the_vectors_are_cut(monkeypatch, sizes, k):
    """Small integers: dot products are exact, most are tied, and the first vector has to win each tie."""
    monkeypatch.setattr(module, "BLOCK", 5)
    generator = np.random.default_rng(1)
    vectors = generator.integers(-1, 2, (200, 4)).astype(np.float32)
    queries = generator.integers(-1, 2, (13, 4)).astype(np.float32)
    scores, places = search(queries, np.split(vectors, np.cumsum(sizes)[:-1]), k)
    expected = brute_force(queries, vectors, k)
    assert len(np.unique(expected[0])) < 12
    np.testing.assert_array_equal(scores, expected[0])
    np.testing.assert_array_equal(places, expected[1])


def test_equal_to_a_full_sort_on_real_numbers():
    generator = np.random.default_rng(2)
    vectors, queries = generator.standard_normal((3000, 32)), generator.standard_normal((40, 32))
    scores, places = search(queries, np.array_split(vectors, 7), 100)
    expected = brute_force(queries, vectors, 100)
    np.testing.assert_array_equal(places, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-4)
    assert scores.dtype == np.float32
