"""A task's ranking by BM25 or by an encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.executor import Where
from mtqa.core.vector_search import Parts, Search, approximate, exact
from mtqa.evaluate.collection import bm25
from mtqa.evaluate.collection.agreement import Agreement, agreement
from mtqa.evaluate.collection.source import Task
from mtqa.evaluate.collection.summary import MRC
from mtqa.evaluate.collection.tasks import task_documents
from mtqa.evaluate.collection.trec import Run, in_order
from mtqa.evaluate.collection.vectors import Encoder, Shards, checked_ids, encode_shards
from mtqa.evaluate.correction import Correction, correction_of, method_of
from mtqa.evaluate.settings import CollectionSettings

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """What was found for tasks with the same documents.

    `ids` and `langs` of all documents, in their order; `runs`: the ranking of each task, made when it is asked for;
    `agreement`: of pools (see the module of that name), None where it is not measured.
    """

    ids: pa.ChunkedArray
    langs: pa.ChunkedArray
    runs: Iterator[Run]
    agreement: Agreement | None = None


Retrieve = Callable[[Sequence[Task]], Found]
"""Searches the documents that all the tasks have for the queries of each."""


@dataclass(frozen=True)
class Lexical:
    """BM25 down to `depth` documents."""

    depth: int

    def __call__(self, tasks: Sequence[Task]) -> Found:
        """Index the documents and search them."""
        ids: list[str] = []
        langs: list[str | None] = []

        def texts() -> Iterable[tuple[str, str | None]]:
            for document in task_documents(tasks[0].source):
                ids.append(document.id)
                langs.append(document.lang)
                yield document.text, document.lang

        index = bm25.index(texts())
        names = checked_ids([pa.array(ids, pa.string())])

        def run(task: Task) -> Run:
            asked = list(task.queries.values()), task.source.query_lang, self.depth + _own_documents(task)
            return _run(task, names, bm25.find(index, *asked), self.depth)

        return Found(names, pa.chunked_array([pa.array(langs, pa.string())]), map(run, tasks))


def dense(model: str, fingerprint: str, settings: CollectionSettings, vectors: Path, scratch: Path) -> Retrieve:
    """Return the search by a model's vectors; those of documents lie in `vectors`, an index of them in `scratch`.

    A model that `mtqa debias` corrected gives corrected vectors.
    """
    from mtqa.core.encode import encode_texts, load_encoder

    encoder = Encoder(load_encoder(model, device=settings.device), model, fingerprint, _where(settings))
    method = method_of(model)
    correct = None if method is None else correction_of(encoder.model, method)

    def asked(task: Task) -> Vectors:
        texts = list(task.queries.values())
        queries = encode_texts(encoder.model, texts, "query", label="encode queries", own_length=True)
        if correct is not None and correct.queries:
            return correct(queries, [str(task.source.query_lang)] * len(queries))
        return queries

    def retrieve(tasks: Sequence[Task]) -> Found:
        if correct is not None:
            _check_languages(tasks[0])
        shards = encode_shards(encoder, task_documents(tasks[0].source), vectors)
        parts = shards.parts if correct is None else _corrected(correct, shards)
        queries = [asked(task) for task in tasks]
        search = _search(parts, settings, scratch)
        most = settings.depth + _own_documents(tasks[0])
        scores, places = search(np.concatenate(queries), min(most, len(shards.ids)))
        cuts = np.cumsum([len(task.queries) for task in tasks])[:-1]
        found = list(zip(np.split(places, cuts), np.split(scores, cuts), strict=True))

        def run(task: Task, own: tuple[NDArray, NDArray]) -> Run:
            return _run(task, shards.ids, zip(*own, strict=True), settings.depth)

        depth = mrc_depth(settings.metrics)
        agreed = agreement(tasks, queries, [own[:, :depth] for own, _ in found], parts) if depth else None
        return Found(shards.ids, shards.langs, map(run, tasks, found), agreed)

    return retrieve


def _search(parts: Parts, settings: CollectionSettings, folder: Path) -> Search:
    if settings.search == "exact":
        return exact(parts, settings.device)
    folder.mkdir(parents=True, exist_ok=True)
    return approximate(parts, folder, settings.seed)


def mrc_depth(metrics: Sequence[str]) -> int:
    """Return how many first documents MRC compares; 0 where it is not among the metrics."""
    return next((int(name.partition("@")[2]) for name in metrics if name.startswith(MRC)), 0)


def _where(settings: CollectionSettings) -> Where:
    """Return where documents are encoded: on Ray, on the GPUs named, or in as many processes as CPUs are named."""
    on_gpu = settings.device.startswith("cuda")
    if settings.executor == "ray":
        return Where((settings.device,), "ray", settings.ray_address, 1.0 if on_gpu else 0.0)
    if on_gpu:
        return Where(tuple(f"cuda:{number}" for number in settings.devices) or (settings.device,))
    return Where((settings.device,) * max(1, len(settings.devices)))


def _check_languages(task: Task) -> None:
    if task.source.passage_lang is None and not task.source.pool:
        raise UsageError(
            "A corrected model has to know the language of the documents.",
            where=task.source.topics.parent,
            next_step="name it with --languages",
        )


def _corrected(correct: Correction, shards: Shards) -> Parts:
    """Return the parts of vectors corrected by their documents' languages."""
    sizes = [len(chunk) for chunk in shards.ids.chunks]
    starts = np.cumsum([0, *sizes])[:-1].tolist()

    def read(part: Callable[[], NDArray[np.float32]], first: int, size: int) -> NDArray[np.float32]:
        return correct(part(), shards.langs.slice(first, size).to_pylist())

    return [partial(read, part, first, size) for part, first, size in zip(shards.parts, starts, sizes, strict=True)]


def _own_documents(task: Task) -> int:
    """Return how many documents of a query's ranking may go: in BEIR's collections a query may be a document itself."""
    return 1 if task.source.layout == "beir" else 0


def _run(task: Task, ids: pa.ChunkedArray, found: Iterable[tuple[np.ndarray, np.ndarray]], depth: int) -> Run:
    """Return the ranking, `depth` documents deep, from (places, scores) of each query, best first.

    In BEIR's collections a query that is itself a document does not find itself, as BEIR evaluates them.
    """
    names, run = ids.combine_chunks(), {}
    for query, (places, scores) in zip(task.queries, found, strict=True):
        places, scores = places[places >= 0], scores[places >= 0]
        documents = names.take(pa.array(places)).to_pylist()
        if _own_documents(task) and query in documents:
            itself = documents.index(query)
            documents, scores = documents[:itself] + documents[itself + 1 :], np.delete(scores, itself)
        run[query] = in_order(documents[:depth], scores[:depth])
    return run
