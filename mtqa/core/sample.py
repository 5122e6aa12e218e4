"""Random items with their rows in all languages, for people to look at."""

from __future__ import annotations

from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.rng import rng
from mtqa.core.schema import ENGLISH

COLUMNS = ("item_id", "question", "passage", "answers", "mt")


def sample_items(corpus: Corpus, count: int, seed: int, split: str = "train") -> list[dict[str, dict[str, Any]]]:
    """Return `count` random items that every language has, each as language → row (English first)."""
    languages = sorted(corpus.languages, key=lambda lang: (lang != ENGLISH, lang))
    ids: set[str] | None = None
    for lang in languages:
        present = {i for batch in corpus.batches(lang, split, ["item_id"]) for i in batch.column(0).to_pylist()}
        ids = present if ids is None else ids & present
    ordered = sorted(ids or ())
    picks = rng(seed, "samples").permutation(len(ordered))[:count]
    chosen = {ordered[i] for i in picks}
    rows: dict[str, dict[str, dict[str, Any]]] = {item: {} for item in sorted(chosen)}
    for lang in languages:
        for batch in corpus.batches(lang, split, COLUMNS):
            for row in batch.to_pylist():
                if row["item_id"] in chosen:
                    rows[row["item_id"]][lang] = row
    return list(rows.values())
