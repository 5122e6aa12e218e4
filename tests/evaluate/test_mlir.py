import dataclasses

import numpy as np
import pytest
from scipy.stats import kruskal, spearmanr

from mtqa.core.search import gold_ranks
from mtqa.evaluate.lareqa import as_passages, data_files, load
from mtqa.evaluate.mlir import mean_rank_correlation, mlir, peer
from mtqa.evaluate.perquery import from_ranks


def test_peer_is_the_kruskal_wallis_test_on_cut_ranks():
    generator = np.random.default_rng(0)
    groups = np.array([0, 0, 1, 1, 2, 2, 2])
    ranks = np.stack([generator.permutation(40)[:7] + 1 for _ in range(30)])
    ranks[3:9, 2] = 0
    for row, found in zip(ranks, peer(ranks, groups, 20), strict=True):
        samples = [np.minimum(row[(groups == g) & (row > 0)], 21) for g in range(3)]
        assert found == pytest.approx(kruskal(*samples).pvalue)
    assert peer(np.array([[30, 40, 50]]), np.arange(3), 20) == pytest.approx(1)
    assert np.isnan(peer(np.array([[0, 4, 0]]), np.arange(3), 20)).all()


def test_passages_are_candidates_and_gold(mini):
    benchmark = as_passages(load("xquad-r", data_files(mini, "xquad-r")))
    assert [c.sentence for c in benchmark.candidates] == [
        "Eins ist rot. Zwei ist blau. Drei ist gelb.",
        "One is red. Two is blue. Three is gold.",
    ]
    assert [c.id for c in benchmark.candidates] == ["0.0", "0.0"]
    assert benchmark.bounds.tolist() == [0, 1, 2]
    assert benchmark.gold.tolist() == [[0, 1]] * 4 + [[-1, 1]]


def test_measures_of_a_hand_worked_pool(mini):
    """Two passages, both of them relevant to q1 and q2; q3 has the English one alone, here second."""
    benchmark = as_passages(load("xquad-r", data_files(mini, "xquad-r")))
    queries, candidates = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0]], np.float32), np.eye(2, dtype=np.float32)
    values = from_ranks(benchmark, gold_ranks(queries, candidates, benchmark.gold, benchmark.bounds))
    found = mlir(benchmark, values, queries, candidates)
    assert found["nDCG@20"] == pytest.approx((1 + (2 + 1 / np.log2(3)) / 3) / 2)
    assert found["Recall@20"] == found["TLR@20"] == 1
    assert found["MRC@20"] == pytest.approx(-100)
    assert found["LPR"] == 1
    assert found["Lang-nDCG@20"] == found["nDCG@20"]


def test_measures_of_a_pool_where_the_other_language_always_comes_first(mini):
    """q3, whose only relevant passage is English, is the one that finds its own language first."""
    benchmark = as_passages(load("xquad-r", data_files(mini, "xquad-r")))
    queries, candidates = np.array([[0, 1], [0, 1], [1, 0], [1, 0], [0, 1]], np.float32), np.eye(2, dtype=np.float32)
    values = from_ranks(benchmark, gold_ranks(queries, candidates, benchmark.gold, benchmark.bounds))
    found = mlir(benchmark, values, queries, candidates)
    second = 1 / np.log2(3)
    assert found["LPR"] == 0
    assert found["Lang-nDCG@20"] == pytest.approx((second + (2 * second + 1) / 3) / 2)
    assert found["nDCG@20"] == pytest.approx(1)


def test_rank_correlation_is_spearmans_over_the_union(mini):
    benchmark = load("xquad-r", data_files(mini, "xquad-r"))
    generator = np.random.default_rng(2)
    queries, candidates = generator.standard_normal((5, 8)), generator.standard_normal((60, 8))
    benchmark = dataclasses.replace(benchmark, candidates=benchmark.candidates * 10)
    scores = queries @ candidates.T
    expected = []
    for a, b in [(0, 2), (1, 3)]:  # q1 and q2 in German and English
        union = sorted(set(np.argsort(-scores[a])[:20]) | set(np.argsort(-scores[b])[:20]))
        expected.append(spearmanr(scores[a, union], scores[b, union]).statistic)
    assert mean_rank_correlation(benchmark, queries, candidates, 20) == pytest.approx(100 * np.mean(expected))
