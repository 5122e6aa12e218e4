import pytest

from mtqa.train.schedule import learning_rate


def test_rises_to_the_peak_and_falls_to_zero():
    rates = [learning_rate(step, 10, 6.0, warmup=0.2) for step in range(10)]
    assert rates == pytest.approx([2, 4, 6, 5.25, 4.5, 3.75, 3, 2.25, 1.5, 0.75])


def test_constant_after_the_warm_up():
    rates = [learning_rate(step, 5, 1.0, warmup=0.4, schedule="constant") for step in range(5)]
    assert rates == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])


@pytest.mark.parametrize("warmup", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_no_step_is_wasted_and_the_peak_is_reached(steps, warmup):
    rates = [learning_rate(step, steps, 1.0, warmup) for step in range(steps)]
    assert min(rates) > 0
    assert max(rates) == pytest.approx(1.0)
