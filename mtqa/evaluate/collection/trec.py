"""TREC's files: relevance judgements (qrels) and rankings (runs), read and written.

Order is trec_eval's: by score as float32, of equal scores the greater document id (as bytes) first; the rank column
is ignored on reading, as trec_eval ignores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.evaluate.collection.files import lines

Judged = dict[str, dict[str, int]]
"""query id → document id → relevance; above 0 is relevant."""
QRELS = "query, 0, document, relevance (TREC), or query-id, corpus-id, score with tabs between (BEIR)"
RUN = "query, Q0, document, rank, score, name of the system"


@dataclass(frozen=True)
class Hits:
    """What was found for a query, best first: document ids and scores (float32)."""

    ids: list[str]
    scores: NDArray[np.float32]


Run = dict[str, Hits]


def read_qrels(path: Path) -> Judged:
    """Read judgements; raises UsageError where a line cannot be read or contradicts another one."""
    judged: Judged = {}
    for number, (where, line) in enumerate(lines(path)):
        cells = line.split("\t") if line.count("\t") == 2 else line.split()
        if number == 0 and len(cells) == 3 and cells[2].strip() == "score":
            continue
        try:
            query, *_, document, relevance = (cell.strip() for cell in cells)
            value = float(relevance)
            if len(cells) not in (3, 4) or value != int(value):
                raise ValueError
        except (ValueError, OverflowError) as error:
            raise UsageError("A judgement cannot be read.", where=where, expected=QRELS) from error
        if judged.setdefault(query, {}).setdefault(document, int(value)) != int(value):
            raise UsageError(f"'{document}' is judged twice, differently, for '{query}'.", where=where)
    if not judged:
        raise UsageError("The file holds no judgement.", where=path, expected=QRELS)
    return judged


def read_run(path: Path) -> Run:
    """Read a ranking; raises UsageError where a line cannot be read or a document occurs twice for a query."""
    found: dict[str, dict[str, float]] = {}
    for where, line in lines(path):
        try:
            query, _, document, _, score, _ = line.split()
            value = float(score)
        except ValueError as error:
            raise UsageError("A line of the run cannot be read.", where=where, expected=RUN) from error
        if not np.isfinite(value):
            raise UsageError(f"The score is {score}.", where=where, expected="a finite number")
        if document in found.setdefault(query, {}):
            raise UsageError(f"The document '{document}' occurs twice for '{query}'.", where=where)
        found[query][document] = value
    if not found:
        raise UsageError("The file holds no ranking.", where=path, expected=RUN)
    return {query: in_order(list(scores), list(scores.values())) for query, scores in found.items()}


def in_order(ids: Sequence[str], scores: Sequence[float] | NDArray) -> Hits:
    """Return the hits in trec_eval's order."""
    values = np.asarray(scores, np.float32)
    if (np.diff(values) < 0).all():
        return Hits(list(ids), values)
    keys = [(value, name.encode()) for value, name in zip(values.tolist(), ids, strict=True)]
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=True)
    return Hits([ids[place] for place in order], values[order])


def write_run(run: Mapping[str, Hits], path: Path, system: str) -> int:
    """Write a ranking, scores so that they are read back as they are; returns its lines."""
    name = "-".join(system.split()) or "mtqa"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for query, hits in run.items():
            for rank, (document, score) in enumerate(zip(hits.ids, hits.scores.tolist(), strict=True), 1):
                file.write(f"{query} Q0 {document} {rank} {score:.9g} {name}\n")
    return sum(len(hits.ids) for hits in run.values())


def write_qrels(judged: Judged, path: Path) -> int:
    """Write judgements in TREC's form; returns their number."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for query, documents in judged.items():
            file.writelines(f"{query} 0 {document} {value}\n" for document, value in documents.items())
    return sum(map(len, judged.values()))
