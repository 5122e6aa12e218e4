"""Generators depend on seed and purpose, and on nothing else."""

import subprocess
import sys

import numpy as np

from mtqa.core.rng import rng


def test_same_seed_and_purpose_same_numbers_in_another_process() -> None:
    code = "from mtqa.core.rng import rng; print(rng(7, 'shards', 3).integers(0, 10**9, 4).tolist())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str(rng(7, "shards", 3).integers(0, 10**9, 4).tolist())


def test_other_seeds_and_purposes_give_other_numbers() -> None:
    purposes = [(7, "a"), (8, "a"), (7, "b"), (7, "a", 0), (7, "a", "0"), (7, "a0")]
    assert len({tuple(rng(*p).integers(0, 10**9, 4).tolist()) for p in purposes}) == len(purposes)


def test_streams_are_uncorrelated() -> None:
    a, b = rng(1, "a").standard_normal(20_000), rng(1, "b").standard_normal(20_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


def test_the_global_generator_is_left_alone() -> None:
    np.random.seed(3)
    want = np.random.random()
    np.random.seed(3)
    rng(1, "x").random(5)
    assert np.random.random() == want
