"""Connected components of a graph that is on disk, by large and small stars in turn.

Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected components in MapReduce and beyond" (2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mtqa.filter.spill import FACTOR, U64, Spill, hashed


class Edges:
    """Edges between nodes that are numbers (uint64); a component is named by its least node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._edges = Spill(folder, 2)
        self._check = -1

    def add(self, one: U64, other: U64) -> None:
        """Append edges: (n,) nodes beside their neighbours, which are not themselves."""
        for a, b in ((one, other), (other, one)):
            self._edges.add(hashed(a), a, b)

    def components(self) -> Iterator[tuple[U64, U64]]:
        """Yield nodes (n,) that have edges, in their order, each beside the least node of its component."""
        while True:
            small = self._large_stars()
            edges, check = self._small_stars(small)
            self._edges, before, self._check = edges, self._check, check
            if check == before:
                break
        found = Spill(self._folder, 2)
        for records in self._edges.read():
            node, least = _sorted(records[records[:, 0] > records[:, 1]]).T
            root = np.unique(least)
            for a, b in ((node, least), (root, root)):
                found.add((a >> np.uint64(56)).astype(np.int64), a, b)  # parts in the order of nodes
        self._edges.close()
        for records in found.read():
            node, least = _sorted(records).T
            yield node, least
        found.close()

    def _large_stars(self) -> Spill:
        """Join each node's greater neighbours to its least one (or itself); return edges by their greater end."""
        made = Spill(self._folder, 2)
        for records in self._edges.read():
            node, neighbour = _sorted(records).T
            least = np.minimum(node, _least(node, neighbour))
            greater = neighbour > node
            made.add(hashed(neighbour[greater]), neighbour[greater], least[greater])
        self._edges.close()
        return made

    def _small_stars(self, edges: Spill) -> tuple[Spill, int]:
        """Join each node and its lesser neighbours to the least of them; return edges from both ends, and their sum."""
        made, check = Spill(self._folder, 2), 0
        for records in edges.read():
            node, neighbour = _sorted(records).T
            least = _least(node, neighbour)
            other = neighbour != least
            a = np.concatenate([neighbour[other], node])
            b = np.concatenate([least[other], least])
            a, b = np.unique(np.stack([a, b], axis=1), axis=0).T
            made.add(hashed(a), a, b)
            made.add(hashed(b), b, a)
            check += int((a * FACTOR ^ b).sum(dtype=np.uint64))
        edges.close()
        return made, check


def _sorted(records: U64) -> U64:
    return np.unique(records, axis=0) if len(records) else records


def _least(node: U64, neighbour: U64) -> U64:
    """Return the least neighbour (n,) of each edge's node, of edges that are sorted by node, then neighbour."""
    first = np.ones(len(node), bool)
    first[1:] = node[1:] != node[:-1]
    least: U64 = neighbour[np.flatnonzero(first)[np.cumsum(first) - 1]]
    return least
