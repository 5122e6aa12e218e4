"""The model around the training: its prompts, what of it is trained, its saved form."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtqa.core.encode import PROMPT_NAMES
from mtqa.core.errors import UsageError
from mtqa.core.quiet import quiet_transformers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

    from mtqa.train.settings import TrainSettings

PAPER_PROMPTS = {"query": "Query: ", "document": "Passage: "}
"""For transformers that come without prompts. Source: Elmahdy, Lin and Ahmad, arXiv 2408.10536."""


def set_prompts(model: SentenceTransformer, settings: TrainSettings) -> None:
    """Give the model its prompts, which are saved with it and applied by `encode_query` and `encode_document`.

    A prompt of the settings replaces the model's own. A transformer without any of its own gets the paper's where the
    settings are null, if it is going to be trained.
    """
    from sentence_transformers.sentence_transformer.modules import Transformer

    bare = not any(model.prompts.values()) and isinstance(model[0], Transformer) and settings.steps != 0
    given = {"query": settings.query_prompt, "document": settings.passage_prompt}
    for role, prompt in given.items():
        if prompt is None and bare:
            prompt = PAPER_PROMPTS[role]
        if prompt is None:
            continue
        for name in PROMPT_NAMES[role]:
            if name == role or name in model.prompts:
                model.prompts[name] = prompt


def freeze(model: SentenceTransformer, prefixes: list[str]) -> None:
    """Keep the parameters with these beginnings of names from being trained; UsageError for one that fits none."""
    names = [name for name, _ in model.named_parameters()]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            near = difflib.get_close_matches(prefix, names, n=3, cutoff=0.3) or names[:3]
            raise UsageError(
                f"No parameter's name begins with '{prefix}'.", where="freeze", expected=f"such as {', '.join(near)}"
            )
    for name, parameter in model.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)
    if not trained(model):
        raise UsageError("All of the encoder is frozen.", where="freeze", next_step="freeze less, or set steps to 0")


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name (shared ones once)."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def checkpoint_gradients(model: SentenceTransformer) -> None:
    """Have a transformer compute its activations again in the backward pass; UsageError for other encoders."""
    transformer = model.transformers_model
    if transformer is None or not getattr(transformer, "supports_gradient_checkpointing", False):
        raise UsageError(
            "The encoder has no gradient checkpointing.",
            where="gradient_checkpointing",
            expected="a transformer",
            next_step="use grad_cache, which bounds memory for every encoder",
        )
    renamed = getattr(transformer, "activation_checkpointing_enable", None)  # transformers 5
    enable: Any = renamed or transformer.gradient_checkpointing_enable
    enable({"use_reentrant": False})


def use_sparse_gradients(model: nn.Module) -> None:
    """Have embeddings give gradients of the rows that occur: of XLM-R's 250,002 rows a micro-batch has a few hundred.

    A gradient as large as the table, made anew and added for every micro-batch, takes longer than a short micro-batch.
    `dense_gradients` makes it once a step.
    """
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.sparse = True


def dense_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Turn sparse gradients into plain ones, as clipping, summing over processes and AdamW want them."""
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce().to_dense()


@dataclass(frozen=True)
class TokeniserState:
    """Truncation and padding of a fast tokeniser, which using it changes and saving it writes down."""

    truncation: Any
    padding: Any

    @classmethod
    def of(cls, model: SentenceTransformer) -> TokeniserState | None:
        """Return the state of a model that was just opened; None for other tokenisers."""
        backend = getattr(getattr(model, "tokenizer", None), "backend_tokenizer", None)
        return None if backend is None else cls(backend.truncation, backend.padding)


def save_model(model: SentenceTransformer, folder: Path, tokeniser: TokeniserState | None) -> None:
    """Write the model as sentence-transformers does, without a card: the same weights give the same bytes."""
    if tokeniser is not None:
        backend = model.tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        if tokeniser.truncation:
            backend.enable_truncation(**tokeniser.truncation)
        if tokeniser.padding:
            backend.enable_padding(**tokeniser.padding)
    model.eval()
    with quiet_transformers():
        model.save_pretrained(str(folder), create_model_card=False)


def describe(model: SentenceTransformer) -> dict[str, Any]:
    """Return what the manifest tells of the model: dimension, length limit, prompts, number of parameters."""
    return {
        "dimension": model.get_embedding_dimension(),
        "max_seq_length": model.max_seq_length,
        "prompts": dict(sorted(model.prompts.items())),
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained_parameters": sum(p.numel() for p in trained(model).values()),
    }
