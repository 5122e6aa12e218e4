"""Agreement of a query's language versions: both should score the batch's passages alike.

`lakda`: (1 − a) · InfoNCE + a · KL(softmax c(q₂, ·) ‖ softmax c(q₁, ·)), a = 0.5 (arXiv 2509.06195, and Yang et al.,
MRL 2024). `jsd`: InfoNCE + w · Jensen–Shannon divergence of the same two distributions (arXiv 2604.05684; w has no
default, as its best value depends on the data). c are cosines, not divided by the temperature, over all documents of
the batch, hard negatives included. What the papers leave open, and what is done here: gradients flow through both
distributions; known false negatives stay in, because a passage that answers should be scored alike as well; a row
without a second version has a divergence of zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def kl(first: Tensor, second: Tensor, documents: Tensor) -> Tensor:
    """Return KL(softmax c(second, ·) ‖ softmax c(first, ·)) in nats, (rows,); vectors of length 1, (…, d)."""
    p, q = (_log_distribution(queries, documents) for queries in (second, first))
    return (p.exp() * (p - q)).sum(dim=1)


def jensen_shannon(first: Tensor, second: Tensor, documents: Tensor) -> Tensor:
    """Return the Jensen–Shannon divergence of both queries' distributions in nats, (rows,): 0 to log 2."""
    import torch

    p, q = (_log_distribution(queries, documents) for queries in (first, second))
    middle = torch.logaddexp(p, q) - torch.log(torch.tensor(2.0, dtype=p.dtype, device=p.device))
    return ((p.exp() * (p - middle)).sum(dim=1) + (q.exp() * (q - middle)).sum(dim=1)) / 2


def _log_distribution(queries: Tensor, documents: Tensor) -> Tensor:
    return (queries @ documents.T).log_softmax(dim=1)
