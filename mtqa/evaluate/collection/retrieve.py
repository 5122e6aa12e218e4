"""A task's ranking by BM25 or by an encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.errors import UsageError
from mtqa.core.executor import Where
from mtqa.evaluate.collection import bm25
from mtqa.evaluate.collection.search import search
from mtqa.evaluate.collection.tasks import Task, task_documents
from mtqa.evaluate.collection.trec import Run, in_order
from mtqa.evaluate.collection.vectors import Encoder, checked_ids, encode_shards
from mtqa.evaluate.correction import Correction, correction_of, method_of
from mtqa.evaluate.settings import CollectionSettings

Retrieve = Callable[[Task], tuple[pa.ChunkedArray, Run]]
"""Returns the ids of all documents of a task, and the ranking of its queries."""


@dataclass(frozen=True)
class Lexical:
    """BM25 down to `depth` documents."""

    depth: int

    def __call__(self, task: Task) -> tuple[pa.ChunkedArray, Run]:
        """Index the documents and search them."""
        ids: list[str] = []

        def texts() -> Iterable[str]:
            for name, text in task_documents(task.source):
                ids.append(name)
                yield text

        index = bm25.index(texts(), task.source.passage_lang)
        names = checked_ids([pa.array(ids, pa.string())])
        found = bm25.find(index, list(task.queries.values()), task.source.query_lang, self.depth)
        return names, _run(task, names, found)


def dense(model: str, fingerprint: str, settings: CollectionSettings, vectors: Path) -> Retrieve:
    """Return the search by a model's vectors; those of documents lie in `vectors`.

    A model that `mtqa debias` corrected gives corrected vectors.
    """
    from mtqa.core.encode import encode_texts, load_encoder

    encoder = Encoder(load_encoder(model, device=settings.device), model, fingerprint, _where(settings))
    method = method_of(model)
    correct = None if method is None else correction_of(encoder.model, method)

    def retrieve(task: Task) -> tuple[pa.ChunkedArray, Run]:
        if correct is not None:
            _check_languages(task)
        shards = encode_shards(encoder, task_documents(task.source), vectors)
        queries = encode_texts(encoder.model, list(task.queries.values()), "query", label="encode queries")
        if correct is not None and correct.queries:
            queries = _corrected(correct, queries, task.source.query_lang)
        parts = (s if correct is None else _corrected(correct, s, task.source.passage_lang) for s in shards)
        scores, places = search(queries, parts, settings.depth, settings.device)
        return shards.ids, _run(task, shards.ids, zip(places, scores, strict=True))

    return retrieve


def _where(settings: CollectionSettings) -> Where:
    """Return where documents are encoded: on Ray, on the GPUs named, or in as many processes as CPUs are named."""
    on_gpu = settings.device.startswith("cuda")
    if settings.executor == "ray":
        return Where((settings.device,), "ray", settings.ray_address, 1.0 if on_gpu else 0.0)
    if on_gpu:
        return Where(tuple(f"cuda:{number}" for number in settings.devices) or (settings.device,))
    return Where((settings.device,) * max(1, len(settings.devices)))


def _check_languages(task: Task) -> None:
    if task.source.passage_lang is None:
        raise UsageError(
            "A corrected model has to know the language of the documents.",
            where=task.source.topics.parent,
            next_step="name it with --languages",
        )


def _corrected(correct: Correction, vectors: np.ndarray, lang: str | None) -> np.ndarray:
    return correct(vectors, [str(lang)] * len(vectors))


def _run(task: Task, ids: pa.ChunkedArray, found: Iterable[tuple[np.ndarray, np.ndarray]]) -> Run:
    """Return the ranking from (places, scores) of each query.

    In BEIR's collections a query that is itself a document does not find itself, as BEIR evaluates them.
    """
    names, run = ids.combine_chunks(), {}
    for query, (places, scores) in zip(task.queries, found, strict=True):
        documents = names.take(pa.array(places)).to_pylist()
        if task.source.layout == "beir" and query in documents:
            itself = documents.index(query)
            documents, scores = documents[:itself] + documents[itself + 1 :], np.delete(scores, itself)
        run[query] = in_order(documents, scores)
    return run
