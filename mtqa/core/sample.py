"""Items that a corpus has in all its languages, and random ones of them; memory: 8 bytes an item, not its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mtqa.core.corpus import Corpus
from mtqa.core.ids import id_numbers
from mtqa.core.rng import rng
from mtqa.core.schema import ENGLISH

COLUMNS = ("item_id", "question", "passage", "answers", "mt")


def sample_items(corpus: Corpus, count: int, seed: int, split: str = "train") -> list[dict[str, dict[str, Any]]]:
    """Return `count` random items that every language has, each as language → row (English first)."""
    languages = sorted(corpus.languages, key=lambda lang: (lang != ENGLISH, lang))
    ids = shared_ids(corpus, split)
    chosen = ids[np.sort(rng(seed, "samples").permutation(len(ids))[:count])]
    rows: dict[int, dict[str, dict[str, Any]]] = {number: {} for number in chosen.tolist()}
    for lang in languages:
        for number, row in rows_of(corpus, lang, split, chosen, COLUMNS):
            rows[number][lang] = row
    return list(rows.values())


def shared_ids(corpus: Corpus, split: str) -> NDArray[np.uint64]:
    """Return the items (as `id_numbers`, sorted) that a split has in every language of the corpus."""
    shared: NDArray[np.uint64] | None = None
    for lang in corpus.languages:
        parts = [id_numbers(batch["item_id"]) for batch in corpus.batches(lang, split, ["item_id"])]
        found = np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))
        shared = found if shared is None else np.intersect1d(shared, found, assume_unique=True)
    return np.empty(0, np.uint64) if shared is None else shared


def rows_of(
    corpus: Corpus, lang: str, split: str, ids: NDArray[np.uint64], columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (item's number, row) of a language's rows of some items, in the order of the files.

    `columns` hold `item_id`; only the rows of these items are made into Python values.
    """
    for batch in corpus.batches(lang, split, columns):
        numbers = id_numbers(batch["item_id"])
        wanted = np.isin(numbers, ids)
        yield from zip(numbers[wanted].tolist(), batch.filter(pa.array(wanted)).to_pylist(), strict=True)
