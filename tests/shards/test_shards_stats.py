"""Chi-square against hand-worked values and scipy; the sampler draws what was asked."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from shard_corpora import make_corpus, plain_items

from mtqa.core.corpus import open_corpus
from mtqa.core.ids import id_numbers
from mtqa.shards.choice import choose
from mtqa.shards.compose import CROSS, pick, plan_batches
from mtqa.shards.index import read_index
from mtqa.shards.settings import ShardSettings
from mtqa.shards.stats import chi_square, composition


def test_chi_square_by_hand() -> None:
    """(60-50)²/50 + (40-50)²/50 = 4; p = .0455 for one degree of freedom."""
    assert chi_square({"a": 60, "b": 40}, {"a": 0.5, "b": 0.5}) == {"chi_square": 4.0, "freedom": 1, "p": 0.0455}


def test_chi_square_has_the_closed_form_for_even_degrees_of_freedom() -> None:
    """p = exp(-x/2) for two degrees of freedom, exp(-x/2)(1 + x/2) for four."""
    two = chi_square({"a": 18, "b": 55, "c": 27}, {"a": 0.2, "b": 0.5, "c": 0.3})
    x = 4 / 20 + 25 / 50 + 9 / 30
    assert (two["chi_square"], two["freedom"]) == (1.0, 2) and two["p"] == pytest.approx(math.exp(-x / 2), abs=1e-6)
    four = chi_square(dict(zip("abcde", (14, 6, 10, 10, 10), strict=True)), dict.fromkeys("abcde", 0.2))
    x = 16 / 10 + 16 / 10
    assert four["p"] == pytest.approx(math.exp(-x / 2) * (1 + x / 2), abs=1e-6)


def test_too_few_for_a_test_gives_no_p() -> None:
    assert chi_square({"a": 4, "b": 4}, {"a": 0.5, "b": 0.5})["p"] is None
    assert chi_square({"a": 40}, {"a": 1.0})["p"] is None


def test_a_count_that_nobody_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError):
        chi_square({"a": 1}, {"b": 1.0, "a": 0.0})


@pytest.mark.parametrize(("uniform", "place"), [(0.0, 1), (0.24, 1), (0.26, 2), (0.999999, 2)])
def test_pick_follows_the_weights_and_skips_zeros(uniform: float, place: int) -> None:
    assert pick(np.array([0, 1, 3, 0]), uniform) == place


def test_ids_are_numbers_by_value_or_by_hash() -> None:
    import pyarrow as pa

    ids = pa.array(["skip", "00000000000000ff", None, "ffffffffffffffff"])
    assert id_numbers(ids.slice(1)).tolist() == [255, 0, 2**64 - 1]
    mixed = id_numbers(ids)
    assert mixed[1:].tolist() == [255, 0, 2**64 - 1] and mixed[0] > 2**32


def test_draws_are_as_asked_over_many_batches_and_seeds(tmp_path: Path) -> None:
    """Eight seeds of 250 batches: p values are no smaller than chance makes them (Bonferroni at 1 %)."""
    corpus = make_corpus(
        tmp_path / "corpus", plain_items(60), missing=lambda n, lang: lang == "deu_Latn" and n % 3 == 0
    )
    index = read_index([open_corpus(corpus)], "train")
    small = []
    for seed in range(8):
        settings = ShardSettings(batch_size=4, steps=250, alpha=0.4, seed=seed)
        choice = choose(index, settings)
        plan = plan_batches(index, choice, settings)
        counts = composition(plan, index, choice, settings)
        for part in ("kinds", "mono_languages", "cross_pairs"):
            small.append(counts[part]["test"]["p"])
        cross = plan.kinds == CROSS
        assert (plan.query[cross] != plan.passage[cross]).all()
        rows = np.stack(index.rows)
        assert (rows[plan.query, plan.items] >= 0).all() and (rows[plan.passage, plan.items] >= 0).all()
    assert min(small) > 0.01 / len(small)
    assert np.mean(small) == pytest.approx(0.5, abs=0.2)


def test_a_share_that_rounds_to_nothing_may_be_drawn(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus", plain_items(20), languages=["deu_Latn", "eng_Latn"])
    index = read_index([open_corpus(corpus)], "train")
    settings = ShardSettings(mode="mono", batch_size=4, epochs=2, weights={"deu_Latn": 1e-9}, seed=1)
    choice = choose(index, settings)
    plan = plan_batches(index, choice, settings)
    plan.query[0] = plan.passage[0] = 0
    assert composition(plan, index, choice, settings)["mono_languages"]["got"] == {"deu_Latn": 1, "eng_Latn": 9}
