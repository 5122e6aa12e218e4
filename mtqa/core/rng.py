"""Seeded randomness: a generator for each purpose, never a global seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mtqa.core.hashing import canonical_json

if TYPE_CHECKING:
    import numpy as np


def rng(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a generator that depends on the seed and the purpose (stage, part, …) only.

    Different purposes give independent streams, so drawing more in one place changes nothing elsewhere.
    """
    import numpy as np

    digest = hashlib.sha256(canonical_json([seed, *purpose]).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
