"""Vectors of a collection, shard by shard on disk; what was encoded is never encoded again.

A shard's file is named after the model's fingerprint and its texts, so it is right or it is not there: a killed job
goes on with the first shard that is missing, and another split, or another collection with the same texts, finds its
vectors made. A file gets its name when it is whole, by rename.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mtqa.core.corpus import disk_error
from mtqa.core.encode import encode_texts
from mtqa.core.errors import UsageError
from mtqa.core.hashing import fingerprint
from mtqa.core.progress import progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SHARD = 16_384
"""Texts a shard: 25 MB of vectors of 384 dimensions."""


@dataclass(frozen=True)
class Shards:
    """Vectors in files, each float32 (n, d) of length 1, and the documents' ids in the same order.

    Iterating reads one file after the other: not mapped, as mapped pages count as memory in use.
    """

    files: list[Path]
    ids: pa.ChunkedArray

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (np.load(path, allow_pickle=False) for path in self.files)


def encode_shards(
    model: SentenceTransformer, model_fingerprint: str, documents: Iterable[tuple[str, str]], folder: Path
) -> Shards:
    """Return the vectors of documents (id, text), encoding those that `folder` does not hold yet.

    Raises UsageError where there is no document or an id occurs twice, MtqaError where the disk refuses.
    """
    width = model.get_embedding_dimension() or 0
    rest, files, ids = iter(documents), [], []
    with progress("encode", None, "documents") as bar:
        while shard := list(islice(rest, SHARD)):
            texts = [text for _, text in shard]
            path = folder / f"{fingerprint({'model': model_fingerprint, 'texts': texts})}.npy"
            if not _whole(path, (len(texts), width)):
                _save(encode_texts(model, texts, "document"), path)
            files.append(path)
            ids.append(pa.array([name for name, _ in shard], pa.string()))
            bar.update(len(texts))
    return Shards(files, checked_ids(ids))


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
