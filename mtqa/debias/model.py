"""The corrected model: the encoder, then a sentence-transformers Router with one Dense layer a language.

Needs no code of ours: where the encoder's own modules are sentence-transformers', plain `SentenceTransformer(path)`
opens it, and `encode(texts, task="deu_Latn")` corrects. Without a task, and with `encode_query` and `encode_document`,
vectors are the encoder's own, of length 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.debias.estimate import Affine

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

PLAIN = "plain"


def corrected(model: SentenceTransformer, maps: Mapping[str, Affine]) -> SentenceTransformer:
    """Return the model with a route a language; `model`'s modules and prompts are shared, not copied."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Router

    dimension = len(next(iter(maps.values())).offset)
    identity = Affine(np.eye(dimension), np.zeros(dimension))
    routes: dict[str, Any] = {PLAIN: [_dense(identity)], **{lang: [_dense(map_)] for lang, map_ in maps.items()}}
    router = Router(
        routes,
        default_route=PLAIN,
        route_mappings={("query", None): PLAIN, ("document", None): PLAIN},
    )
    return SentenceTransformer(
        modules=[*model.children(), Normalize(), router, Normalize()],
        device=str(model.device),
        prompts={name: prompt for name, prompt in model.prompts.items() if prompt is not None},
        default_prompt_name=model.default_prompt_name,
        similarity_fn_name="cosine",
    )


def _dense(map_: Affine) -> Dense:
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense

    weight, bias = (torch.from_numpy(np.asarray(array, np.float32)) for array in (map_.matrix, map_.offset))
    size = len(map_.offset)
    return Dense(size, size, bias=True, activation_function=torch.nn.Identity(), init_weight=weight, init_bias=bias)
