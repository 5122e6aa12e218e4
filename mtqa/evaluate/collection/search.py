"""Exact search in vectors that come shard by shard; memory holds one shard, one block of scores, and what was found."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mtqa.core.search import first_k

BLOCK = 1024
"""Queries that are compared with a shard at a time: with 16,384 vectors a shard their scores take 67 MB."""
Found = tuple[NDArray[np.float32], NDArray[np.int64]]


def search(queries: NDArray, shards: Iterable[NDArray], k: int, device: str = "cpu") -> Found:
    """Return scores (Q, m) and places (Q, m) of each query's m = min(k, N) best vectors by dot product, best first.

    `queries` (Q, d); `shards` arrays (n, d) of all N vectors in order, each read once. Compared in float32; of equal
    scores the vector that comes first ranks first.
    """
    import torch

    asked = torch.from_numpy(np.ascontiguousarray(queries, np.float32)).to(device)
    blocks = [asked[first : first + BLOCK] for first in range(0, len(asked), BLOCK)]
    kept = [
        (torch.empty((len(block), 0), device=device), torch.empty((len(block), 0), dtype=torch.int64, device=device))
        for block in blocks
    ]
    seen = 0
    for shard in shards:
        vectors = torch.from_numpy(np.ascontiguousarray(shard, np.float32)).to(device)
        for number, block in enumerate(blocks):
            scores = block @ vectors.T
            if most := _candidates(scores, kept[number][0], k):
                scores, places = _best(scores, most)
                kept[number] = _merged(kept[number], (scores, places + seen), k)
        seen += len(vectors)
    best, order = zip(*kept, strict=True)
    return torch.cat(best).cpu().numpy(), torch.cat(order).cpu().numpy()


def _candidates(scores, best, k: int) -> int:  # type: ignore[no-untyped-def]
    """Return how many of any row's scores can be among its k best: equal ones that were found before stay ahead."""
    if best.shape[1] < k:
        return min(k, int(scores.shape[1]))
    return min(k, int((scores > best[:, -1:]).sum(dim=1).max())) if scores.numel() else 0


def _best(scores, k: int):  # type: ignore[no-untyped-def]
    """Return the k best of each row with their places, in order of place: of equal scores at the border the first."""
    import torch

    if scores.shape[1] <= k:
        return scores, torch.arange(scores.shape[1], device=scores.device).expand(scores.shape)
    best, places = torch.topk(scores, k, sorted=False)
    border = best.min(dim=1, keepdim=True).values
    tied = (scores == border).sum(dim=1) > (best == border).sum(dim=1)
    for row in torch.nonzero(tied).flatten().tolist():
        places[row] = torch.from_numpy(first_k(scores[row].cpu().numpy(), k)).to(places)
    places = places.sort(dim=1).values
    return scores.gather(1, places), places


def _merged(old, new, k: int):  # type: ignore[no-untyped-def]
    """Return the k best of two parts, best first; `old` comes before `new` among equals, as its places are lower."""
    import torch

    scores, order = torch.sort(torch.cat([old[0], new[0]], 1), dim=1, descending=True, stable=True)
    return scores[:, :k], torch.cat([old[1], new[1]], 1).gather(1, order[:, :k])
