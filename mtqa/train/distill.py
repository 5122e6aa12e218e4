"""Distillation: vectors of every language are drawn to an English teacher's vectors of the same text.

Source: stage 1 of MIMO, arXiv 2605.31171 (EMNLP 2026): cosine distance, through a linear projection that exists only in
training. What the paper leaves open, and what is done here: the projection has no bias, starts as the identity where
the dimensions are equal and as a random orthogonal matrix elsewhere, and has the encoder's learning rate; texts that
have no English version are left out of the mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def distances(student: Tensor, teacher: Tensor, projection: Tensor) -> Tensor:
    """Return 1 − cosine of W · student and teacher, (k,).

    `student` (k, d), `teacher` (k, t) without gradient, `projection` W (t, d).
    """
    from torch.nn.functional import cosine_similarity

    return 1 - cosine_similarity(student @ projection.T, teacher, dim=1)


def per_pair(distance: Tensor, places: Tensor, pairs: int, share: float) -> Tensor:
    """Return each pair's loss, (pairs,), whose mean over the whole batch is the mean distance over all its texts.

    `places` (k,): distance j belongs to the pair places[j] mod pairs (queries come first, then passages). `share`: the
    whole batch's texts for each of its pairs.
    """
    return distance.new_zeros(pairs).index_add(0, places % pairs, distance) / share


def start(dimension: int, teacher_dimension: int, seed: int) -> Tensor:
    """Return the projection before training, (teacher_dimension, dimension)."""
    import torch

    if dimension == teacher_dimension:
        return torch.eye(dimension)
    weight = torch.empty(teacher_dimension, dimension)
    return torch.nn.init.orthogonal_(weight, generator=torch.Generator().manual_seed(seed))
