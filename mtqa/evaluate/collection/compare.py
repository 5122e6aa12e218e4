"""Two evaluations of a collection against each other: whether they may be compared, and by how much they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import COLLECTION_STAGE, PER_QUERY_FILE
from mtqa.core.hashing import file_sha256
from mtqa.core.manifest import MANIFEST, Manifest, load_manifest
from mtqa.evaluate.bootstrap import Difference, difference_of_cells
from mtqa.evaluate.perquery import unreadable, used

QRELS_FILE = "qrels.trec"
NO_METRICS = ("lang", "id", "relevant", "found")
COMPARABLE = ("benchmark", "split", "languages", "depth")


@dataclass(frozen=True)
class CollectionValues:
    """Values of queries by task: `values` (ids, tasks, metrics), `relevant` (ids, tasks) documents, NaN where none.

    `languages`: those of the tasks, one None where the language is not known; `ids`: of all queries, in order.
    """

    languages: list[str | None]
    metrics: list[str]
    ids: list[str]
    values: NDArray[np.float64]
    relevant: NDArray[np.float64]

    def cells(self, metric: str) -> NDArray[np.float64]:
        """Return a metric's values as (queries, tasks)."""
        return self.values[:, :, self.metrics.index(metric)]

    def of_languages(self, languages: list[str]) -> CollectionValues:
        """Return the values of the tasks in some languages."""
        kept = [number for number, lang in enumerate(self.languages) if lang in languages]
        names = [self.languages[number] for number in kept]
        return replace(self, languages=names, values=self.values[:, kept], relevant=self.relevant[:, kept])


def is_collection(folder: Path) -> bool:
    """Tell whether a folder holds the evaluation of a collection, or of a run."""
    return (folder / MANIFEST).is_file() and load_manifest(folder).stage == COLLECTION_STAGE


def read(folder: Path) -> CollectionValues:
    """Read an evaluation's per-query values; raises UsageError where they are missing or damaged."""
    path = folder / PER_QUERY_FILE
    try:
        table = pq.read_table(path)
        metrics = [name for name in table.column_names if name not in NO_METRICS]
        langs, names = table["lang"].to_pylist(), table["id"].to_pylist()
        columns = [table[name].to_numpy().astype(np.float64) for name in (*metrics, "relevant")]
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise unreadable(path) from error
    tasks = {lang: number for number, lang in enumerate(dict.fromkeys(langs))}
    ids = {name: number for number, name in enumerate(dict.fromkeys(names))}
    grid = np.full((len(ids), len(tasks), len(columns)), np.nan)
    grid[[ids[name] for name in names], [tasks[lang] for lang in langs]] = np.stack(columns, axis=1)
    return CollectionValues(list(tasks), metrics, list(ids), grid[:, :, :-1], grid[:, :, -1])


def check_comparable(a: Path, b: Path, first: CollectionValues, second: CollectionValues) -> None:
    """Raise UsageError where two evaluations differ in collection, files, split, depth, languages or queries.

    The evaluation of a run is comparable with what was judged by the very same file of judgements.
    """
    manifests = load_manifest(a), load_manifest(b)
    runs = ["qrels" in manifest.inputs for manifest in manifests]
    differs: list[str] = []
    if any(runs):
        differs += ["judgements"] if _judgements(a, manifests[0]) != _judgements(b, manifests[1]) else []
    else:
        differs += [key for key in COMPARABLE if manifests[0].settings.get(key) != manifests[1].settings.get(key)]
        differs += ["data"] if manifests[0].inputs.get("data") != manifests[1].inputs.get("data") else []
    if not differs:
        same = np.array_equal(first.relevant, second.relevant, equal_nan=True)
        differs += [] if first.ids == second.ids and same else ["queries"]
        differs += [] if any(runs) or first.languages == second.languages else ["languages"]
        differs += [] if set(first.metrics) & set(second.metrics) else ["metrics"]
    if differs:
        raise UsageError(
            f"The evaluations cannot be compared (different: {', '.join(differs)}).",
            where=f"{a} and {b}",
            expected="the same collection, files, split, depth and languages, or runs judged by the same file",
            next_step="evaluate both with the same options",
        )


def _judgements(folder: Path, manifest: Manifest) -> str | None:
    path = folder / QRELS_FILE
    return manifest.inputs.get("qrels") or (file_sha256(path) if path.is_file() else None)


def paired_difference(a: Path, b: Path, metric: str, *, resamples: int = 1000, seed: int = 7) -> Difference:
    """Compare two evaluation folders on one metric: a − b, paired by query, translations of a query together.

    Raises UsageError where they are not comparable, or one has no such metric.
    """
    first, second = read(a), read(b)
    check_comparable(a, b, first, second)
    for folder, one in ((a, first), (b, second)):
        if metric not in one.metrics:
            raise UsageError(f"There is no metric '{metric}'.", where=folder, expected=f"{', '.join(one.metrics)}")
    cells = used(first.cells(metric)), used(second.cells(metric))
    if not cells[0].shape[1] or not cells[1].shape[1]:
        raise UsageError(f"The metric '{metric}' is not defined here.", where=a)
    return difference_of_cells(metric, *cells, resamples=resamples, seed=seed)
