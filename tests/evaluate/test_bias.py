import numpy as np
import pytest

from mtqa.evaluate import bias

RANKS = np.array([[1, 5, 3], [2, 0, 8], [0, 4, 0], [0, 0, 0]], np.int32)
LANGS = np.array([0, 0, 1, 1])


def test_rank_distance_needs_two_relevant_passages():
    np.testing.assert_array_equal(bias.rank_distance(RANKS), [4, 6, np.nan, np.nan])


def test_max_at_r():
    np.testing.assert_array_equal(bias.max_at_r(RANKS), [5, 8, 4, np.nan])


def test_max_at_r_normalised():
    """Pool 16: (4 − log2 worst) / (4 − log2 relevant); the best ranking has 100, a relevant last candidate 0."""
    values = bias.max_at_r_normalised(RANKS, 16)
    expected = [100 * (4 - np.log2(5)) / (4 - np.log2(3)), 100 * (4 - 3) / (4 - 1), 100 * (4 - 2) / 4, np.nan]
    np.testing.assert_allclose(values, expected)
    assert bias.max_at_r_normalised(np.array([[1, 3, 2], [16, 1, 2]]), 16) == pytest.approx([100, 0])
    assert bias.max_at_r_normalised(np.array([[1, 2]]), 2) == pytest.approx([100])


def test_mean_rank_counts_query_languages_equally():
    np.testing.assert_allclose(bias.mean_rank_by_passage_language(RANKS, LANGS), [1.5, (5 + 4) / 2, 5.5])


def test_first_hit_confusion():
    shares = bias.first_hit_confusion(RANKS[:3], LANGS[:3])
    np.testing.assert_array_equal(shares, [[1, 0, 0], [0, 1, 0], [np.nan] * 3])


def test_top_share():
    top = np.array([[2, 1, 1], [0, 3, 1], [4, 0, 0]])
    np.testing.assert_allclose(bias.top_share(top, LANGS[:3]), [[0.25, 0.5, 0.25], [1, 0, 0], [np.nan] * 3])
