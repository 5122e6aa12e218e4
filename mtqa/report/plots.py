"""Inline SVG plots; equal data give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#6b7280", "#d97706", "#2563eb", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d")
PLAIN: dict[Any, Any] = {
    "svg.hashsalt": "mtqa",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "axes.axisbelow": True,
}


def interval_plot(values: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> str:
    """Return a dot with its interval for each arm (row) and measure (panel).

    `values` maps arm → measure → (value, low, high).
    """
    measures = list(next(iter(values.values())))

    def draw(plt: Any) -> Any:
        size = (2.6 * len(measures), 0.5 + 0.42 * len(values))
        figure, axes = plt.subplots(1, len(measures), figsize=size, sharey=True, squeeze=False)
        for axis, measure in zip(axes[0], measures, strict=True):
            for row, by_measure in enumerate(values.values()):
                value, low, high = by_measure[measure]
                colour = COLOURS[row % len(COLOURS)]
                axis.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="round")
                axis.plot([value], [row], "o", color=colour, markersize=6)
            axis.set_title(measure, fontsize=10, loc="left")
            axis.set_yticks(range(len(values)), list(values))
            axis.set_ylim(len(values) - 0.5, -0.5)
            axis.locator_params(axis="x", nbins=4)
        return figure

    return _svg(draw)


def curve_plot(curves: Mapping[str, Sequence[tuple[int, float]]], y_label: str) -> str:
    """Return lines of (step, value) by name, in the order given."""

    def draw(plt: Any) -> Any:
        figure, axis = plt.subplots(figsize=(7.2, 2.8))
        for index, (name, points) in enumerate(curves.items()):
            colour = COLOURS[(index + 1) % len(COLOURS)]
            axis.plot([s for s, _ in points], [v for _, v in points], color=colour, label=name, linewidth=1.6)
        axis.set_xlabel("step")
        axis.set_ylabel(y_label)
        axis.set_ylim(bottom=0)
        axis.legend(frameon=False)
        return figure

    return _svg(draw)


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """Return the running mean over the last `window` values (fewer at the start)."""
    out, total = [], 0.0
    for index, value in enumerate(values):
        total += value - (values[index - window] if index >= window else 0.0)
        out.append(total / min(index + 1, window))
    return out


def _svg(draw: Any) -> str:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with matplotlib.rc_context(PLAIN):
        figure = draw(plt)
        figure.tight_layout()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
        plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
