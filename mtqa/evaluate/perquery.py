"""Per-query values: everything that an evaluation's numbers, intervals and comparisons are computed from.

Saved as `per_query.parquet`, so that they are re-aggregated and never recomputed. Columns: `id` (question id, shared by
translations), `lang`; `AP_mono` (candidates of the query's language), `AP_pooled` (all candidates); `rank_distance`,
`max_at_r`, `max_at_r_normalised`; and four structs with one field a passage language: `ap` (average precision among the
candidates of that language), `rank` (pooled rank of the gold sentence), `rank_within` (its rank among the candidates of
its language), `top` (candidates of that language among the first 20). Null: the benchmark has no gold there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import PER_QUERY_FILE
from mtqa.core.metrics import average_precision
from mtqa.core.search import Ranks
from mtqa.evaluate import bias
from mtqa.evaluate.lareqa import Benchmark

METRICS = ("Mo", "Cr", "Mul", "rank_distance", "max_at_r", "max_at_r_normalised")
"""Names of the headline numbers: mean average precision in three settings, and three measures of language bias."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class PerQuery:
    """Values of Q queries over L languages.

    `ids` and `langs` (Q): question id and language number; `rank`, `rank_within`, `top` (Q, L) as in `Ranks`, 0 = none;
    `pool`: number of candidates.
    """

    languages: list[str]
    ids: list[str]
    langs: NDArray[np.int64]
    rank: Ints
    rank_within: Ints
    top: Ints
    pool: int

    @property
    def ap(self) -> Floats:
        """(Q, L) average precision among the candidates of each language, NaN without gold."""
        return average_precision(self.rank_within[:, :, None])

    @property
    def ap_mono(self) -> Floats:
        """(Q,) average precision among the candidates of the query's own language."""
        return self.ap[np.arange(len(self.langs)), self.langs]

    @property
    def ap_pooled(self) -> Floats:
        """(Q,) average precision in the pooled ranking."""
        return average_precision(self.rank)

    def values(self, metric: str) -> Floats:
        """Return a metric's values of each query: (Q, L) for Cr (own language NaN), else (Q, 1)."""
        if metric == "Cr":
            ap = self.ap
            ap[np.arange(len(self.langs)), self.langs] = np.nan
            return ap
        if metric == "Mo":
            return self.ap_mono[:, None]
        if metric == "Mul":
            return self.ap_pooled[:, None]
        if metric == "rank_distance":
            return bias.rank_distance(self.rank)[:, None]
        if metric == "max_at_r":
            return bias.max_at_r(self.rank)[:, None]
        if metric == "max_at_r_normalised":
            return bias.max_at_r_normalised(self.rank, self.pool)[:, None]
        raise ValueError(f"unknown metric {metric!r}; known: {', '.join(METRICS)}")

    def cells(self, metric: str) -> Floats:
        """Return a metric's values as (questions, cells), NaN where a question has none.

        A cell is a query language, for Cr an ordered pair of languages. The metric is the mean over cells of the mean
        over questions, so that every language counts equally, however many questions it has. Questions are in order of
        first occurrence; cells without any value are left out.
        """
        return used(self.grid(self.values(metric)))

    def grid(self, values: Floats) -> Floats:
        """Return values of each query (Q, V) as (questions, L, V), NaN where a question is not asked in a language."""
        place = {id_: number for number, id_ in enumerate(dict.fromkeys(self.ids))}
        out = np.full((len(place), len(self.languages), values.shape[1]), np.nan)
        out[[place[id_] for id_ in self.ids], self.langs] = values
        return out

    def of_questions(self, ids: set[str]) -> PerQuery:
        """Return the values of some questions alone, in the same order."""
        kept = [row for row, id_ in enumerate(self.ids) if id_ in ids]
        arrays = {name: getattr(self, name)[kept] for name in ("langs", "rank", "rank_within", "top")}
        return replace(self, ids=[self.ids[row] for row in kept], **arrays)


def used(grid: Floats) -> Floats:
    """Return a grid (questions, …) as (questions, cells) without the cells in which no question has a value."""
    flat = grid.reshape(len(grid), -1)
    return flat[:, ~np.isnan(flat).all(axis=0)]


def mean(cells: Floats) -> float:
    """Return a metric from its cells: mean over cells of means over questions; NaN without cells."""
    return float(bias.nanmean(cells).mean()) if cells.shape[1] else float("nan")


def from_ranks(benchmark: Benchmark, ranks: Ranks) -> PerQuery:
    """Return the per-query values of a ranked benchmark."""
    ids = [query.id for query in benchmark.queries]
    return PerQuery(
        benchmark.languages,
        ids,
        benchmark.query_languages,
        ranks.pooled,
        ranks.within,
        ranks.top,
        len(benchmark.candidates),
    )


def write(values: PerQuery, path: Path) -> int:
    """Write `per_query.parquet`; returns the number of rows."""
    names = values.languages
    columns = {
        "id": pa.array(values.ids, pa.string()),
        "lang": pa.array([names[number] for number in values.langs], pa.string()),
        "AP_mono": _column(values.ap_mono),
        "AP_pooled": _column(values.ap_pooled),
        **{metric: _column(values.values(metric)[:, 0]) for metric in METRICS[3:]},
        "ap": _struct(values.ap, names),
        "rank": _struct(values.rank, names, none=0),
        "rank_within": _struct(values.rank_within, names, none=0),
        "top": _struct(values.top, names),
    }
    table = pa.table(columns).replace_schema_metadata({"pool": str(values.pool)})
    pq.write_table(table, path, compression="zstd")
    return len(values.ids)


def read(folder: Path) -> PerQuery:
    """Read an evaluation folder's per-query values; raises UsageError where they are missing or damaged."""
    path = folder / PER_QUERY_FILE
    try:
        table = pq.read_table(path, columns=["id", "lang", "rank", "rank_within", "top"])
        names = [field.name for field in table.schema.field("rank").type]
        place = {name: number for number, name in enumerate(names)}
        return PerQuery(
            names,
            table["id"].to_pylist(),
            np.array([place[lang] for lang in table["lang"].to_pylist()], np.int64),
            _matrix(table["rank"]),
            _matrix(table["rank_within"]),
            _matrix(table["top"]),
            int(table.schema.metadata[b"pool"]),
        )
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise unreadable(path) from error


def unreadable(path: Path) -> UsageError:
    """Return the error for per-query values that are missing or damaged."""
    return UsageError(
        "The per-query values cannot be read.",
        where=path,
        expected="a folder that 'mtqa evaluate' wrote",
        next_step="evaluate again",
    )


def _column(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _struct(values: NDArray, names: list[str], none: int | None = None) -> pa.StructArray:
    missing = np.isnan(values) if values.dtype.kind == "f" else values == none
    columns = [pa.array(column, mask=mask) for column, mask in zip(values.T, missing.T, strict=True)]
    return pa.StructArray.from_arrays(columns, names)


def _matrix(column: pa.ChunkedArray) -> Ints:
    fields = column.combine_chunks().flatten()
    return np.stack([field.fill_null(0).to_numpy(zero_copy_only=False) for field in fields], axis=1).astype(np.int32)
