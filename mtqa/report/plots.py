"""Inline SVG plots with a text alternative, in the page's own colours; equal data give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#6b7280", "#d97706", "#2563eb", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d")
INK, LINE = "#010203", "#040506"
"""Stand for the page's colours of text and lines, light or dark, until the SVG is written."""
PLAIN: dict[Any, Any] = {
    "svg.hashsalt": "mtqa",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
}


def interval_plot(values: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> str:
    """Return a dot with its interval for each arm (row) and measure (panel).

    `values` maps arm → measure → (value, low, high).
    """
    spoken = (
        f"{arm}: " + ", ".join(f"{measure} {value:.4g} ({low:.4g} to {high:.4g})" for measure, (value, low, high) in by)
        for arm, by in ((arm, by_measure.items()) for arm, by_measure in values.items())
    )
    label = f"Values with 95 % intervals. {'; '.join(spoken)}."
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

    return _svg(draw, label)


def curve_plot(curves: Mapping[str, Sequence[tuple[int, float]]], y_label: str) -> str:
    """Return lines of (step, value) by name, in the order given."""
    ends = (f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in curves.items())
    label = f"{y_label} by training step: {'; '.join(ends)}."

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

    return _svg(draw, label)


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """Return the running mean over the last `window` values (fewer at the start)."""
    out, total = [], 0.0
    for index, value in enumerate(values):
        total += value - (values[index - window] if index >= window else 0.0)
        out.append(total / min(index + 1, window))
    return out


def _svg(draw: Any, label: str) -> str:
    from html import escape

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
    text = text[text.index("<svg") :].replace(INK, "currentColor").replace(LINE, "var(--line)")
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
