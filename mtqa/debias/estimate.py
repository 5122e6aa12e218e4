"""Corrections of vectors by language: each is one affine map a language, v → A v + b, on vectors of length 1.

`shift` (arXiv 2606.18801): documents of language l lose the mean difference of parallel pairs, b = −(μ_l − μ_English);
queries stay. `centre`: every vector loses its language's mean, b = −μ_l. `project` (LIR: Yang, Yang, Cer, Law, Darve,
"A simple and effective method to eliminate the self language bias in multilingual representations", EMNLP 2021): the
first principal directions U_l of the language's vectors, not centred, are projected out, A = I − U_l U_lᵀ. Vectors are
brought back to length 1 afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtqa.core.languages import ENGLISH

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """The map v → `matrix` v + `offset`: (d, d) and (d,)."""

    matrix: Floats
    offset: Floats

    def __call__(self, vectors: NDArray) -> Floats:
        """Return the corrected vectors (n, d) of length 1; a vector that becomes zero stays zero."""
        moved = np.asarray(vectors, np.float64) @ self.matrix.T + self.offset
        return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)  # type: ignore[no-any-return]


def estimate(vectors: Mapping[str, NDArray], method: str, rank: int = 1) -> dict[str, Affine]:
    """Return each language's map from the vectors (n, d) of the same n texts in every language.

    `vectors` holds English; `rank` is the number of directions that `project` removes.
    """
    dimension = vectors[ENGLISH].shape[1]
    means = {lang: np.asarray(rows, np.float64).mean(axis=0) for lang, rows in vectors.items()}
    identity = np.eye(dimension)
    if method == "shift":
        return {lang: Affine(identity, means[ENGLISH] - mean) for lang, mean in means.items()}
    if method == "centre":
        return {lang: Affine(identity, -mean) for lang, mean in means.items()}
    if method != "project":
        raise ValueError(f"unknown method {method!r}")
    maps = {}
    for lang, rows in vectors.items():
        directions = np.linalg.eigh(np.asarray(rows, np.float64).T @ rows)[1][:, -rank:]  # eigh: smallest first
        maps[lang] = Affine(identity - directions @ directions.T, np.zeros(dimension))
    return maps


def distance(vectors: Mapping[str, NDArray], maps: Mapping[str, Affine] | None = None) -> float:
    """Return the mean distance between the languages' mean vectors and English's, corrected where maps are given."""
    means = {lang: (rows if maps is None else maps[lang](rows)).mean(axis=0) for lang, rows in vectors.items()}
    others = [float(np.linalg.norm(mean - means[ENGLISH])) for lang, mean in means.items() if lang != ENGLISH]
    return sum(others) / len(others)
