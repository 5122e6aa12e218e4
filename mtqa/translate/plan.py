"""Which segments are decoded together: chunks that are done whole or not at all, and batches within them."""

from __future__ import annotations

import math
from collections.abc import Sequence

CHUNK, SMALLEST_CHUNK, FEWEST_CHUNKS = 4096, 16, 8


def chunk_size(segments: int) -> int:
    """Return the chunk size for a job: 4,096, less for small jobs, so that these too can be resumed in the middle."""
    return max(SMALLEST_CHUNK, min(CHUNK, math.ceil(segments / FEWEST_CHUNKS)))


def make_batches(lengths: Sequence[int], budget: int) -> list[range]:
    """Cut rows, sorted by length, into batches of at most `budget` tokens, padding included (one row at least)."""
    batches: list[range] = []
    start = 0
    for end in range(1, len(lengths) + 1):
        if end == len(lengths) or lengths[end] * (end + 1 - start) > budget:
            batches.append(range(start, end))
            start = end
    return batches
