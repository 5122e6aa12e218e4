"""The best vectors for queries, by dot product: all compared, shard by shard, or FAISS's inverted lists.

Vectors come in `Parts`, so that memory holds one of them, one block of scores, and what was found; FAISS's indices are
written to disk and mapped from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.core.progress import progress
from mtqa.core.rng import rng
from mtqa.core.search import first_k

if TYPE_CHECKING:
    from torch import Tensor

PART = 16_384
"""Vectors a part: 25 MB of 384 dimensions."""
BLOCK = 1024
"""Queries that are compared with a part at a time: with 16,384 vectors their scores take 67 MB."""
PARTS_AN_INDEX = 16
TRAINING_A_LIST = 64
LISTS_SEARCHED = 1 / 32
Parts = Sequence[Callable[[], NDArray[np.float32]]]
"""All N vectors in order: functions that read the next (n, d) of them."""
Found = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Scores (Q, m) and places (Q, m) of each query's m = min(k, N) best vectors, best first; −1 where there are fewer."""
Barred = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Pairs (row of the query, place of the vector) that are left out."""


class Search(Protocol):
    """A search in given vectors."""

    def __call__(self, queries: NDArray, k: int, barred: Barred | None = None) -> Found:
        """Return the k best vectors of each of `queries` (Q, d), without those that are barred."""


def in_parts(vectors: NDArray) -> Parts:
    """Return vectors (N, d), which may be mapped from a file, in parts."""
    return [partial(vectors.__getitem__, slice(first, first + PART)) for first in range(0, len(vectors), PART)]


def exact(parts: Parts, device: str = "cpu") -> Search:
    """Return the exact search, in float32; of equal scores the vector that comes first ranks first."""
    import torch

    def search(queries: NDArray, k: int, barred: Barred | None = None) -> Found:
        asked = torch.from_numpy(np.ascontiguousarray(queries, np.float32)).to(device)
        starts = range(0, len(asked), BLOCK)
        none = torch.empty((0, 0), device=device)
        kept = [(none.new_empty((len(asked[s : s + BLOCK]), 0)), _places(asked[s : s + BLOCK], 0, 0)) for s in starts]
        left_out = None if barred is None else _by_place(barred)
        seen = 0
        for read in parts:
            vectors = torch.from_numpy(np.array(read(), np.float32)).to(device)
            for number, start in enumerate(starts):
                scores = asked[start : start + BLOCK] @ vectors.T
                if left_out is not None:
                    _bar(scores, left_out, start, seen)
                if most := _candidates(scores, kept[number][0], k):
                    scores, places = _best(scores, most)
                    kept[number] = _merged(kept[number], (scores, places + seen), k)
            seen += len(vectors)
        best, order = (torch.cat(column).cpu().numpy() for column in zip(*kept, strict=True))
        order[np.isneginf(best)] = -1
        return best, order

    return search


def approximate(parts: Parts, folder: Path, seed: int) -> Search:
    """Return a search of inverted lists: one index of FAISS for 16 parts, in `folder`; a part of its lists is read.

    Raises UsageError where FAISS is not installed, MtqaError where the disk refuses.
    """
    faiss = _faiss()
    indices: list[tuple[int, Path]] = []
    total = 0
    with progress("index", len(parts), "shards") as bar:
        for start in range(0, len(parts), PARTS_AN_INDEX):
            group = parts[start : start + PARTS_AN_INDEX]
            path = folder / f"faiss-{start}"
            try:
                size = _index(faiss, group, path, seed, start)
            except (OSError, RuntimeError) as error:
                raise disk_error(path, error if isinstance(error, OSError) else OSError(str(error))) from error
            indices.append((total, path))
            total += size
            bar.update(len(group))

    def search(queries: NDArray, k: int, barred: Barred | None = None) -> Found:
        starts = range(0, len(queries), BLOCK)
        blocks = [np.ascontiguousarray(queries[s : s + BLOCK], np.float32) for s in starts]
        pairs = [_rows(barred, s) for s in starts]
        kept = [(np.empty((len(block), 0), np.float32), np.empty((len(block), 0), np.int64)) for block in blocks]
        for first, path in indices:  # one open at a time: what is mapped counts as memory in use
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
            for number, block in enumerate(blocks):
                kept[number] = _with_index(kept[number], index, first, block, min(k, total), pairs[number])
        scores, places = (np.concatenate(column) for column in zip(*kept, strict=True))
        return scores, places

    return search


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise UsageError(
            "FAISS is not installed.", where="search", next_step="pip install faiss-cpu, or use --search exact"
        ) from error
    return faiss


def _index(faiss: Any, group: Parts, path: Path, seed: int, number: int) -> int:
    """Write the index of some parts; returns the number of its vectors."""
    shapes = [read().shape for read in group]
    sizes, width = [shape[0] for shape in shapes], shapes[0][1]
    size = int(sum(sizes))
    lists = max(1, min(int(4 * size**0.5), size // 39))  # FAISS warns below 39 vectors a list
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
    sample = np.sort(rng(seed, "search", "faiss", number).permutation(size)[: TRAINING_A_LIST * lists])
    bounds = np.cumsum([0, *sizes])
    cuts = np.searchsorted(sample, bounds)
    rows = [read()[sample[cuts[n] : cuts[n + 1]] - bounds[n]] for n, read in enumerate(group)]
    index.train(np.concatenate(rows))
    for read in group:
        index.add(np.ascontiguousarray(read(), np.float32))
    index.nprobe = max(1, int(lists * LISTS_SEARCHED))
    faiss.write_index(index, str(path))
    return size


def _with_index(kept: Found, index: Any, first: int, queries: NDArray, k: int, barred: Barred) -> Found:
    """Return the k best of what is kept and of an index whose first vector is number `first`."""
    rows, places = barred
    more = int(np.bincount(rows, minlength=len(queries)).max(initial=0))
    scores, found = index.search(queries, k + more)
    found = np.where(found >= 0, found + first, -1)
    most = int(max(places.max(initial=0), found.max(initial=0))) + 1
    codes = found + np.arange(len(queries))[:, None] * most
    scores[(found < 0) | np.isin(codes, rows * most + places)] = -np.inf
    scores, found = np.concatenate([kept[0], scores], 1), np.concatenate([kept[1], found], 1)
    best = np.lexsort((found, -scores), axis=1)[:, :k]  # of equal scores the first vector first
    scores, found = np.take_along_axis(scores, best, 1), np.take_along_axis(found, best, 1)
    return scores, np.where(np.isneginf(scores), -1, found)


def _rows(barred: Barred | None, start: int) -> Barred:
    """Return the pairs of a block of queries, their rows counted within it."""
    if barred is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    here = (barred[0] >= start) & (barred[0] < start + BLOCK)
    return barred[0][here] - start, barred[1][here]


def _by_place(barred: Barred) -> Barred:
    order = np.argsort(barred[1], kind="stable")
    return barred[0][order], barred[1][order]


def _bar(scores: Tensor, barred: Barred, start: int, seen: int) -> None:
    """Take pairs (sorted by place) out of a block's scores in a part whose first vector is number `seen`."""
    import torch

    here = slice(*np.searchsorted(barred[1], [seen, seen + scores.shape[1]]))
    rows, places = barred[0][here] - start, barred[1][here] - seen
    inside = (rows >= 0) & (rows < len(scores))
    scores[torch.from_numpy(rows[inside]), torch.from_numpy(places[inside])] = -torch.inf


def _candidates(scores: Tensor, best: Tensor, k: int) -> int:
    """Return how many of any row's scores can be among its k best: equal ones that were found before stay ahead."""
    if best.shape[1] < k:
        return min(k, int(scores.shape[1]))
    return min(k, int((scores > best[:, -1:]).sum(dim=1).max())) if scores.numel() else 0


def _best(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k best of each row with their places, in order of place: of equal scores at the border the first."""
    import torch

    if scores.shape[1] <= k:
        return scores, _places(scores, 0, scores.shape[1])
    best, places = torch.topk(scores, k, sorted=False)
    border = best.min(dim=1, keepdim=True).values
    tied = (scores == border).sum(dim=1) > (best == border).sum(dim=1)
    for row in torch.nonzero(tied).flatten().tolist():
        places[row] = torch.from_numpy(first_k(scores[row].cpu().numpy(), k)).to(places)
    places = places.sort(dim=1).values
    return scores.gather(1, places), places


def _places(rows: Tensor, begin: int, end: int) -> Tensor:
    """Return (rows, end − begin): the numbers begin … end − 1 in each row."""
    import torch

    return torch.arange(begin, end, device=rows.device).expand(len(rows), end - begin)


def _merged(old: tuple[Tensor, Tensor], new: tuple[Tensor, Tensor], k: int) -> tuple[Tensor, Tensor]:
    """Return the k best of two parts, best first; `old` comes before `new` among equals, as its places are lower."""
    import torch

    scores, order = torch.sort(torch.cat([old[0], new[0]], 1), dim=1, descending=True, stable=True)
    return scores[:, :k], torch.cat([old[1], new[1]], 1).gather(1, order[:, :k])
