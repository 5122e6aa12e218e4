"""Muon in float32: torch's own computes in bfloat16, thirty times slower on a CPU without bfloat16 arithmetic."""

from __future__ import annotations

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Keller Jordan et al., "Muon", 2024: steepest at zero


def orthogonalise(matrix: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Return the matrix with its singular values pushed towards one (Newton–Schulz); shape unchanged."""
    a, b, c = COEFFICIENTS
    x = matrix.T if matrix.size(0) > matrix.size(1) else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if matrix.size(0) > matrix.size(1) else x


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates for 2-D weights, scaled so that AdamW's learning rates apply.

    The scale 0.2·√max(rows, columns) is from Liu et al., "Muon is scalable for LLM training", arXiv 2502.16982.
    """

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """Apply one update from the gradients at hand."""
        for group in self.param_groups:
            for weight in group["params"]:
                average = self.state[weight].setdefault("average", torch.zeros_like(weight))
                average.mul_(group["momentum"]).add_(weight.grad)
                update = orthogonalise(weight.grad + group["momentum"] * average)
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * 0.2 * max(weight.shape) ** 0.5)
