import pytest

from mtqa.report.details import mean_of


def test_mean_over_seeds_keeps_what_is_no_number():
    seeds = [
        {"name": "x", "n": 3, "mAP": {"Mo": 0.5, "Cr": None}, "k": [1]},
        {"name": "x", "n": 3, "mAP": {"Mo": 0.7, "Cr": 0.2}, "k": [1]},
    ]
    found = mean_of(seeds)
    assert found["mAP"] == {"Mo": pytest.approx(0.6), "Cr": None}
    assert (found["name"], found["n"], found["k"]) == ("x", 3, [1])


def test_whole_and_broken_numbers_have_a_mean():
    assert mean_of([{"r": 1}, {"r": 2.0}]) == {"r": 1.5}
