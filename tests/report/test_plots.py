import pytest

from mtqa.report.plots import curve_plot, interval_plot, smoothed


def test_smoothed_is_the_mean_of_the_last_values():
    assert smoothed([4.0, 2.0, 6.0, 0.0], 2) == pytest.approx([4.0, 3.0, 4.0, 3.0])
    assert smoothed([1.0, 2.0], 10) == pytest.approx([1.0, 1.5])


def test_equal_data_give_equal_bytes():
    curves = {"mono": [(1, 3.0), (2, 2.0)], "hybrid": [(1, 3.0), (2, 1.5)]}
    first = curve_plot(curves, "loss")
    assert first == curve_plot(curves, "loss")
    assert first != curve_plot({**curves, "mono": [(1, 3.0), (2, 2.5)]}, "loss")
    assert first.startswith("<svg")


def test_names_are_escaped_in_svg():
    plot = interval_plot({"<script>x</script>": {"Mo": (0.5, 0.4, 0.6)}})
    assert "<script>" not in plot
    assert "&lt;script&gt;" in plot
