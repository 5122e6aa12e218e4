"""Fills batches from a stream of items so that no batch holds the same passage or question twice.

A key is a passage's or a question's number. An item that would put a key into a batch a second time waits in the queue
of what blocks it, and comes first in a later batch. A key that the stream holds more often than there are batches has
to occur twice somewhere: its quota a batch is ceil(rows left / batches left), so that such rows spread evenly. And a
key with as many rows left as batches left gives one to every batch (König: a bipartite graph of passages and questions
can be cut into as many matchings as its largest degree, if each matching covers the vertices of that degree).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

import numpy as np

# Candidates looked at for one urgent key in one batch; it is urgent again in the next one.
TRIES = 64


class Pool:
    """The unused items of one pass over the data, in order. `fill` takes one batch of them.

    `items` (n,) int32: the stream; `passage`, `question`: numbers by item (each from 0); `pattern`: by item, which
    languages it has (numbers from 0, what they mean is the caller's). Linear in n but for rows that share a passage or
    question with many others.
    """

    def __init__(
        self, items: np.ndarray, passage: np.ndarray, question: np.ndarray, pattern: np.ndarray, batch_size: int
    ) -> None:
        self.items, self.batch_size = items, batch_size
        self.left = len(items)
        passages = int(passage.max(initial=-1)) + 1
        keys = [passage[items], question[items] + np.int32(passages)]
        size = passages + int(question.max(initial=-1)) + 1
        self.rest = np.bincount(keys[0], minlength=size).astype(np.int32)
        self.rest += np.bincount(keys[1], minlength=size).astype(np.int32)
        # A key that occurs once can block nothing: -1 spares looking it up.
        self.keys = [np.where(self.rest[key] > 1, key, -1).astype(np.int32) for key in keys]
        del keys
        frequent = np.flatnonzero(self.rest > 1).astype(np.int32)
        order = np.argsort(-self.rest[frequent], kind="stable")
        self._frequent = frequent[order]
        self._first_counts = self.rest[self._frequent]
        self._heavy = set(self._frequent[self._first_counts > self.batches_left].tolist())
        self.pattern = pattern[items].astype(np.int32)
        self.left_of_pattern = np.bincount(self.pattern, minlength=int(pattern.max(initial=0)) + 1)
        self.used = bytearray(self.left)
        self.deferred = 0
        """Rows that waited because their passage or question was in the batch already: collisions avoided."""
        self._next = 0
        self._queues: dict[int, deque[int]] = {}
        self._index: tuple[np.ndarray, np.ndarray] | None = None
        self._batch: list[int] = []
        self._taken: dict[int, int] = {}
        # Python reads single numbers from a memoryview much faster than from an array.
        self._views = (self.keys[0].data, self.keys[1].data, self.pattern.data)
        self._rest = self.rest.data

    @property
    def batches_left(self) -> int:
        """Batches among which the rows left are spread; the last of them may be part of the next pass."""
        return -(-self.left // self.batch_size)

    def unused(self) -> np.ndarray:
        """Return the items not taken yet, in the order of the stream."""
        rest: np.ndarray = self.items[np.frombuffer(self.used, np.uint8) == 0]
        return rest

    def fill(self, fits: Sequence[bool] | None, *, force: bool) -> np.ndarray | None:
        """Take a batch of items and return them, or None (and take nothing) where the pool cannot fill one.

        `fits` says by pattern which items may be taken (None: all). With `force` a batch that lacks rows is filled in
        spite of shared passages and questions.
        """
        self._batch, self._taken = [], {}
        self._take_urgent(fits)
        self._take_waiting(fits)
        if not self._take_ahead(fits):
            self._take_new(fits)
        if force and len(self._batch) < self.batch_size:
            self._take_any(fits)
        if len(self._batch) < self.batch_size:
            self._put_back()
            return None
        chosen = np.array(self._batch, np.int64)
        for keys in self.keys:
            np.subtract.at(self.rest, keys[chosen][keys[chosen] >= 0], 1)
        np.subtract.at(self.left_of_pattern, self.pattern[chosen], 1)
        self.left -= self.batch_size
        return self.items[chosen]

    def _put_back(self) -> None:
        """Let the batch's rows wait again; the stream has been read to its end by now."""
        for at in self._batch:
            self.used[at] = 0
        for pattern in {int(self.pattern[at]) for at in self._batch}:
            back = [at for at in self._batch if self.pattern[at] == pattern]
            self._queues[-1 - pattern] = deque(sorted({*back, *self._queues.get(-1 - pattern, ())}))

    def _quota(self, key: int) -> int:
        return max(1, -(-self._rest[key] // self.batches_left)) if key in self._heavy else 1

    def _blocker(self, at: int, fits: Sequence[bool] | None) -> int | None:
        """Return what keeps a position out of the batch: a key (from 0), a pattern (as -1 - pattern) or nothing."""
        passages, questions, patterns = self._views
        if fits is not None and not fits[patterns[at]]:
            return -1 - int(patterns[at])
        keys: tuple[int, int] = (passages[at], questions[at])
        for key in keys:
            if key in self._taken and self._taken[key] >= self._quota(key):
                return key
        return None

    def _take(self, at: int) -> None:
        self.used[at] = 1
        self._batch.append(at)
        for view in self._views[:2]:
            key = view[at]
            if key >= 0:
                self._taken[key] = self._taken.get(key, 0) + 1

    def _take_ahead(self, fits: Sequence[bool] | None) -> bool:
        """Take the stream's next rows at once if nothing keeps any of them out; else take nothing and return False.

        What `_take_new` would do, several times as fast: of many items few share a passage or question.
        """
        begin, end = self._next, self._next + self.batch_size - len(self._batch)
        if fits is not None or end > len(self.items) or any(self.used[begin:end]):
            return False
        keys = np.sort(np.concatenate([key[begin:end] for key in self.keys]))
        keys = keys[np.searchsorted(keys, 0) :]
        if (keys[1:] == keys[:-1]).any() or not self._taken.keys().isdisjoint(keys.tolist()):
            return False
        self.used[begin:end] = b"\x01" * (end - begin)
        self._batch += range(begin, end)
        self._next = end
        return True

    def _take_new(self, fits: Sequence[bool] | None) -> None:
        """Take rows in the stream's order; those that are blocked wait."""
        end, used = len(self.items), self.used
        while len(self._batch) < self.batch_size and self._next < end:
            at = self._next
            self._next += 1
            if used[at]:
                continue
            blocker = self._blocker(at, fits)
            if blocker is None:
                self._take(at)
            else:
                self.deferred += blocker >= 0
                self._queues.setdefault(blocker, deque()).append(at)

    def _take_waiting(self, fits: Sequence[bool] | None) -> None:
        """Take rows that waited, the earliest first."""
        heap: list[tuple[int, int]] = []
        for blocker in list(self._queues):
            self._push(heap, blocker, fits)
        heapq.heapify(heap)
        while heap and len(self._batch) < self.batch_size:
            at, source = heapq.heappop(heap)
            self._queues[source].popleft()
            now = self._blocker(at, fits)
            if now is None:
                self._take(at)
            elif now == source:
                self._queues[source].appendleft(at)
                continue
            else:
                self._queues.setdefault(now, deque()).append(at)
            self._push(heap, source, fits)

    def _push(self, heap: list[tuple[int, int]], blocker: int, fits: Sequence[bool] | None) -> None:
        """Put the head of a queue on the heap, unless the queue is empty (it goes) or still blocked."""
        queue = self._queues[blocker]
        while queue and self.used[queue[0]]:
            queue.popleft()
        if not queue:
            del self._queues[blocker]
        elif blocker >= 0 or fits is None or fits[-1 - blocker]:
            heapq.heappush(heap, (queue[0], blocker))

    def _take_any(self, fits: Sequence[bool] | None) -> None:
        """Take waiting rows in spite of shared keys, those whose passage and question are rarest in the batch first."""
        passages, questions, patterns = self._views
        waiting = [at for queue in self._queues.values() for at in queue if not self.used[at]]
        waiting = [at for at in waiting if fits is None or fits[patterns[at]]]
        waiting.sort(key=lambda at: (self._taken.get(passages[at], 0) + self._taken.get(questions[at], 0), at))
        for at in waiting[: self.batch_size - len(self._batch)]:
            self._take(at)

    def _take_urgent(self, fits: Sequence[bool] | None) -> None:
        """Take floor(rows left / batches left) rows of every key that has as many rows left as there are batches."""
        batches = self.batches_left
        active = self._frequent[: np.searchsorted(-self._first_counts, -batches, side="right")]
        if batches < 2 or not len(active):
            return
        urgent = active[self.rest[active] >= batches]
        urgent = urgent[np.lexsort((urgent, -self.rest[urgent]))].tolist()
        members = set(urgent)
        for key in urgent:
            due = self._rest[key] // batches if key in self._heavy else 1
            for _ in range(due - self._taken.get(key, 0)):
                at = self._candidate(key, members, fits)
                if at is None or len(self._batch) == self.batch_size:
                    break
                self._take(at)

    def _candidate(self, key: int, urgent: set[int], fits: Sequence[bool] | None) -> int | None:
        """Return the first free position of a key, better one whose other key is urgent and not yet in the batch."""
        positions, starts = self._positions()
        end = int(starts[key + 1])
        while starts[key] < end and self.used[positions[starts[key]]]:
            starts[key] += 1
        first: int | None = None
        for at in positions[int(starts[key]) : min(int(starts[key]) + TRIES, end)].tolist():
            if self.used[at] or self._blocker(at, fits) is not None:
                continue
            other = self._views[0][at] if self._views[1][at] == key else self._views[1][at]
            if other in urgent and other not in self._taken:
                return int(at)
            first = int(at) if first is None else first
        return first

    def _positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return positions by key and where each key's begin; made when first needed, of unused rows only."""
        if self._index is None:
            free = np.flatnonzero(np.frombuffer(self.used, np.uint8) == 0).astype(np.int32)
            keys = np.concatenate([self.keys[0][free], self.keys[1][free]])
            positions = np.concatenate([free, free])[keys >= 0]
            keys = keys[keys >= 0]
            starts = np.searchsorted(np.sort(keys), np.arange(len(self.rest) + 1)).astype(np.int32)
            self._index = positions[np.argsort(keys, kind="stable")], starts
        return self._index
