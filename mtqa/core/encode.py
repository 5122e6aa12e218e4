"""Texts to vectors with any sentence-transformers model, and the pieces that training is made of.

`Role` is "query" or "document"; it selects the model's own prompt as `encode_query` and `encode_document` of
sentence-transformers do, so their vectors are the same. What other stages build on:

    load_encoder(name_or_path, device="cpu") -> SentenceTransformer
    model_fingerprint(name_or_path_or_model) -> str
    encode_texts(model, texts, role, *, token_budget=TOKEN_BUDGET, label=None, own_length=False)
                                                      -> float32 array (n, d), rows of length 1
    token_counts(model, texts, role) -> list[int]     tokens of each text as the model reads it, prompt included
    features(model, texts, role) -> dict              what the model eats, on its device; rows in the order of `texts`
    embed(model, features, *, own_length=False)       -> Tensor (n, d), rows of length 1; gradients as the context says
    by_dot_product(model) -> bool                     its vectors are meant to be compared by dot product, not cosine
    is_flat(model) -> bool                            batches have no padding and cost their tokens, not rows × width
    micro_batches(counts, token_budget, *, flat) -> list[list[int]]   indices, shortest texts first
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mtqa.core.encoder_loading import load_encoder as load_encoder
from mtqa.core.encoder_loading import model_fingerprint as model_fingerprint
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.progress import progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

Role = Literal["query", "document"]
TOKEN_BUDGET = 2048
PROMPT_NAMES = {"query": ("query",), "document": ("document", "passage", "corpus")}
TOKENISE_AT_ONCE = 4096


def encode_texts(
    model: SentenceTransformer,
    texts: Sequence[str],
    role: Role,
    *,
    token_budget: int = TOKEN_BUDGET,
    label: str | None = None,
    own_length: bool = False,
) -> np.ndarray:
    """Return the texts' vectors, float32 (n, d) of length 1, row i for text i.

    Each distinct text is encoded once, in micro-batches of at most `token_budget` tokens (padding included where the
    model pads) that depend on the set of texts only: repeated texts get equal rows, and another order gives the same
    rows. `label` names a progress bar; none is shown without it. With `own_length` the vectors of a model that is
    compared by dot product keep their length. Raises MtqaError where a vector holds a number that is not finite.
    """
    import torch

    places = defaultdict(list)
    for i, text in enumerate(texts):
        places[text].append(i)
    distinct = sorted(places)
    batches = micro_batches(token_counts(model, distinct, role), token_budget, flat=is_flat(model))
    vectors = np.empty((len(texts), model.get_embedding_dimension() or 0), dtype=np.float32)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode(), progress(label, len(distinct), "texts") if label else nullcontext() as bar:
            for batch in batches:
                chosen = [distinct[i] for i in batch]
                rows = embed(model, features(model, chosen, role), own_length=own_length).cpu().numpy()
                _check_finite(rows, chosen)
                for text, row in zip(chosen, rows, strict=True):
                    vectors[places[text]] = row
                if bar is not None:
                    bar.update(len(chosen))
    finally:
        model.train(training)
    return vectors


def token_counts(model: SentenceTransformer, texts: Sequence[str], role: Role) -> list[int]:
    """Return the number of tokens of each text as the model reads it: with prompt and special tokens, cut at its limit.

    Raises UsageError for a model whose tokeniser is of an unknown kind.
    """
    prompt = _prompt(model, role)
    counts: list[int] = []
    for begin in range(0, len(texts), TOKENISE_AT_ONCE):
        counts += map(len, _token_ids(model, [prompt + text for text in texts[begin : begin + TOKENISE_AT_ONCE]]))
    return counts


def features(model: SentenceTransformer, texts: Sequence[str], role: Role) -> dict[str, Any]:
    """Return the texts as the model's first module wants them, prompt included, on the model's device.

    A dictionary of tensors and a few plain values; pass it to `embed` as it is. `texts` must not be empty.
    """
    from sentence_transformers.util import batch_to_device

    prepared: dict[str, Any] = model.preprocess(list(texts), prompt=_prompt(model, role) or None, task=role)
    return batch_to_device(prepared, model.device)


def embed(model: SentenceTransformer, features: dict[str, Any], *, own_length: bool = False) -> Tensor:
    """Return the vectors of what `features` returned, float32 (n, d) of length 1.

    With `own_length` those of a model that is compared by dot product are left as they are.
    Gradients and dropout are as the caller's context and the model's mode say. The dictionary is not changed.
    """
    from torch.nn.functional import normalize

    vectors: Tensor = model(dict(features))["sentence_embedding"].float()
    vectors = vectors[:, : model.truncate_dim]
    return vectors if own_length and by_dot_product(model) else normalize(vectors, dim=1)


def by_dot_product(model: SentenceTransformer) -> bool:
    """Say whether the model's vectors are meant to be compared by dot product (sentence-transformers' "dot")."""
    return bool(model.similarity_fn_name == "dot")


def is_flat(model: SentenceTransformer) -> bool:
    """Say whether a batch holds its tokens one after the other, without padding."""
    return bool(getattr(model[0], "flat", False)) or type(model[0]).__name__ == "StaticEmbedding"


def micro_batches(counts: Sequence[int], token_budget: int, *, flat: bool) -> list[list[int]]:
    """Split texts with these token counts into batches of at most `token_budget` tokens, shortest texts first.

    A batch costs the sum of its counts where `flat`, else rows × the longest; a text over the budget stands alone.
    Returns indices into `counts`; equal counts keep their order.
    """
    batches: list[list[int]] = []
    total = 0
    for i in sorted(range(len(counts)), key=counts.__getitem__):
        total += counts[i]
        cost = total if flat else counts[i] * (len(batches[-1]) + 1 if batches else 1)
        if not batches or cost > token_budget:
            batches.append([])
            total = counts[i]
        batches[-1].append(i)
    return batches


def _check_finite(rows: np.ndarray, texts: Sequence[str]) -> None:
    """Raise MtqaError for vectors that cannot be compared: NaN would rank first, as nothing is greater."""
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise MtqaError(
            "The encoder gives vectors that are not of finite numbers.",
            where=f"the text {texts[bad[0]][:60]!r}",
            expected="a model whose training did not diverge",
            next_step="train again with a lower learning rate, or take another model",
        )


def _prompt(model: SentenceTransformer, role: Role) -> str:
    name = next((name for name in PROMPT_NAMES[role] if name in model.prompts), model.default_prompt_name)
    return (model.prompts.get(name) if name is not None else None) or ""


def _token_ids(model: SentenceTransformer, texts: list[str]) -> Sequence[Sequence[int]]:
    own = getattr(model[0], "token_ids", None)
    if own is not None:
        return own(texts)  # type: ignore[no-any-return]
    tokenizer = model.tokenizer
    if hasattr(tokenizer, "encode_batch"):  # StaticEmbedding's, from the tokenizers library
        return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    if not callable(tokenizer):
        raise UsageError(f"The model's tokeniser, a {type(tokenizer).__name__}, is of a kind that mtqa cannot use.")
    ids = tokenizer(texts, truncation=True, max_length=model.max_seq_length, return_attention_mask=False)["input_ids"]
    return ids  # type: ignore[no-any-return]
