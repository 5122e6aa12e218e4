"""Results of evaluations as cards show them: a number never without its interval and signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import COLLECTION_STAGE, EVALUATE_STAGE, read_metrics
from mtqa.core.languages import get
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest
from mtqa.publish.markdown import escape, listing, table

SHOWN = {
    "Mo": "mAP monolingual (Mo)",
    "Cr": "mAP cross-lingual (Cr)",
    "Mul": "mAP multilingual (Mul)",
    "rank_distance": "language bias (rank distance, lower is better)",
}
TITLES = {"xquad-r": "XQuAD-R", "mlqa-r": "MLQA-R"}
WHOLE = {"xquad-r": 13_014, "mlqa-r": 20_534}
"""Candidates of the whole benchmarks: a smaller pool gives higher figures, so a part is always called a part."""


@dataclass(frozen=True)
class Metric:
    """One number: its interval is None where it was not estimated."""

    name: str
    value: float
    interval: tuple[float, float] | None
    signature: str


@dataclass(frozen=True)
class Result:
    """The headline numbers of one benchmark, or of a part of it; `languages` may be unknown (empty)."""

    benchmark: str
    languages: tuple[str, ...]
    questions: int | None
    candidates: int | None
    metrics: tuple[Metric, ...]
    collection: bool = False

    @property
    def title(self) -> str:
        """The benchmark's name, and that it is a part of it where it is; a collection's with its folder's name."""
        if self.collection and self.metrics:
            return _said(self.metrics[0], "data").rpartition("-")[0] or self.benchmark
        name = TITLES.get(self.benchmark, self.benchmark)
        part = self.candidates is not None and self.candidates < WHOLE.get(self.benchmark, 0)
        return f"{name} (part)" if part else name


def _said(metric: Metric, key: str) -> str:
    """Return a part of a metric's signature, "" where it has none of that name."""
    return metric.signature.partition(f"|{key}:")[2].partition("|")[0]


def evaluation_results(folder: Path, evaluation: Manifest, model: Manifest) -> Result:
    """Return an evaluation's headline numbers; raises UsageError where it is not an evaluation of this model."""
    if evaluation.stage not in (EVALUATE_STAGE, COLLECTION_STAGE):
        raise UsageError(
            f"'{folder}' is not an evaluation but the result of '{evaluation.stage}'.",
            where=folder,
            expected="the output of mtqa evaluate",
        )
    trained = [summary for summary in lineage(evaluation)[:-1] if summary.get("stage") == "train"]
    if not trained or trained[-1].get("content") != model.content:
        raise UsageError(
            "The evaluation is of another model.",
            where=folder,
            expected="an evaluation of the model folder that is published",
            next_step="mtqa evaluate MODEL, with that folder",
        )
    info = evaluation.info
    collection, counts = evaluation.stage == COLLECTION_STAGE, evaluation.counts
    values = {**_mapping(info.get("mAP")), **_mapping(info.get("bias")), **_mapping(info.get("metrics"))}
    intervals, signatures = _mapping(info.get("intervals")), _mapping(info.get("signatures"))
    metrics = [
        Metric(
            name, float(values[name]), _pair(intervals.get(name)), str(signatures.get(name, info.get("signature", "")))
        )
        for name in (values if collection else SHOWN)
        if isinstance(values.get(name), int | float)
    ]
    return Result(
        str(evaluation.settings.get("benchmark", "")),
        _languages(folder),
        counts.get("queries" if collection else "questions"),
        counts.get("documents" if collection else "candidates"),
        tuple(metrics),
        collection,
    )


def _languages(folder: Path) -> tuple[str, ...]:
    """Return the languages that an evaluation's metrics name; none where the file is not there."""
    try:
        return tuple(read_metrics(folder)["languages"])
    except (UsageError, KeyError, TypeError):
        return ()


def results_table(results: Sequence[Result]) -> str:
    """Return the table of headline numbers with 95 % intervals, and the signatures below it."""
    rows, notes, pools = [], [], []
    for result in results:
        title = result.title
        if result.questions and result.candidates:
            names = listing([get(lang).name for lang in result.languages])
            words = ("queries", "documents") if result.collection else ("questions", "candidates")
            pools.append(
                f"{escape(title)}: {result.questions:,} {words[0]}, {result.candidates:,} {words[1]}"
                + (f", in {names}." if names else ".")
            )
        for metric in result.metrics:
            digits = 1 if metric.name == "rank_distance" or metric.name.startswith("MRC@") else 4
            ends = metric.interval
            spread = f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}" if ends else "not estimated"
            rows.append([escape(title), SHOWN.get(metric.name, metric.name), f"{metric.value:.{digits}f}", spread])
            notes.append(f"- {escape(title)}, {metric.name}: `{metric.signature.replace('`', '')}`")
    shown = table(["benchmark", "metric", "value", "95 % interval"], rows)
    return "\n\n".join([*pools, shown, "Signatures:", "\n".join(notes)])


def model_index(name: str, results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the Hub's `model-index`: one entry a benchmark; intervals and signatures are the metrics' `args`."""
    entries = []
    for result in results:
        metrics = [
            {
                "type": "mean_average_precision" if m.name in ("Mo", "Cr", "Mul") else m.name,
                "value": round(m.value, 6),
                "name": SHOWN.get(m.name, m.name),
                "args": {"signature": m.signature}
                | ({"ci_low": round(m.interval[0], 6), "ci_high": round(m.interval[1], 6)} if m.interval else {}),
            }
            for m in result.metrics
        ]
        names = ("queries", "documents") if result.collection else ("questions", "candidates")
        sizes = dict(zip(names, (result.questions, result.candidates), strict=True))
        pool = {**sizes, "languages": list(result.languages)}
        args = {key: value for key, value in pool.items() if value}
        split = _said(result.metrics[0], "split") if result.metrics else ""
        dataset = {"type": result.benchmark, "name": result.title, "split": split or "test", "args": args}
        entries.append(
            {"task": {"type": "text-retrieval", "name": "Retrieval"}, "dataset": dataset, "metrics": metrics}
        )
    return [{"name": name, "results": entries}] if entries else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _pair(value: Any) -> tuple[float, float] | None:
    return (float(value[0]), float(value[1])) if isinstance(value, list | tuple) and len(value) == 2 else None
