"""Writing a language's kept and rejected rows, samples of the rejected, and groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, TableWriter
from mtqa.core.errors import MtqaError
from mtqa.core.near import GROUPS
from mtqa.core.output import Building
from mtqa.core.schema import CORPUS, REJECTED
from mtqa.filter.decide import dropping, failures, reasons
from mtqa.filter.group import Group, GroupDrops
from mtqa.filter.job import Job
from mtqa.filter.join import joined
from mtqa.filter.near import near_groups
from mtqa.filter.report import Tally
from mtqa.filter.score import ScoreReader

Rows = Iterator[tuple[pa.Table, np.ndarray]]
SAMPLES = 10
SAMPLED = pa.schema(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("translation", pa.string()),
    ]
)
"""Samples of rejected rows to judge by eye: the rule, its score, the field's text and its source."""


def rows_and_scores(job: Job, lang: str, split: str, folder: Path) -> Rows:
    """Yield (rows, scores (n, rules)) of a language's split from the corpus and the scores below `folder`."""
    reader = ScoreReader(sorted((folder / ".scores" / lang).glob(f"{split}-*.parquet")), len(job.rules))
    for batch in job.corpus.batches(lang, split):
        yield pa.Table.from_batches([batch]).cast(CORPUS), reader.take(batch.num_rows)


def group_drops(job: Job, build: Building) -> GroupDrops:
    """Return which rows leave in all languages, from the scores of all of them."""
    if job.settings.group == "any":
        return GroupDrops()
    group = Group(build.path)
    for lang in job.corpus.languages:
        for split in job.corpus.splits(lang):
            for rows, scores in rows_and_scores(job, lang, split, build.path):
                failed = (failures(scores, job.rules) & dropping(job.rules)).any(axis=1)
                group.add(lang, rows["item_id"].combine_chunks(), failed)
    return group.drops(job.settings.group)


def write_language(job: Job, lang: str, build: Building, dropped: GroupDrops) -> tuple[dict[str, int], dict[str, Any]]:
    """Write a language's kept and rejected rows and samples; return the files' rows and the counts."""
    tally = Tally(job.rules)
    drops = dropping(job.rules)
    written: dict[str, int] = {}
    chosen: dict[str, list[tuple[float, str]]] = {rule.name: [] for rule in job.rules}
    for split in job.corpus.splits(lang):
        kept = TableWriter(build.path, f"{lang}/{split}", CORPUS)
        rejected = TableWriter(build.path, f".rejected/{lang}/{split}", REJECTED)
        with kept, rejected:
            for rows, scores in rows_and_scores(job, lang, split, build.path):
                failed = failures(scores, job.rules)
                items = rows["item_id"].to_pylist()
                group = dropped.take(lang, len(items))
                leaves = (failed & drops).any(axis=1) | (group >= 0)
                tally.add(split, scores, failed, group >= 0)
                kept.write(rows.filter(pa.array(~leaves)))
                why = [reasons(scores[n], failed[n], job.rules, int(group[n])) for n in np.flatnonzero(leaves)]
                bad = rows.filter(pa.array(leaves))
                rejected.write(
                    bad.append_column(REJECTED.field("reasons"), pa.array(why, REJECTED.field("reasons").type))
                )
                _choose(chosen, items, scores, failed, job)
        _check_sum(lang, split, job.corpus.rows(lang, split), sum(kept.rows.values()), sum(rejected.rows.values()))
        written |= kept.rows | rejected.rows
    return written | _write_samples(job, lang, build, chosen), tally.counts()


def write_groups(corpus: Corpus, lang: str, build: Building) -> dict[str, int]:
    """Write the language's groups of near-duplicates for build-shards and mine; return the file's rows."""
    with TableWriter(build.path, f".groups/{lang}/near", GROUPS) as writer:
        for table in near_groups(corpus, lang, build.path):
            writer.write(table)
    return writer.rows


def _choose(
    chosen: dict[str, list[tuple[float, str]]], items: list[str], scores: np.ndarray, failed: np.ndarray, job: Job
) -> None:
    """Keep, for each rule, the rows that fail it by least: thresholds are judged at their edge."""
    for n, rule in enumerate(job.rules):
        found = [(float(scores[row, n]), items[row]) for row in np.flatnonzero(failed[:, n])]
        chosen[rule.name] = sorted(chosen[rule.name] + found)[:SAMPLES]


def _write_samples(job: Job, lang: str, build: Building, chosen: dict[str, list[tuple[float, str]]]) -> dict[str, int]:
    wanted = {item for found in chosen.values() for _, item in found}
    if not wanted:
        return {}
    texts: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {}
    for split in job.corpus.splits(lang):
        for batch in joined(job.corpus, lang, split):
            texts |= {row["item_id"]: (row, source) for row, source in batch if row["item_id"] in wanted}
    samples = [
        {
            "rule": name,
            "score": score,
            "item_id": item,
            "source": _text(texts[item][1], name),
            "translation": _text(texts[item][0], name),
        }
        for name, found in chosen.items()
        for score, item in found
    ]
    with TableWriter(build.path, f".samples/{lang}/rejected", SAMPLED) as writer:
        writer.write(samples)
    return writer.rows


def _text(row: dict[str, Any] | None, rule: str) -> str | None:
    """Return what a rule judged of a row, as text."""
    if row is None:
        return None
    field = rule.split(".")[0]
    if field == "answer":
        return " | ".join(answer["text"] or "" for answer in row["answers"])
    if field == "row":
        return f"{row['question']} ▸ {row['passage'] or ''}"
    text: str | None = row[field]
    return text


def _check_sum(lang: str, split: str, rows: int, kept: int, rejected: int) -> None:
    if kept + rejected != rows:
        raise MtqaError(
            "Rows were lost while filtering.",
            where=f"{lang}/{split}",
            expected=f"{rows:,} rows, found {kept:,} kept + {rejected:,} rejected",
            next_step="report this as a bug",
        )
