"""InfoNCE from queries to passages, blind to known false negatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def info_nce(
    queries: Tensor,
    passages: Tensor,
    temperature: float | Tensor,
    false_negatives: Tensor,
    answers: Tensor | None = None,
) -> Tensor:
    """Return the loss of each query, (n,): cross-entropy of cosine / temperature over the passages.

    `queries` (n, d) and `passages` (m, d), m ≥ n, have rows of length 1; with other lengths dot products stand for
    cosines. `answers` (n,): which passage answers each query; passage i answers i without it, and those from n on are
    negatives of everyone. `false_negatives`, bool (n, m): pairs that are left out of the sum, answers never.
    Source: van den Oord et al., arXiv 1807.03748, in the form of arXiv 2408.10536 (temperature 0.05).
    """
    import torch
    from torch.nn import functional

    scores = queries @ passages.T / temperature
    if answers is None:
        answers = torch.arange(len(queries), device=queries.device)
    return functional.cross_entropy(scores.masked_fill(false_negatives, -torch.inf), answers, reduction="none")


def false_negatives(
    item_ids: Sequence[str],
    passage_ids: Sequence[str],
    question_ids: Sequence[str],
    negative_passage_ids: Sequence[str | None] = (),
) -> np.ndarray:
    """Return, bool (n, n + k), which of the n passages and k negatives are no negatives of which query.

    A row answers a query if it has the query's item, passage or question; each passage that such a row has, by id, is
    left out wherever it stands. The diagonal, the query's own passage, is False. A negative without an id counts.
    """
    own = np.unique(np.asarray(passage_ids), return_inverse=True)
    n, distinct = len(passage_ids), {str(value): code for code, value in enumerate(own[0])}
    same = np.zeros((n, n), dtype=bool)
    for ids in (item_ids, passage_ids, question_ids):
        codes = np.unique(np.asarray(ids), return_inverse=True)[1]
        same |= codes[:, None] == codes[None, :]
    # answers[i, p]: the passage p answers query i. The last column is for negatives that are nobody's passage.
    answers = np.zeros((n, len(distinct) + 1), dtype=bool)
    rows, others = np.nonzero(same)
    answers[rows, own[1][others]] = True
    extra = [len(distinct) if p is None else distinct.get(p, len(distinct)) for p in negative_passage_ids]
    mask = answers[:, [*own[1].tolist(), *extra]]
    np.fill_diagonal(mask[:, :n], False)
    return mask
