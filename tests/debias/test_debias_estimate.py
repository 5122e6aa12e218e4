import numpy as np
import pytest

from mtqa.debias.estimate import distance, estimate

ENGLISH = np.array([[1.0, 0, 0], [0, 1.0, 0]])
GERMAN = np.array([[0.6, 0, 0.8], [0, 0.6, 0.8]])
VECTORS = {"eng_Latn": ENGLISH, "deu_Latn": GERMAN}


def test_shift_takes_the_mean_difference_of_pairs_away():
    maps = estimate(VECTORS, "shift")
    assert maps["deu_Latn"].offset == pytest.approx([0.2, 0.2, -0.8])
    assert maps["eng_Latn"].offset == pytest.approx([0, 0, 0])
    moved = maps["deu_Latn"](GERMAN)
    assert moved[0] == pytest.approx(np.array([0.8, 0.2, 0]) / np.hypot(0.8, 0.2))


def test_centre_takes_the_mean_away():
    maps = estimate(VECTORS, "centre")
    assert maps["eng_Latn"](ENGLISH)[0] == pytest.approx(np.array([1, -1, 0]) / np.sqrt(2))
    assert distance(VECTORS, maps) == pytest.approx(0)
    assert distance(VECTORS) == pytest.approx(np.sqrt(0.04 + 0.04 + 0.64))


def test_project_removes_the_strongest_direction_and_nothing_else():
    generator = np.random.default_rng(1)
    direction = np.array([0.0, 0.6, 0.8])
    rows = generator.normal(0, 0.1, (500, 3)) + 3 * direction
    map_ = estimate({"eng_Latn": rows}, "project", rank=1)["eng_Latn"]
    found = np.linalg.svd(rows)[2][0]
    assert abs(found @ direction) > 0.99
    assert map_.matrix @ found == pytest.approx([0, 0, 0], abs=1e-9)
    across = np.cross(found, [1.0, 0, 0])
    assert map_.matrix @ across == pytest.approx(across)


def test_an_unknown_method_is_an_error():
    with pytest.raises(ValueError, match="unknown method"):
        estimate(VECTORS, "rotate")
