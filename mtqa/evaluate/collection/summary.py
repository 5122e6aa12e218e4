"""From the values of each query to `metrics.json`, `per_query.parquet` and the table that people read.

A metric is the mean over languages of the mean over queries, so every language counts equally; where no language is
known, all queries are one. Intervals resample query ids, those of all languages together (see `bootstrap`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa import __version__
from mtqa.evaluate.bias import nanmean
from mtqa.evaluate.bootstrap import interval_of_each
from mtqa.evaluate.collection.language_metrics import KINDS, measure_languages
from mtqa.evaluate.collection.metrics import measure
from mtqa.evaluate.collection.trec import Hits, Judged
from mtqa.evaluate.perquery import mean, used
from mtqa.evaluate.settings import CollectionSettings
from mtqa.evaluate.summary import TOP_K, without_nan

MRC = "MRC@"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """The queries of one task with their metrics: `values` (Q, metrics), `relevant` and `found` (Q,) documents.

    Values are NaN where a metric is not defined. `documents`: how many there are to choose from, None for a run from
    elsewhere. `top`: of a pool, how many of the queries' first 20 documents are in each language.
    """

    lang: str | None
    queries: list[str]
    values: Floats
    relevant: list[int]
    found: list[int]
    documents: int | None
    top: Mapping[str, int] = field(default_factory=dict)


def measured(
    lang: str | None,
    judged: Judged,
    run: Mapping[str, Hits],
    names: Sequence[str],
    documents: int | None,
    in_pool: InPool | None = None,
) -> Measured:
    """Return the metrics of every judged query; one that the run lacks found nothing, as with `trec_eval -c`."""
    none = Hits([], np.zeros(0, np.float32))
    hits = [run.get(query, none) for query in judged]
    if in_pool is None:
        rows = [measure(one.ids, texts, names) for one, texts in zip(hits, judged.values(), strict=True)]
    else:
        rows = [in_pool.measure(q, one.ids, judged[q], names) for q, one in zip(judged, hits, strict=True)]
    return Measured(
        lang,
        list(judged),
        np.array([[row[name] for name in names] for row in rows], np.float64).reshape(len(rows), len(names)),
        [sum(value > 0 for value in texts.values()) for texts in judged.values()],
        [len(one.ids) for one in hits],
        documents,
        Counter(in_pool.of[name] for one in hits for name in one.ids[:TOP_K]) if in_pool else {},
    )


@dataclass(frozen=True)
class InPool:
    """What the metrics of a pool need: the language of the queries, and of every document that they touch.

    `of`: the language of each relevant document that the collection holds and of each query's first 20; `agreement`:
    MRC of each query, None where it is not measured.
    """

    lang: str | None
    of: Mapping[str, str]
    agreement: Mapping[str, float] | None

    def measure(self, query: str, ranked: Sequence[str], judged: Mapping[str, int], names: Sequence[str]) -> Any:
        """Return the named metrics of a query's ranking."""
        of_languages = [name for name in names if name.partition("@")[0] in KINDS]
        plain = [name for name in names if name not in of_languages and not name.startswith(MRC)]
        agreed = {name: self.agreement[query] if self.agreement else np.nan for name in names if name.startswith(MRC)}
        return {
            **measure(ranked, judged, plain),
            **measure_languages(ranked, judged, of_languages, self.lang, self.of),
            **agreed,
        }


def write_per_query(tasks: Sequence[Measured], names: Sequence[str], path: Path) -> int:
    """Write one row a query: lang, id, the metrics, `relevant` and `found` documents; returns the rows."""
    values = np.concatenate([task.values for task in tasks])
    table = pa.table(
        {
            "lang": pa.array([task.lang for task in tasks for _ in task.queries], pa.string()),
            "id": pa.array([query for task in tasks for query in task.queries], pa.string()),
            **{
                name: pa.array(values[:, place], pa.float64(), mask=np.isnan(values[:, place]))
                for place, name in enumerate(names)
            },
            "relevant": pa.array([number for task in tasks for number in task.relevant], pa.int32()),
            "found": pa.array([number for task in tasks for number in task.found], pa.int32()),
        }
    )
    pq.write_table(table, path, compression="zstd")
    return len(table)


def summarise(
    tasks: Sequence[Measured],
    settings: CollectionSettings,
    about: Mapping[str, str],
    counts: Mapping[str, int],
    pool: Mapping[str, int],
) -> dict[str, Any]:
    """Return the content of `metrics.json`: unrounded `metrics`, `by_language`, `intervals`, `counts`, `signatures`.

    Null where a metric is not defined. `about`: what the signatures say of data and system, in their order; `pool`:
    of documents in several languages, how many are in each, which adds `pool` and `top_share_by_passage_language`.
    """
    names = settings.metrics
    grids = _grids(tasks, len(names))
    known = [task for task in tasks if task.lang]
    all_and_each = [grids, *(grids[:, [number]] for number, task in enumerate(tasks) if task.lang)]
    cells = [used(grid[:, :, m]) for grid in all_and_each for m in range(len(names))]
    ends = iter(interval_of_each(cells, settings.resamples, settings.seed))
    intervals = [{name: list(pair) if (pair := next(ends)) else None for name in names} for _ in all_and_each]
    fields = {**about, "bs": settings.resamples, "seed": settings.seed, "v": __version__}
    signature = "|".join(f"{key}:{value}" for key, value in fields.items())
    result = {
        "benchmark": settings.benchmark,
        "languages": [task.lang for task in known],
        "metrics": {n: mean(used(grids[:, :, m])) for m, n in enumerate(names)},
        "by_language": {str(task.lang): _means(task, names) for task in known},
        "intervals": {
            **intervals[0],
            "by_language": dict(zip((str(task.lang) for task in known), intervals[1:], strict=True)),
        },
        "signature": f"{names[0]}|{signature}",
        "signatures": {name: f"{name}|{signature}" for name in names},
        "counts": dict(counts),
        **_passage_languages(tasks, pool),
    }
    return without_nan(result)  # type: ignore[no-any-return]


def _passage_languages(tasks: Sequence[Measured], pool: Mapping[str, int]) -> dict[str, Any]:
    """Return how many documents of a pool are in each language, and how much of the first ranks each one takes."""
    if not pool:
        return {}
    total = sum(pool.values())
    shares = {
        str(task.lang): {lang: task.top.get(lang, 0) / max(1, sum(task.top.values())) for lang in pool}
        for task in tasks
    }
    return {
        "pool": dict(pool),
        "top_share_by_passage_language": {
            "k": TOP_K,
            "share": {lang: float(np.mean([share[lang] for share in shares.values()])) for lang in pool},
            "uniform": {lang: number / total for lang, number in pool.items()},
            "by_query_language": shares,
        },
    }


def _means(task: Measured, names: Sequence[str]) -> dict[str, Any]:
    sizes = {"queries": len(task.queries), "documents": task.documents}
    return {name: float(nanmean(task.values[:, m])) for m, name in enumerate(names)} | sizes


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

    def row(label: str, values: Mapping[str, float | None], ends: Mapping[str, list[float] | None]) -> str:
        cells = [_shown(values[name], ends[name]) for name in names]
        return f"{label:<12}" + "".join(f"{cell:>26}" for cell in cells)

    lines.append(row("mean" if len(metrics["languages"]) > 1 else "all", metrics["metrics"], metrics["intervals"]))
    if len(metrics["languages"]) > 1:
        ends = metrics["intervals"]["by_language"]
        lines += [row(lang, values, ends[lang]) for lang, values in metrics["by_language"].items()]
    return "\n".join([*lines, "", metrics["signature"]])


def _shown(value: float | None, ends: Sequence[float] | None) -> str:
    return "–" if value is None or ends is None else f"{value:.4f} [{ends[0]:.4f}, {ends[1]:.4f}]"
