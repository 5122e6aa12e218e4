"""Where to cut a batch's texts, sorted by length, into padded micro-batches: an exact dynamic program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

LAYERS, EMBEDDINGS = 35, 25
"""What a micro-batch costs beside its tokens on a CPU, in tokens: its weights are read and their gradients added up.

That of the layers, and that of trained embeddings as large as all else: their gradient is as large as they are however
few tokens there are. Measured with benchmarks/train_micro_batch.py (docs/train.md). GradCache's second forward pass
changes little, as it makes a token dearer as well.
"""


def fixed_cost(model: nn.Module, budget: int) -> int:
    """Return what a micro-batch of the model costs beside its tokens, in tokens.

    On a GPU, which starts many small computations slowly, it is the whole `budget`: not measured.
    """
    from torch import nn

    parameters = {id(p): p for p in model.parameters()}
    tables = [m.weight for m in model.modules() if isinstance(m, nn.Embedding)]
    if next(iter(parameters.values())).device.type != "cpu":
        return budget
    others = sum(p.numel() for p in parameters.values()) - sum({id(t): t.numel() for t in tables}.values())
    trained = sum({id(t): t.numel() for t in tables if t.requires_grad}.values())
    return LAYERS + round(EMBEDDINGS * trained / max(others, 1))


def cut(counts: Sequence[int], budget: int, overhead: int) -> list[list[int]]:
    """Split texts with these token counts into micro-batches of the least cost; return indices, shortest texts first.

    A micro-batch costs rows × its longest text + `overhead` tokens, and holds at most `budget` tokens, padding
    included; a text over the budget stands alone. No other split, of whatever order, costs less. Equal counts keep
    their order; of splits that cost the same, the one whose last micro-batches are the largest is taken.
    """
    order = np.argsort(np.asarray(counts, dtype=np.int64), kind="stable")
    least = np.zeros(len(order) + 1, dtype=np.int64)
    """least[n]: the cost of the n shortest texts."""
    begins = np.zeros(len(order) + 1, dtype=np.int64)
    """begins[n]: where the last of their micro-batches begins."""
    for end in range(1, len(order) + 1):
        longest = max(1, counts[order[end - 1]])
        first = max(0, end - max(1, budget // longest))
        costs = least[first:end] + longest * np.arange(end - first, 0, -1)
        begins[end] = first + costs.argmin()
        least[end] = costs.min() + overhead
    batches: list[list[int]] = []
    end = len(order)
    while end:
        batches.append(order[begins[end] : end].tolist())
        end = begins[end]
    return batches[::-1]
