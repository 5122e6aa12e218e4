"""Vectors of many texts in a file on disk, written piece by piece; a job that was killed goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mtqa.core.corpus import disk_error
from mtqa.core.encode import encode_texts
from mtqa.core.progress import progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from mtqa.core.encode import Role


def vector_file(
    model: SentenceTransformer, pieces: Iterable[list[str]], role: Role, path: Path, total: int
) -> np.ndarray:
    """Return the texts' vectors, (total, d) float32 of length 1, memory-mapped from `path`.

    `pieces` are the same lists on every call; those whose vectors the file holds already are not encoded again. Raises
    MtqaError where the disk refuses.
    """
    width = model.get_embedding_dimension() or 0
    done = path.stat().st_size // (4 * width) if path.exists() else 0
    made = 0
    try:
        with path.open("r+b" if path.exists() else "w+b") as file, progress(f"encode {role}", total, "texts") as bar:
            for texts in pieces:
                if made + len(texts) > done:
                    file.seek(4 * width * made)
                    file.write(encode_texts(model, texts, role).tobytes())
                    file.flush()
                    os.fsync(file.fileno())
                made += len(texts)
                bar.update(len(texts))
    except OSError as error:
        raise disk_error(path, error) from error
    return np.memmap(path, np.float32, "r", shape=(total, width))
