"""Vectors of a collection, shard by shard on disk; what was encoded is never encoded again.

A shard's file is named after the model's fingerprint and its texts, so it is right or it is not there: a killed job
goes on with the first shard that is missing, and another split, or another collection with the same texts, finds its
vectors made. A file gets its name when it is whole, by rename.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mtqa.core.corpus import disk_error
from mtqa.core.encode import encode_texts, load_encoder
from mtqa.core.errors import UsageError
from mtqa.core.executor import Where, run
from mtqa.core.hashing import fingerprint
from mtqa.core.progress import progress
from mtqa.core.vector_search import PART, Parts
from mtqa.evaluate.collection.source import Document

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class Shards:
    """Vectors in files, each float32 (n, d) of length 1, and the documents' ids and languages in the same order."""

    files: list[Path]
    ids: pa.ChunkedArray
    langs: pa.ChunkedArray

    @property
    def parts(self) -> Parts:
        """Functions that read one file each: not mapped, as mapped pages count as memory in use."""
        return [partial(np.load, path, allow_pickle=False) for path in self.files]


@dataclass(frozen=True)
class Encoder:
    """An open model, the name it was opened by, its fingerprint, and where documents are encoded."""

    model: SentenceTransformer
    name: str
    fingerprint: str
    where: Where


def encode_shards(encoder: Encoder, documents: Iterable[Document], folder: Path) -> Shards:
    """Return the vectors of documents, encoding those that `folder` does not hold yet.

    Raises UsageError where there is no document or an id occurs twice, MtqaError where the disk refuses.
    """
    files: list[Path] = []
    ids: list[pa.Array] = []
    langs: list[pa.Array] = []
    missing: list[Path] = []

    def work() -> Iterator[list[str]]:
        width = encoder.model.get_embedding_dimension() or 0
        rest = iter(documents)
        while shard := list(islice(rest, PART)):
            texts = [document.text for document in shard]
            files.append(folder / f"{fingerprint({'model': encoder.fingerprint, 'texts': texts})}.npy")
            ids.append(pa.array([document.id for document in shard], pa.string()))
            langs.append(pa.array([document.lang for document in shard], pa.string()).dictionary_encode())
            if files[-1] not in missing and not _whole(files[-1], (len(texts), width)):
                missing.append(files[-1])
                yield texts

    alone = encoder.where.kind == "local" and len(encoder.where.places) == 1
    load = partial(_use, encoder.model) if alone else partial(_open, encoder.name)
    with progress("encode", None, "documents") as bar:
        for number, vectors in run(load, work(), encoder.where):
            _save(vectors, missing[number])
            bar.update(len(vectors))
    return Shards(files, checked_ids(ids), pa.chunked_array(langs).unify_dictionaries())


def _use(model: SentenceTransformer, _: str) -> partial[Iterator[NDArray[np.float32]]]:
    return partial(_encode, model)


def _open(name: str, place: str) -> partial[Iterator[NDArray[np.float32]]]:
    """Return the worker of a process of its own: a name can be sent there, an open model cannot."""
    return partial(_encode, load_encoder(name, device=place))


def _encode(model: SentenceTransformer, shards: Iterable[list[str]]) -> Iterator[NDArray[np.float32]]:
    return (encode_texts(model, texts, "document", own_length=True) for texts in shards)


def checked_ids(parts: list[pa.Array]) -> pa.ChunkedArray:
    """Return the ids of all documents; raises UsageError where there is none or one occurs twice."""
    ids = pa.chunked_array(parts, pa.string())
    if not len(ids):
        raise UsageError("The collection holds no documents.", expected="at least one document")
    if pc.count_distinct(ids).as_py() < len(ids):
        counts = ids.value_counts()
        twice = next(row["values"] for row in counts.to_pylist() if row["counts"] > 1)
        raise UsageError(f"The document id '{twice}' occurs twice.", expected="one document an id")
    return ids


def _whole(path: Path, shape: tuple[int, int]) -> bool:
    """Tell whether a file holds an array of this shape in full: a broken copy is made again."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return bool(array.shape == shape and array.dtype == np.float32)


def _save(vectors: NDArray[np.float32], path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error(path, error) from error
