"""Near-duplicates by MinHash: groups that batches and hard negatives keep apart, and rows like an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus
from mtqa.core.ids import id_numbers
from mtqa.core.near import GROUPS
from mtqa.core.schema import ENGLISH
from mtqa.filter.components import Edges
from mtqa.filter.duplicates import key, repeats
from mtqa.filter.join import Row
from mtqa.filter.minhash import CHUNK, PERMUTATIONS, SIMILAR, Signatures
from mtqa.filter.spill import U64, ByRow, Floats, Grouped

BANDS, BAND = 12, 5
"""Texts that agree in one band of five values are compared: 1 - (1 - .7^5)^12 = 89 % of those at similarity .7."""
ROW_BAND = 8
"""Rows are compared more narrowly, with all earlier ones that agree in one of eight bands of eight values."""
FIELDS = ("question", "passage")


def source_language(corpus: Corpus) -> str:
    """Return the language whose texts are compared: translations of near-duplicates are near-duplicates too."""
    return ENGLISH if ENGLISH in corpus.languages else corpus.languages[0]


def near_groups(corpus: Corpus, lang: str, folder: Path) -> Iterator[pa.Table]:
    """Yield the near-duplicates of a language, tables of a field: field, id and group (the least id of the group).

    Every text is compared with the first of its band, not with all. Signatures, bands and pairs are in unnamed files
    in `folder`, and memory does not grow with them.
    """
    for field in FIELDS:
        texts = _signatures(corpus, lang, field, folder)
        edges = Edges(folder)
        for number in range(BANDS):
            for keys, places in texts.alike(folder, slice(number * BAND, (number + 1) * BAND), with_number=False):
                first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
                others = np.delete(np.arange(len(keys)), first)
                firsts = first[np.searchsorted(first, others, side="right") - 1]
                for start in range(0, len(others), CHUNK):
                    one, left = texts.read(places[others[start : start + CHUNK]].tolist())
                    other, right = texts.read(places[firsts[start : start + CHUNK]].tolist())
                    alike = (left == right).mean(axis=1) >= SIMILAR
                    edges.add(one[alike], other[alike])
        texts.close()
        for ids, groups in edges.components():
            columns = [[field] * len(ids), *([f"{n:016x}" for n in column.tolist()] for column in (ids, groups))]
            yield pa.table([pa.array(column, pa.string()) for column in columns], schema=GROUPS)


def _signatures(corpus: Corpus, lang: str, field: str, folder: Path) -> Signatures:
    """Return the signatures of all distinct texts that are not null, by the numbers of their ids."""
    name = f"{field}_id"
    again = Grouped(folder, 1, repeats, usual=0)
    for batch in corpus.batches(lang, columns=[name]):
        again.add(id_numbers(batch.column(name)))
    found = Signatures(folder)
    for batch in corpus.batches(lang, columns=[name, field]):
        new = pa.array(again.take(batch.num_rows) == 0)
        rows = batch.filter(pa.compute.and_(new, pa.compute.is_valid(batch.column(field))))
        found.add(id_numbers(rows.column(name)), rows.column(field).to_pylist())
    return found


class Near:
    """Finds rows whose question is nearly an earlier one's, on the same passage or on none.

    Scored is the similarity to the likest earlier one, estimated from the signatures; 0 below .7.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._texts = folder, Signatures(folder)
        self._found: ByRow | None = None

    def add(self, rows: Sequence[tuple[Row, Row | None]]) -> None:
        """Count rows, in order."""
        places = np.array([key(row["passage"]) for row, _ in rows], np.uint64)
        self._texts.add(places, [row["question"] for row, _ in rows])

    def take(self, rows: int) -> Floats:
        """Return the next rows' similarities (rows,), once all rows were counted."""
        if self._found is None:
            self._found = ByRow(self._folder, len(self._texts), usual=0)
            for start in range(0, PERMUTATIONS, ROW_BAND):
                for keys, places in self._texts.alike(self._folder, slice(start, start + ROW_BAND), with_number=True):
                    for group in np.split(places, np.flatnonzero(keys[1:] != keys[:-1]) + 1):
                        self._found.put(*self._likest(group))
            self._texts.close()
        return self._found.take(rows)

    def _likest(self, places: U64) -> tuple[U64, Floats]:
        """Return the rows of a group that are like an earlier one of it, and the similarity to the likest."""
        numbers, values = self._texts.read(places.tolist())
        table = np.column_stack([numbers, values.astype(np.uint64)])
        # An equal earlier one is the likest: the others are compared with each text's first only.
        first = np.sort(np.unique(table, axis=0, return_index=True)[1])
        likest = np.ones(len(places), np.float32)
        for n, place in enumerate(first):
            earlier = first[:n][numbers[first[:n]] == numbers[place]]
            likest[place] = (values[earlier] == values[place]).mean(axis=1).max(initial=0.0)
        alike = likest >= np.float32(SIMILAR)
        return places[alike], likest[alike]
