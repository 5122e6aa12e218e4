"""Limits, exclusion and choice against hand-worked values and a plain second implementation."""

from __future__ import annotations

import numpy as np
import pytest

from mtqa.core.near import Groups
from mtqa.mine.choose import Found, choose, limits
from mtqa.mine.settings import MineSettings


def settings(**changes: object) -> MineSettings:
    return MineSettings(encoder="demo", **changes)


@pytest.mark.parametrize(
    ("positive", "changes", "limit"),
    [
        (0.8, {}, 0.76),
        (0.8, {"most_of_positive": 1, "margin": 0.1}, 0.7),
        (0.8, {"most_of_positive": 0.9, "margin": 0.01}, 0.72),
        (-0.2, {"margin": 0.1}, -0.3),
        (-0.2, {}, -0.2),
    ],
)
def test_the_limit_is_the_lower_of_share_and_margin(positive: float, changes: dict, limit: float) -> None:
    assert limits(np.array([positive]), settings(**changes))[0] == pytest.approx(limit)


PLANE = np.array([[1, 0], [0.999, 0.0447], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
BEST = Found(np.array([0.9, 0.8, 0.7, 0.6, 0.0]), np.array([1, 2, 3, 4, -1]), 0.85, PLANE[0], 7)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({}, [1, 2, 3]),
        ({"negatives": 2}, [1, 2]),
        ({"negatives": 1, "rank_from": 3}, [2]),
        ({"rank_to": 2}, [1]),
        ({"near": 0.7}, [2, 3]),
        ({"near": 0.7, "negatives": 1}, [2]),
    ],
)
def test_choice_by_rank_limit_and_likeness_to_the_positive(changes: dict, places: list[int]) -> None:
    """Place 0 scores .9, over the limit; the passage in place 1 has the cosine .8 with the positive, place 2 .6."""
    assert choose(BEST, PLANE, settings(**changes)) == places


def test_random_picks_depend_on_seed_and_item() -> None:
    def picks(seed: int) -> list[list[int]]:
        found = [Found(np.zeros(50), np.full(50, 4), 1.0, PLANE[0], item) for item in range(20)]
        return [choose(one, PLANE, settings(pick="random", negatives=3, seed=seed)) for one in found]

    assert picks(1) == picks(1) != picks(2)
    assert len({tuple(p) for p in picks(1)}) > 15 and all(p == sorted(set(p)) and len(p) == 3 for p in picks(1))


def test_groups_give_the_least_id_and_leave_others_alone() -> None:
    groups = Groups(np.array([3, 9], np.uint64), np.array([3, 3], np.uint64))
    assert groups.of(np.array([9, 3, 5, 10], np.uint64)).tolist() == [3, 3, 5, 10]
