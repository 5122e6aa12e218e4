"""Where to cut a batch's texts, sorted by length, into padded micro-batches: an exact dynamic program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OVERHEAD = 35
"""What a micro-batch costs beside its tokens on a CPU, in tokens: weights are read and their gradients added up.

Measured with benchmarks/train_micro_batch.py (docs/train.md). Nearly the same for models of different sizes, as a token
costs in proportion, and with GradCache, whose second forward pass makes a token dearer as well.
"""


def cut(counts: Sequence[int], budget: int, overhead: int = OVERHEAD) -> list[list[int]]:
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
