import dataclasses

import numpy as np
import pytest

from mtqa.core.search import Ranks
from mtqa.evaluate.bootstrap import interval, intervals, resample, resampled, weights
from mtqa.evaluate.perquery import METRICS, PerQuery, mean, read, write

QUESTIONS, POOL = 40, 90


def all_weights(questions, resamples, seed):
    return np.concatenate(list(weights(questions, resamples, seed)))


def random_values(seed=0, missing=0.3):
    """Return values of random ranks for three languages in which questions and golds are missing here and there."""
    generator = np.random.default_rng(seed)
    rows = [(f"q{i}", lang) for lang in range(3) for i in range(QUESTIONS) if lang == 0 or generator.random() > missing]
    langs = np.array([lang for _, lang in rows])
    asked = set(rows)
    within = generator.integers(1, 31, (len(rows), 3))
    rank = within + generator.integers(0, 60, within.shape)
    for row, (name, _) in enumerate(rows):
        for lang in range(3):
            if (name, lang) not in asked:
                rank[row, lang] = within[row, lang] = 0
    ranks = Ranks(rank.astype(np.int32), within.astype(np.int32), np.zeros_like(rank, np.int32))
    return PerQuery(["a", "b", "c"], [n for n, _ in rows], langs, ranks.pooled, ranks.within, ranks.top, POOL)


def plain(values, metric, drawn):
    """Return a metric over drawn question names (with repetition), straight from its definition."""
    by_cell = {}
    for name in drawn:
        for row in (i for i, id_ in enumerate(values.ids) if id_ == name):
            ranks = [int(r) for r in values.rank[row] if r]
            own = int(values.langs[row])
            found = {}
            if metric == "Mo":
                found[own] = 1 / values.rank_within[row, own]
            elif metric == "Cr":
                found = {(own, c): 1 / r for c, r in enumerate(values.rank_within[row]) if r and c != own}
            elif metric == "Mul":
                found[own] = sum(h / r for h, r in enumerate(sorted(ranks), start=1)) / len(ranks)
            elif metric == "rank_distance" and len(ranks) > 1:
                found[own] = max(ranks) - min(ranks)
            elif metric == "max_at_r":
                found[own] = max(ranks)
            elif metric == "max_at_r_normalised":
                found[own] = 100 * np.log2(POOL / max(ranks)) / np.log2(POOL / len(ranks))
            for cell, value in found.items():
                by_cell.setdefault(cell, []).append(value)
    return float(np.mean([np.mean(v) for v in by_cell.values()]))


@pytest.mark.parametrize("metric", METRICS)
def test_equal_to_a_plain_loop_over_resamples(metric):
    values = random_values()
    names = list(dict.fromkeys(values.ids))
    draws = all_weights(QUESTIONS, 100, seed=7)
    assert (draws.sum(axis=1) == QUESTIONS).all()
    expected = [plain(values, metric, np.repeat(names, row.astype(int))) for row in draws]
    np.testing.assert_allclose(resample(values.cells(metric), draws), expected)
    assert intervals(values, 100, 7)[metric] == pytest.approx(tuple(np.percentile(expected, [2.5, 97.5])))
    assert mean(values.cells(metric)) == pytest.approx(plain(values, metric, names))


def test_order_of_queries_changes_no_number():
    values = random_values()
    order = np.random.default_rng(4).permutation(len(values.ids))
    moved = dataclasses.replace(
        values,
        ids=[values.ids[i] for i in order],
        langs=values.langs[order],
        rank=values.rank[order],
        rank_within=values.rank_within[order],
    )
    for metric in METRICS:
        assert mean(moved.cells(metric)) == pytest.approx(mean(values.cells(metric)), rel=1e-12)


def test_interval_covers_and_narrows_with_more_questions():
    """The standard error of a mean of 0/1 values is known: 1.96 · sqrt(p (1 − p) / n)."""
    for count in (200, 1800):
        cells = (np.random.default_rng(1).random((count, 1)) < 0.3).astype(float)
        low, high = interval(resample(cells, all_weights(count, 1500, seed=1)))
        p = cells.mean()
        assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(p * (1 - p) / count), rel=0.1)
        assert low < p < high


def test_an_empty_cell_is_left_out_of_a_resample():
    cells = np.array([[1.0, np.nan], [3.0, 5.0]])
    draws = np.array([[2.0, 0.0], [1.0, 1.0]])
    assert resample(cells, draws).tolist() == [1.0, (2 + 5) / 2]
    assert np.isnan(resample(cells[:, 1:], draws)).tolist() == [True, False]
    assert interval(resample(cells[:, 1:], draws)) == (5, 5)


def test_the_same_seed_draws_the_same_questions():
    assert (all_weights(30, 100, 7) == all_weights(30, 100, 7)).all()
    assert (all_weights(30, 100, 7) != all_weights(30, 100, 8)).any()


def test_one_language_has_no_cross_lingual_metric():
    values = random_values()
    keep = values.langs == 0
    one = PerQuery(
        ["a"],
        [i for i, k in zip(values.ids, keep, strict=True) if k],
        values.langs[keep],
        values.rank[keep][:, :1],
        values.rank_within[keep][:, :1],
        values.top[keep][:, :1],
        POOL,
    )
    found = intervals(one, 100, 7)
    assert found["Cr"] is None
    assert found["rank_distance"] is None
    assert found["Mo"] is not None


def test_values_survive_the_file(tmp_path):
    values = random_values()
    assert write(values, tmp_path / "per_query.parquet") == len(values.ids)
    back = read(tmp_path)
    for field in dataclasses.fields(PerQuery):
        assert np.array_equal(getattr(back, field.name), getattr(values, field.name)), field.name


def test_resamples_are_the_same_however_many_are_drawn_at_a_time(monkeypatch):
    whole = all_weights(30, 100, 7)
    cells = np.random.default_rng(0).standard_normal((30, 3))
    values = resampled([cells, cells[:, :1]], 100, 7)
    monkeypatch.setattr("mtqa.evaluate.bootstrap.BLOCK_VALUES", 210)
    assert [len(draws) for draws in weights(30, 100, 7)] == [7] * 14 + [2]
    np.testing.assert_array_equal(all_weights(30, 100, 7), whole)
    for some, all_at_once in zip(resampled([cells, cells[:, :1]], 100, 7), values, strict=True):
        np.testing.assert_allclose(some, all_at_once, rtol=1e-12)


def test_a_hundred_thousand_questions_take_little_memory():
    """All weights at once would take 0.8 GB."""
    import tracemalloc

    cells = np.random.default_rng(0).standard_normal((100_000, 2))
    tracemalloc.start()
    resampled([cells], 200, 7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6
