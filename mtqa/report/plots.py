"""Inline SVG plots with a text alternative, in the page's own colours; equal data give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#6b7280", "#d97706", "#2563eb", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d")
FEW_POINTS = 12
MOST_PANELS = 4
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


def interval_plot(
    values: Mapping[str, Mapping[str, tuple[float, float, float]]],
    seeds: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
) -> str:
    """Return a dot with its interval for each arm (row) and measure (panel), and below it a tick for each seed.

    `values` maps arm → measure → (value, low, high), the first one has all measures; `seeds` arm → measure → values of
    its seeds.
    """
    spoken = (
        f"{arm}: " + ", ".join(f"{measure} {value:.4g} ({low:.4g} to {high:.4g})" for measure, (value, low, high) in by)
        for arm, by in ((arm, by_measure.items()) for arm, by_measure in values.items())
    )
    label = f"Values with 95 % intervals. {'; '.join(spoken)}."
    measures = list(next(iter(values.values())))
    columns = min(MOST_PANELS, len(measures))
    rows = -(-len(measures) // columns)

    def draw(plt: Any) -> Any:
        size = (2.6 * columns, rows * (0.5 + 0.42 * len(values)))
        figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
        for axis in axes.flat[len(measures) :]:
            axis.set_axis_off()
        for axis, measure in zip(axes.flat, measures, strict=False):
            for row, (arm, by_measure) in enumerate(values.items()):
                if measure not in by_measure:
                    continue
                value, low, high = by_measure[measure]
                colour = COLOURS[row % len(COLOURS)]
                axis.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="round")
                axis.plot([value], [row], "o", color=colour, markersize=6)
                own = seeds[arm][measure] if seeds else []
                if len(own) > 1:
                    axis.plot(own, [row + 0.28] * len(own), "|", color=colour, markersize=5)
            axis.set_title(measure, fontsize=10, loc="left")
            axis.set_yticks(range(len(values)), list(values))
            axis.set_ylim(len(values) - 0.5, -0.5)
            axis.locator_params(axis="x", nbins=4)
        return figure

    return _svg(draw, label)


def curve_plot(
    curves: Mapping[str, Sequence[tuple[float, float]]], y_label: str, x_label: str = "training step"
) -> str:
    """Return lines of (x, y) by name, in the order given; few points are marked, and many start at zero."""
    ends = (f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in curves.items())
    label = f"{y_label} by {x_label}: {'; '.join(ends)}."
    few = max(map(len, curves.values())) <= FEW_POINTS

    def draw(plt: Any) -> Any:
        figure, axis = plt.subplots(figsize=(7.2, 2.8))
        for index, (name, points) in enumerate(curves.items()):
            colour = COLOURS[(index + 1) % len(COLOURS)]
            axis.plot([s for s, _ in points], [v for _, v in points], color=colour, label=name, linewidth=1.6)
            if few:
                axis.plot([x for x, _ in points], [y for _, y in points], "o", color=colour, markersize=4)
        axis.set(xlabel=x_label, ylabel=y_label)
        if not few:
            axis.set_ylim(bottom=0)
        axis.legend(frameon=False)
        return figure

    return _svg(draw, label)


def ratio_plot(languages: Sequence[str], ratios: Mapping[str, Sequence[float]], y_label: str) -> str:
    """Return a dot for each language (column) and name, around the line at 1 that stands for no preference."""
    spoken = (
        f"{name}: " + ", ".join(f"{lang} {ratio:.2f}" for lang, ratio in zip(languages, values, strict=True))
        for name, values in ratios.items()
    )
    label = f"{y_label}, by language; 1 is no preference. {'; '.join(spoken)}."

    def draw(plt: Any) -> Any:
        figure, axis = plt.subplots(figsize=(max(5.0, 0.66 * len(languages) + 2.4), 2.8))
        axis.axhline(1, color=INK, linewidth=1)
        step = 0.6 / max(1, len(ratios) - 1)
        for index, (name, values) in enumerate(ratios.items()):
            left = -0.3 + index * step if len(ratios) > 1 else 0.0
            places = [column + left for column in range(len(languages))]
            axis.plot(places, values, "o", color=COLOURS[index % len(COLOURS)], label=name, markersize=5)
        axis.set_xticks(range(len(languages)), languages)
        axis.set_ylabel(y_label)
        axis.margins(y=0.15)
        axis.grid(False, axis="x")
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
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
