"""A study's pictures: learning curves, mAP over α, differences by language pair. Equal data give equal bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from mtqa.core.languages import get

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
        figure, axes = plt.subplots(1, 1 + len(points), figsize=(5.2 * (1 + len(points)), 3.2), squeeze=False)
        for index, (arm, curve) in enumerate(content["curves"].items()):
            if not curve:
                continue
            colour = COLOURS[(index + 1) % len(COLOURS)]
            axes[0][0].plot([s for s, _ in curve], [v for _, v in curve], color=colour, label=arm, linewidth=1.4)
        axes[0][0].set(xlabel="step", ylabel="loss, mean over seeds")
        _legend(axes[0][0])
        for axis, (name, by_measure) in zip(axes[0][1:], points.items(), strict=True):
            for index, (measure, values) in enumerate(by_measure.items()):
                colour = COLOURS[(index + 1) % len(COLOURS)]
                axis.plot([a for a, _ in values], [v for _, v in values], "o-", color=colour, label=measure)
            axis.set(xlabel="α: share of mono batches", ylabel="mAP", title=name)
            _legend(axis)
        return _svg(figure)


def _legend(axis: Any) -> None:
    """Name the lines beside the axes, where none can run beneath a name, in the order in which they end."""
    lines = sorted(axis.lines, key=lambda line: -line.get_ydata()[-1])
    axis.legend(lines, [line.get_label() for line in lines], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def differences(content: Mapping[str, Any], benchmark: str, first: str, second: str) -> list[list[float]]:
    """Return first − second in mAP, by query language (rows) and passage language, NaN where there is no question."""
    pairs, languages = content["benchmarks"][benchmark]["pairs"], content["benchmarks"][benchmark]["languages"]
    cells = [[(pairs[first][q][p], pairs[second][q][p]) for p in languages] for q in languages]
    return [[math.nan if None in cell else cell[0] - cell[1] for cell in row] for row in cells]


def matrix_svg(content: Mapping[str, Any]) -> str:
    """Return an SVG with a panel for each pair compared beforehand and benchmark: mAP × 100 by language pair."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    pairs = list(dict.fromkeys((c["first"], c["second"]) for c in content["primary"]))
    names = list(content["benchmarks"])
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axes = plt.subplots(len(pairs), len(names), figsize=(5.2 * len(names), 4.6 * len(pairs)), squeeze=False)
        for row, (first, second) in zip(axes, pairs, strict=True):
            for axis, name in zip(row, names, strict=True):
                languages = [get(lang).iso1 or get(lang).iso3 for lang in content["benchmarks"][name]["languages"]]
                _heat(axis, differences(content, name, first, second), languages)
                axis.set(xlabel="passages", ylabel="queries", title=f"{first} − {second}, {name}: mAP × 100")
        return _svg(figure)


def _heat(axis: Any, cells: list[list[float]], languages: list[str]) -> None:
    """Draw a matrix, red below zero and blue above, the numbers in it × 100."""
    largest = max((abs(value) for row in cells for value in row if not math.isnan(value)), default=0.0) or 1.0
    axis.pcolormesh(cells, cmap="RdBu", vmin=-largest, vmax=largest)
    places = [number + 0.5 for number in range(len(languages))]
    axis.set_xticks(places, languages)
    axis.set_yticks(places, languages)
    axis.invert_yaxis()
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if not math.isnan(value):
                colour = "white" if abs(value) > 0.6 * largest else "black"
                text = f"{100 * value:+.1f}".replace("-", "−")
                axis.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=6.5, color=colour)


def _svg(figure: Any) -> str:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)
    return out.getvalue()
