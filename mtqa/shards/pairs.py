"""Language pairs: which ones cross batches may use, how they are drawn, and the second version of a pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mtqa.core.errors import UsageError
from mtqa.core.rng import rng
from mtqa.shards.settings import OTHER, ShardSettings

ANY = "*"


def with_codes(settings: ShardSettings, known: set[str]) -> ShardSettings:
    """Return the settings with every language name as its FLORES-200 code, in an order of no meaning sorted.

    `known` are codes of the corpora, taken as they are. Raises UsageError for a name that is no language.
    """

    def code(name: str) -> str:
        if name in known or name in (ANY, OTHER):
            return name
        from mtqa.core.languages import resolve

        return resolve(name)

    def pairs(texts: Sequence[str]) -> list[str]:
        return sorted({">".join(code(side.strip()) for side in text.split(">")) for text in texts})

    return settings.model_copy(
        update={
            "languages": None if settings.languages is None else sorted({code(n) for n in settings.languages}),
            "weights": dict(sorted((code(name), factor) for name, factor in settings.weights.items())),
            "pairs": None if settings.pairs is None else pairs(settings.pairs),
            "exclude_pairs": pairs(settings.exclude_pairs),
            "pair_with": None if settings.pair_with is None else code(settings.pair_with),
        }
    )


def allowed_pairs(languages: Sequence[str], pairs: Sequence[str] | None, excluded: Sequence[str]) -> np.ndarray:
    """Return which cross pairs may be used: (languages, languages) bool, query × passage, diagonal False.

    Raises UsageError for a pair that names a language which is not among `languages`, or the same one twice.
    """
    allowed = np.full((len(languages), len(languages)), pairs is None)
    for texts, value in ((pairs or (), True), (excluded, False)):
        for text in texts:
            query, passage = text.split(">")
            unknown = [name for name in (query, passage) if name != ANY and name not in languages]
            if unknown or (query == passage != ANY):
                raise UsageError(
                    f"'{text}' is no pair of different languages that are used.",
                    where="pairs" if value else "exclude_pairs",
                    expected=f"QUERY>PASSAGE, each {ANY} or one of {', '.join(languages)}",
                )
            rows, columns = (slice(None) if n == ANY else languages.index(n) for n in (query, passage))
            allowed[rows, columns] = value
    np.fill_diagonal(allowed, False)
    return allowed


def pair_weights(has: np.ndarray, weights: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the allowed ordered pairs (p, 2) of languages among those in `has` and their weights (p,)."""
    present = np.flatnonzero(has)
    pairs = np.array([(x, y) for x in present for y in present if allowed[x, y]], np.int16).reshape(-1, 2)
    return pairs, weights[pairs[:, 0]] * weights[pairs[:, 1]]


class SecondVersions:
    """Draws the language of each pair's second version, by the languages' weights among those an item has.

    `has` (patterns, languages) bool, `weights` (languages,). The numbers belong to batch and slot, as all draws do.
    """

    def __init__(self, has: np.ndarray, weights: np.ndarray, seed: int) -> None:
        self._shares = np.where(has, weights, 0.0)
        self._stream = rng(seed, "shards", "second")

    def draw(self, patterns: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Return a language that is not the query's for each pair: (n,) patterns, (n,) places → (n,).

        Every item needs a second language of a weight above 0.
        """
        shares = self._shares[patterns]
        shares[np.arange(len(query)), query] = 0
        edges = np.cumsum(shares, axis=1)
        uniform = self._stream.random(len(query)) * edges[:, -1]
        # The first place whose edge lies beyond the number; one with a weight, as edges of others do not move.
        last = shares.shape[1] - 1 - np.argmax(shares[:, ::-1] > 0, axis=1)
        return np.asarray(np.minimum((edges <= uniform[:, None]).sum(axis=1), last), np.int16)
