"""Groups of near-duplicate passages and questions: found by the filter, kept apart by batches and hard negatives.

Format: Parquet files `.groups/LANG/*.parquet` among the files of a corpus's language, with the columns of `GROUPS`:
`field` (question or passage), `id` (question_id or passage_id) and `group` (any string; equal strings in one file are
one group). Groups of several languages that share an id are one group: translations of near-duplicates are such too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.ids import id_numbers

GROUPS = pa.schema(
    [
        pa.field("field", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Groups:
    """Near-duplicates of one field: `ids` (n,) sorted uint64, and each one's `group` (n,): the group's least id."""

    ids: np.ndarray
    group: np.ndarray

    def of(self, ids: np.ndarray) -> np.ndarray:
        """Return the group of each id (n,) uint64: the id itself where it has no near-duplicate."""
        if not len(self.ids):
            return ids
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, self.group[at], ids)


def near_duplicates(corpora: Sequence[Corpus], field: str) -> Groups:
    """Return the groups of "passage" or "question" over all languages of the corpora; empty where none was written.

    Raises UsageError where a file of groups is damaged.
    """
    ids, keys = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    files = [
        corpus.path / name
        for corpus in corpora
        for part in corpus.manifest.parts.values()
        for name in sorted(part.files)
        if name.startswith(".groups/")
    ]
    for number, path in enumerate(files):
        for batch in read_batches(path, GROUPS.names):
            rows = pa.Table.from_batches([batch]).filter(pa.compute.equal(batch["field"], field))
            ids.append(id_numbers(rows["id"].combine_chunks()))
            # A name of the group that no other file has: groups of different files meet in their ids only.
            names = pa.compute.binary_join_element_wise(str(number), rows["group"], "/")
            keys.append(id_numbers(names.combine_chunks()))
    return _connected(np.concatenate(ids), np.concatenate(keys))


def _connected(ids: np.ndarray, keys: np.ndarray) -> Groups:
    if not len(ids):
        return Groups(ids, ids)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    distinct, at = np.unique(ids, return_inverse=True)
    groups, group = np.unique(keys, return_inverse=True)
    nodes = len(distinct) + len(groups)
    edges = coo_array((np.ones(len(ids), bool), (at, group + len(distinct))), shape=(nodes, nodes))
    _, label = connected_components(edges, directed=False)
    label = label[: len(distinct)]
    # `distinct` is sorted, so the first id of each label is its least.
    _, first = np.unique(label, return_index=True)
    least = np.zeros(int(label.max()) + 1, np.uint64)
    least[label[first]] = distinct[first]
    return Groups(distinct, least[label])
