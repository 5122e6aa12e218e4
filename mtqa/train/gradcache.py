"""Gradients of a batch that is encoded in micro-batches: at once, or by GradCache in the memory of one micro-batch.

Source of GradCache: Gao et al., arXiv 2101.06983.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from mtqa.train.batch import MicroBatch

Embed = Callable[[dict[str, Any]], "Tensor"]
"""Features of a micro-batch → vectors (rows, d)."""
Loss = Callable[["Tensor"], "Tensor"]
"""Vectors of the batch's texts (texts, d) → losses (pairs,)."""


def encode(embed: Embed, parts: Sequence[MicroBatch]) -> Tensor:
    """Return the vectors of all texts, (texts, d), in the batch's order."""
    import torch

    vectors = torch.cat([embed(part.features) for part in parts])
    return vectors[torch.cat([part.rows for part in parts]).argsort()]


def backward(embed: Embed, parts: Sequence[MicroBatch], loss: Loss, share: float = 1.0) -> Tensor:
    """Add `share` of the gradient of the mean loss to the parameters; return the losses, detached, (pairs,).

    `share`: this process's part of the whole batch's pairs.
    """
    import torch

    losses = loss(encode(embed, parts))
    torch.autograd.backward(losses.mean() * share)
    return losses.detach()


def cached_backward(embed: Embed, parts: Sequence[MicroBatch], loss: Loss, share: float = 1.0) -> Tensor:
    """Do what `backward` does, holding the activations of one micro-batch at a time, for one more forward pass.

    All texts are encoded without gradient; the loss's gradient with respect to their vectors is computed; then each
    micro-batch is encoded again, with the random numbers of the first time, and its part of the gradient sent back.
    """
    import torch

    states: list[tuple[Tensor, Tensor | None]] = []
    device = parts[0].rows.device

    def remembered(features: dict[str, Any]) -> Tensor:
        states.append(_random_state(device))
        return embed(features)

    with torch.no_grad():
        vectors = encode(remembered, parts)
    vectors.requires_grad_()
    losses = loss(vectors)
    torch.autograd.backward(losses.mean() * share)
    assert vectors.grad is not None
    for part, state in zip(parts, states, strict=True):
        _set_random_state(device, state)
        torch.autograd.backward(embed(part.features), vectors.grad[part.rows])
    return losses.detach()


def _random_state(device: Any) -> tuple[Tensor, Tensor | None]:
    import torch

    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_random_state(device: Any, state: tuple[Tensor, Tensor | None]) -> None:
    import torch

    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
