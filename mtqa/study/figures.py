"""A study's picture: learning curves and, where several α were tried, mAP over α. Equal data give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

COLOURS = ("#6b7280", "#d97706", "#2563eb", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d")
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "mtqa",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "axes.axisbelow": True,
}


def alpha_points(content: Mapping[str, Any]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return benchmark → measure → (α, mean over seeds), α ascending: cross is α 0, mono 1, hybrid its own."""
    alphas = {}
    for arm, settings in content["arms"].items():
        shards = settings["shards"]
        if settings["train"] == {} and "languages" not in shards and "mode" in shards:
            alphas[arm] = {"mono": 1.0, "cross": 0.0}.get(shards["mode"], shards.get("alpha", 0.5))
    points: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, benchmark in content["benchmarks"].items():
        arms = benchmark["groups"]["all"]["arms"]
        for measure in [m for m in next(iter(arms.values())) if m != "rank_distance"]:
            of_measure = sorted((alpha, arms[arm][measure]["value"]) for arm, alpha in alphas.items())
            points.setdefault(name, {})[measure] = of_measure
    return points


def curves_svg(content: Mapping[str, Any]) -> str:
    """Return an SVG: the loss of each arm over the steps, and a panel a benchmark of mAP over α if α varies enough."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = {name: by for name, by in alpha_points(content).items() if all(len(p) > 2 for p in by.values())}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 1 + len(points), figsize=(4.6 * (1 + len(points)), 3.2), squeeze=False)
        for index, (arm, curve) in enumerate(content["curves"].items()):
            colour = COLOURS[(index + 1) % len(COLOURS)]
            axes[0][0].plot([s for s, _ in curve], [v for _, v in curve], color=colour, label=arm, linewidth=1.4)
        axes[0][0].set(xlabel="step", ylabel="loss, mean over seeds")
        axes[0][0].legend(frameon=False)
        for axis, (name, by_measure) in zip(axes[0][1:], points.items(), strict=True):
            for index, (measure, values) in enumerate(by_measure.items()):
                colour = COLOURS[(index + 1) % len(COLOURS)]
                axis.plot([a for a, _ in values], [v for _, v in values], "o-", color=colour, label=measure)
            axis.set(xlabel="α: share of mono batches", ylabel="mAP", title=name)
            axis.legend(frameon=False)
        figure.tight_layout()
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    return out.getvalue()
