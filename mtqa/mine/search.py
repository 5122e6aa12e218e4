"""The best passages for a block of questions: all compared, or FAISS's inverted lists.

Memory holds one shard of vectors: FAISS's indices are written to disk and mapped from there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.errors import UsageError
from mtqa.core.rng import rng

SHARD = 16_384
FAISS_SHARD = 262_144
TRAINING_A_LIST = 64
LISTS_SEARCHED = 1 / 8
Search = Callable[[np.ndarray, np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""(queries (b, d), rows (e,), passages (e,), k) → scores (b, k) and passages (b, k), best first, −1 where there are
fewer; pairs (row, passage) are left out."""


def exact(passages: np.ndarray, device: str) -> Search:
    """Return the exact search over `passages` (n, d), shard by shard."""
    import torch

    def search(queries: np.ndarray, rows: np.ndarray, barred: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        q = torch.from_numpy(np.ascontiguousarray(queries)).to(device)
        best = torch.full((len(q), k), -torch.inf, device=device)
        index = torch.full((len(q), k), -1, dtype=torch.int64, device=device)
        order = np.argsort(barred, kind="stable")
        rows, barred = rows[order], barred[order]
        for first in range(0, len(passages), SHARD):
            shard = torch.from_numpy(np.array(passages[first : first + SHARD])).to(device)
            scores = q @ shard.T
            here = slice(*np.searchsorted(barred, [first, first + len(shard)]))
            scores[
                torch.from_numpy(rows[here]).to(device), torch.from_numpy(barred[here] - first).to(device)
            ] = -torch.inf
            top, at = torch.topk(scores, min(k, len(shard)))
            best, kept = torch.topk(torch.cat([best, top], 1), k)
            index = torch.cat([index, at + first], 1).gather(1, kept)
        index[best == -torch.inf] = -1
        values, found = best.cpu().numpy(), index.cpu().numpy()
        sequence = np.lexsort((found, -values), axis=1)  # of equal scores the first passage first
        return np.take_along_axis(values, sequence, 1), np.take_along_axis(found, sequence, 1)

    return search


def approximate(passages: np.ndarray, seed: int, folder: Path) -> Search:
    """Return a search over FAISS inverted lists of `passages` (n, d), one index a shard of 262,144, below `folder`.

    An eighth of the lists is searched. Raises UsageError where FAISS is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise UsageError(
            "FAISS is not installed.", where="search", next_step="pip install faiss-cpu, or use --search exact"
        ) from error

    def index_of(first: int) -> Any:
        shard = np.array(passages[first : first + FAISS_SHARD])
        lists = max(1, min(int(4 * len(shard) ** 0.5), len(shard) // 39))  # FAISS warns below 39 vectors a list
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(shard.shape[1]), shard.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
        sample = rng(seed, "mine", "faiss", first).permutation(len(shard))[: TRAINING_A_LIST * lists]
        index.train(shard[np.sort(sample)])
        index.add(shard)
        index.nprobe = max(1, int(lists * LISTS_SEARCHED))
        path = str(folder / f"faiss-{first}")
        faiss.write_index(index, path)
        return faiss.read_index(path, faiss.IO_FLAG_MMAP)

    shards = [(first, index_of(first)) for first in range(0, len(passages), FAISS_SHARD)]

    def search(queries: np.ndarray, rows: np.ndarray, barred: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        more = int(np.bincount(rows, minlength=len(queries)).max(initial=0))
        found = [(first, *index.search(np.ascontiguousarray(queries), k + more)) for first, index in shards]
        scores = np.concatenate([s for _, s, _ in found], axis=1)
        index = np.concatenate([np.where(i >= 0, i + first, -1) for first, _, i in found], axis=1)
        codes = index + np.arange(len(queries))[:, None] * len(passages)
        scores[(index < 0) | np.isin(codes, rows * len(passages) + barred)] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        scores, index = np.take_along_axis(scores, order, 1), np.take_along_axis(index, order, 1)
        return scores, np.where(np.isneginf(scores), -1, index)

    return search
