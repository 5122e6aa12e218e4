"""BM25 as a baseline, by bm25s, with Lucene's formula and the parameters of Anserini's published baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mtqa.core.progress import progress
from mtqa.core.search import first_k
from mtqa.evaluate.collection.words import words

NAME = "bm25"
K1, B = 0.9, 0.4
SIGNATURE = f"{NAME}-k1-{K1}-b-{B}"


def fingerprint() -> str:
    """Return what changes when BM25's rankings may change: formula and versions of what counts words."""
    import bm25s
    import regex
    import Stemmer

    return f"bm25s {bm25s.__version__}, PyStemmer {Stemmer.version()}, regex {regex.__version__}, k1 {K1}, b {B}"


def index(texts: Iterable[tuple[str, str | None]]) -> Any:
    """Return the index of texts, each with its language, all in memory.

    While it is built, about 70 bytes a different word of a text: 5 KB a passage of 100 words.
    """
    import bm25s

    vocabulary: dict[str, int] = {"": 0}  # bm25s wants a word that no text has
    numbers: list[list[int]] = []
    with progress("index", None, "documents") as bar:
        for text, lang in texts:
            numbers.append([vocabulary.setdefault(word, len(vocabulary)) for word in words(text, lang)])
            bar.update()
    model = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
    model.index((numbers, vocabulary), show_progress=False)
    return model


def find(model: Any, queries: Sequence[str], lang: str | None, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (places, scores) of each query's k best documents, best first; of equal ones the first document first.

    Documents that share no word with the query are not found.
    """
    with progress("search", len(queries), "queries") as bar:
        for query in queries:
            known = [model.vocab_dict[word] for word in words(query, lang) if word in model.vocab_dict]
            scores = model.get_scores_from_ids(known)
            best = first_k(scores, min(k, len(scores)))
            best = best[scores[best] > 0]
            best = best[np.argsort(-scores[best], kind="stable")]
            yield best, scores[best]
            bar.update()
