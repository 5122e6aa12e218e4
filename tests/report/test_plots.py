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


def test_plots_say_what_they_show_and_take_the_colours_of_the_page():
    plot = interval_plot({"a & b": {"Mo": (0.5, 0.4, 0.6), "Cr": (0.25, 0.2, 0.3)}})
    assert plot.startswith(
        '<svg role="img" aria-label="Values with 95 % intervals. a &amp; b: Mo 0.5 (0.4 to 0.6), Cr 0.25'
    )
    assert "currentColor" in plot
    assert "var(--line)" in plot
    assert "#010203" not in plot
    curve = curve_plot({"mono": [(1, 3.0), (2, 2.5)]}, "loss")
    assert 'aria-label="loss by training step: mono from 3 to 2.5."' in curve
