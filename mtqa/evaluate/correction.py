"""Models with a correction a language, as `mtqa debias` writes them: encoded once, evaluated with and without.

A correction is a Dense layer of the model's Router, applied to plain vectors of length 1, so the corrected vectors are
those of `encode(texts, task=lang)`. `shift` corrects candidates only, the other methods queries too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.core.lineage import model_manifest

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Correction:
    """`maps`: language → (weight (d, d), bias (d,)); `queries`: whether queries are corrected too; `method`."""

    method: str
    queries: bool
    maps: dict[str, tuple[NDArray[Any], NDArray[Any]]]

    def __call__(self, vectors: Vectors, langs: Sequence[str]) -> Vectors:
        """Return the corrected vectors, of length 1; those of languages without a correction as they are."""
        out = vectors.copy()
        of = np.array(langs)
        for lang, (weight, bias) in self.maps.items():
            moved = vectors[of == lang] @ weight.T + bias
            out[of == lang] = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
        return out


def method_of(model: str) -> str | None:
    """Return how a model folder was corrected by `mtqa debias`; None for any other model."""
    manifest = model_manifest(model)
    return str(manifest.settings["method"]) if manifest is not None and manifest.stage == "debias" else None


def correction_of(encoder: Any, method: str) -> Correction:
    """Return the correction that an open encoder's Router holds."""
    router = next(module for module in encoder.children() if type(module).__name__ == "Router")
    maps = {}
    for name, route in router.sub_modules.items():
        if name != router.default_route:
            linear = route[0].linear
            maps[name] = (linear.weight.detach().cpu().numpy(), linear.bias.detach().cpu().numpy())
    return Correction(method, method != "shift", maps)
