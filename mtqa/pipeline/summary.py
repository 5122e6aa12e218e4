"""What `mtqa run` prints at its end: the models side by side, differences, ten translated rows, where things are."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtqa.core.corpus import open_corpus
from mtqa.core.evaluations import read_metrics
from mtqa.core.languages import get
from mtqa.core.sample import sample_items
from mtqa.core.schema import ENGLISH
from mtqa.pipeline.compare import COMPARISON
from mtqa.pipeline.recipe import Recipe
from mtqa.pipeline.table import text_table

SHOWN_ROWS = 10
TITLES = {"rank_distance": "bias (less is better)"}


def run_summary(run: Path, recipe: Recipe, stages: dict[str, dict[str, Any]]) -> str:
    """Return the text that ends a run; a run that changed nothing is told in one line and its table."""
    comparison = json.loads((run / COMPARISON).read_text(encoding="utf-8"))
    made = [label for label, stage in stages.items() if stage["state"] == "made"]
    blocks = [_models(name, content) for name, content in comparison.items() if "collection" not in content]
    blocks += [_differences(content) for content in comparison.values() if content["differences"]]
    blocks += [_collection(run, recipe, one.benchmark) for one in recipe.collections]
    if made:
        blocks.insert(0, _sample_rows(run, recipe.seed))
    state = f"Made: {', '.join(made)}." if made else "All stages are up to date."
    places = [f"Report: {run / 'report.html'}"]
    if recipe.publish is not None:
        places.append(f"Ready to publish: {run / 'published'}")
    return "\n\n".join([*blocks, state + "\n" + "\n".join(places)])


def _models(name: str, content: dict[str, Any]) -> str:
    measures = list(next(iter(content["models"].values())))
    rows = [
        [arm, *(_interval(m, v["value"], (v["low"], v["high"])) for m, v in values.items())]
        for arm, values in content["models"].items()
    ]
    counts = content["counts"]
    heading = (
        f"{name} ({', '.join(content['languages'])}): {counts['queries']:,} queries, "
        f"{counts['candidates']:,} candidates; mAP with 95 % intervals over questions"
    )
    table = text_table(["model", *(TITLES.get(m, m) for m in measures)], rows)
    return "\n".join([heading, table, content["signature"]])


def _collection(run: Path, recipe: Recipe, name: str) -> str:
    """Return the models side by side on a benchmark of retrieval, language by language."""
    found = {arm: read_metrics(run / "evaluation" / arm / name) for arm in recipe.arms}
    first = next(iter(found.values()))
    measures = list(first["metrics"])
    rows: list[list[str]] = []
    for arm, metrics in found.items():
        ends = metrics["intervals"]
        parts = {"mean": (metrics["metrics"], ends)}
        parts |= {lang: (values, ends["by_language"][lang]) for lang, values in metrics["by_language"].items()}
        for label, (values, own) in parts.items() if len(metrics["languages"]) > 1 else [("all", parts["mean"])]:
            rows.append([arm, label, *(_interval(m, values[m], own[m]) for m in measures)])
    counts = first["counts"]
    heading = f"{name}: {counts['queries']:,} queries, {counts['documents']:,} documents; 95 % intervals over questions"
    return "\n".join([heading, text_table(["model", "queries", *measures], rows), first["signature"]])


def _differences(content: dict[str, Any]) -> str:
    measures = list(content["differences"][0]["measures"])
    rows = [
        [
            f"{d['first']} − {d['second']}",
            *(_interval(m, v["difference"], v["interval"], "+") for m, v in d["measures"].items()),
        ]
        for d in content["differences"]
    ]
    return text_table(["difference, paired by question", *(TITLES.get(m, m) for m in measures)], rows)


def _interval(measure: str, value: float | None, ends: Sequence[float] | None, sign: str = "") -> str:
    if value is None or ends is None:
        return "–"
    form = f"{sign}.1f" if measure == "rank_distance" else f"{sign}.3f"
    return f"{value:{form}} [{ends[0]:{form}}, {ends[1]:{form}}]".replace("-", "−")


def _sample_rows(run: Path, seed: int) -> str:
    """Return some kept items as text, the languages of an item below each other."""
    items = sample_items(open_corpus(run / "filtered"), SHOWN_ROWS, seed)
    lines = [f"{len(items)} items of the training data"]
    for number, item in enumerate(items, 1):
        lines.append("")
        for lang, row in item.items():
            head = f"{number:>2}. " if lang == ENGLISH else "    "
            text = f"{get(lang).name}: {row['question']} ▸ {row['passage'] or ''}"
            lines.append(textwrap.fill(text, 110, initial_indent=head, subsequent_indent=" " * 8))
    return "\n".join(lines)
