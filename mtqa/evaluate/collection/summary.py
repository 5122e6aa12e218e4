"""From the values of each query to `metrics.json`, `per_query.parquet` and the table that people read.

A metric is the mean over languages of the mean over queries, so every language counts equally; where no language is
known, all queries are one. Intervals resample query ids, those of all languages together (see `bootstrap`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa import __version__
from mtqa.evaluate.bootstrap import interval, resample, weights
from mtqa.evaluate.collection.metrics import measure
from mtqa.evaluate.collection.trec import Hits, Judged
from mtqa.evaluate.settings import CollectionSettings

FILE = "per_query.parquet"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """The queries of one task with their metrics: `values` (Q, metrics), `relevant` and `found` (Q,) documents.

    `documents`: how many there are to choose from, None for a run from elsewhere.
    """

    lang: str | None
    queries: list[str]
    values: Floats
    relevant: list[int]
    found: list[int]
    documents: int | None


def measured(
    lang: str | None, judged: Judged, run: Mapping[str, Hits], names: Sequence[str], documents: int | None
) -> Measured:
    """Return the metrics of every judged query; one that the run lacks found nothing, as with `trec_eval -c`."""
    none = Hits([], np.zeros(0, np.float32))
    hits = [run.get(query, none) for query in judged]
    rows = [measure(one.ids, texts, names) for one, texts in zip(hits, judged.values(), strict=True)]
    return Measured(
        lang,
        list(judged),
        np.array([[row[name] for name in names] for row in rows], np.float64).reshape(len(rows), len(names)),
        [sum(value > 0 for value in texts.values()) for texts in judged.values()],
        [len(one.ids) for one in hits],
        documents,
    )


def write_per_query(tasks: Sequence[Measured], names: Sequence[str], path: Path) -> int:
    """Write one row a query: lang, id, the metrics, `relevant` and `found` documents; returns the rows."""
    values = np.concatenate([task.values for task in tasks])
    table = pa.table(
        {
            "lang": pa.array([task.lang for task in tasks for _ in task.queries], pa.string()),
            "id": pa.array([query for task in tasks for query in task.queries], pa.string()),
            **{name: pa.array(values[:, place], pa.float64()) for place, name in enumerate(names)},
            "relevant": pa.array([number for task in tasks for number in task.relevant], pa.int32()),
            "found": pa.array([number for task in tasks for number in task.found], pa.int32()),
        }
    )
    pq.write_table(table, path, compression="zstd")
    return len(table)


def summarise(
    tasks: Sequence[Measured], settings: CollectionSettings, about: Mapping[str, str], counts: Mapping[str, int]
) -> dict[str, Any]:
    """Return the content of `metrics.json`: unrounded `metrics`, `by_language`, `intervals`, `counts`, `signatures`.

    `about`: what the signatures say of data and system, in their order.
    """
    names = settings.metrics
    grids = _grids(tasks, len(names))
    draws = weights(grids.shape[0], settings.resamples, settings.seed)
    known = [task for task in tasks if task.lang]

    def of(cells: Floats) -> list[float]:
        return list(interval(resample(cells, draws)))

    place = {task.lang: number for number, task in enumerate(tasks)}
    fields = {**about, "bs": settings.resamples, "seed": settings.seed, "v": __version__}
    signature = "|".join(f"{key}:{value}" for key, value in fields.items())
    return {
        "benchmark": settings.benchmark,
        "languages": [task.lang for task in known],
        "metrics": {n: float(np.mean([task.values[:, m].mean() for task in tasks])) for m, n in enumerate(names)},
        "by_language": {str(task.lang): _means(task, names) for task in known},
        "intervals": {
            **{name: of(grids[:, :, m]) for m, name in enumerate(names)},
            "by_language": {
                str(task.lang): {n: of(grids[:, [place[task.lang]], m]) for m, n in enumerate(names)} for task in known
            },
        },
        "signature": f"{names[0]}|{signature}",
        "signatures": {name: f"{name}|{signature}" for name in names},
        "counts": dict(counts),
    }


def _means(task: Measured, names: Sequence[str]) -> dict[str, Any]:
    sizes = {"queries": len(task.queries), "documents": task.documents}
    return {name: float(task.values[:, m].mean()) for m, name in enumerate(names)} | sizes


def _grids(tasks: Sequence[Measured], metrics: int) -> Floats:
    """Return (query ids, tasks, metrics), NaN where a task does not have the query."""
    place = {query: number for number, query in enumerate(dict.fromkeys(q for task in tasks for q in task.queries))}
    grid = np.full((len(place), len(tasks), metrics), np.nan)
    for number, task in enumerate(tasks):
        grid[[place[query] for query in task.queries], number] = task.values
    return grid


def table(metrics: Mapping[str, Any]) -> str:
    """Return the metrics with their intervals, the languages and the signature as plain text."""
    names = list(metrics["metrics"])
    lines = [f"{'':<12}" + "".join(f"{name:>26}" for name in names)]

    def row(label: str, values: Mapping[str, float], ends: Mapping[str, list[float]]) -> str:
        cells = [f"{values[name]:.4f} [{ends[name][0]:.4f}, {ends[name][1]:.4f}]" for name in names]
        return f"{label:<12}" + "".join(f"{cell:>26}" for cell in cells)

    lines.append(row("mean" if len(metrics["languages"]) > 1 else "all", metrics["metrics"], metrics["intervals"]))
    if len(metrics["languages"]) > 1:
        ends = metrics["intervals"]["by_language"]
        lines += [row(lang, values, ends[lang]) for lang, values in metrics["by_language"].items()]
    return "\n".join([*lines, "", metrics["signature"]])
