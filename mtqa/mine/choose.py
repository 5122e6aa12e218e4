"""Which of a question's best passages are its hard negatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mtqa.core.rng import rng
from mtqa.mine.settings import MineSettings


def limits(positive: np.ndarray, settings: MineSettings) -> np.ndarray:
    """Return the highest cosine that a negative may have, (n,), from the cosines of the positives (n,)."""
    share = np.where(positive > 0, positive * settings.most_of_positive, positive)
    return np.minimum(share, positive - settings.margin)


@dataclass(frozen=True)
class Found:
    """One question's best passages: `scores` and `passages` (k,), best first, −1 for none.

    `limit`: the highest cosine of a negative; `own` (d,): the positive passage's vector; `item`: the item's id.
    """

    scores: np.ndarray
    passages: np.ndarray
    limit: float
    own: np.ndarray
    item: int


def choose(found: Found, vectors: np.ndarray, settings: MineSettings) -> list[int]:
    """Return the places (ranks from 0) of a question's negatives among its best passages, in order.

    `vectors` (n, d): those of all passages. A place is taken if its rank is in the range, its score within the limit
    and its passage no near-duplicate of the positive one. Random picks depend on the seed and the item's id only.
    """
    places = np.arange(settings.rank_from - 1, min(settings.rank_to, len(found.scores)))
    places = places[(found.passages[places] >= 0) & (found.scores[places] <= found.limit)]
    if settings.pick == "random":
        places = rng(settings.seed, "mine", found.item).permutation(places)
    chosen: list[int] = []
    for first in range(0, len(places), settings.negatives):
        piece = places[first : first + settings.negatives]
        near = vectors[found.passages[piece]] @ found.own >= settings.near
        chosen += piece[~near].tolist()
        if len(chosen) >= settings.negatives:
            break
    return sorted(chosen[: settings.negatives])
