import itertools

import numpy as np
import pytest

from mtqa.study import stats

NAN = np.nan


def system(*seeds):
    return stats.measured(np.array(seeds, float), 500, 7)


def test_value_is_mean_over_seeds_of_mean_over_cells_of_mean_over_questions():
    # Seed 1: cells (1+0)/2 and 1 (one question); seed 2: (0+0)/2 and 0.
    one = system([[1, 1], [0, NAN]], [[0, 0], [0, NAN]])
    assert one.values.tolist() == [0.75, 0.0]
    found = stats.estimate(one)
    assert found.value == pytest.approx(0.375) and found.by_seed == [0.75, 0.0]
    assert found.interval[0] <= 0.375 <= found.interval[1]


def test_a_resample_is_the_measure_of_the_questions_it_draws():
    random = np.random.default_rng(0)
    cells = random.random((2, 6, 3))
    cells[:, 4, 1] = NAN
    draws = stats.draw_questions(6, 5, 7)
    samples = stats.measured(cells, 5, 7).samples
    for r, s in itertools.product(range(5), range(2)):
        rows = [q for q in range(6) for _ in range(int(draws[r, q]))]
        assert samples[r, s] == pytest.approx(np.nanmean(np.nanmean(cells[s][rows], axis=0)))


def test_difference_is_paired_by_seed_and_question():
    random = np.random.default_rng(1)
    base = random.random((3, 40, 2))
    shifted = stats.difference(system(*(base + 0.1)), system(*base))
    assert shifted.difference == pytest.approx(0.1) and shifted.interval == pytest.approx((0.1, 0.1))
    assert shifted.by_seed == pytest.approx([0.1] * 3)
    assert shifted.p == pytest.approx(2 / 501) and shifted.p_sign_flip < 0.01
    assert shifted.detectable == pytest.approx(0, abs=1e-9)


def test_seeds_widen_the_interval():
    random = np.random.default_rng(2)
    cells = random.random((1, 200, 1))
    steady = stats.difference(system(*np.repeat(cells + 0.01, 5, axis=0)), system(*np.repeat(cells, 5, axis=0)))
    shifts = np.array([-0.2, -0.1, 0.01, 0.1, 0.24])[:, None, None]
    shaky = stats.difference(system(*(cells + shifts)), system(*np.repeat(cells, 5, axis=0)))
    assert shaky.difference == pytest.approx(steady.difference) and steady.interval[0] > 0 > shaky.interval[0]
    assert shaky.p > 0.5


def test_one_seed_stands_against_each():
    random = np.random.default_rng(3)
    base = random.random((3, 20, 2))
    found = stats.difference(system(*base), system(base[0] * 0))
    assert found.by_seed == pytest.approx(np.mean(base, axis=(1, 2)).tolist())
    with pytest.raises(ValueError, match="not paired"):
        stats.difference(system(*base), system(*base[:2]))
    with pytest.raises(ValueError, match="not paired"):
        stats.difference(system(*base), system(*base[:, :10]))


def test_sign_flip_agrees_with_all_sign_patterns():
    random = np.random.default_rng(4)
    first, second = random.random((2, 8, 2)), random.random((2, 8, 2))
    first[:, 3, 0] = second[:, 3, 0] = NAN
    apart = (first - second).mean(axis=0)
    by_question = np.nansum(apart / (~np.isnan(apart)).sum(axis=0), axis=1)
    patterns = np.array(list(itertools.product((-1, 1), repeat=8)))
    exact = np.mean(np.abs(patterns @ by_question) >= abs(by_question.sum()) - 1e-12)
    pair = (stats.measured(cells, 20_000, 7) for cells in (first, second))
    assert stats.difference(*pair).p_sign_flip == pytest.approx(exact, abs=0.02)


def test_false_alarms_are_as_rare_as_promised():
    """Equal systems with noise over questions and seeds: p < 5 % in about 5 % of studies (few seeds: somewhat more)."""
    random = np.random.default_rng(5)
    alarms = 0
    for _ in range(200):
        seeds = 0.02 * random.standard_normal((2, 8, 1, 1))
        cells = 0.5 + seeds + 0.1 * random.standard_normal((2, 8, 60, 1))
        alarms += stats.difference(*(stats.measured(one, 400, 7) for one in cells)).p < 0.05
    assert 2 <= alarms <= 24


def test_holm_by_hand():
    # Sorted .01 .03 .04: 3 × .01, then 2 × .03, then max(.06, .04).
    assert stats.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert stats.holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert stats.holm({}) == {}
