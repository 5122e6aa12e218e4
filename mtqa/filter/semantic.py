"""Another meaning: an encoder's cosine of source and translation, beside what is usual for the language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.core.hashing import content_id
from mtqa.core.rng import rng
from mtqa.filter.sentences import language_tag, sentences
from mtqa.filter.target import Target

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SCALES = Path(__file__).with_name("scales.yaml")
DEMO = "demo"
SAMPLE = 400
LEAST = 30
KNOWN = 0.9
"""The share of random pairs below the right ones (area under the curve) from which a language counts as known."""
MIN_LETTERS, MIN_SENTENCE, MIN_DENSE = 12, 25, 10
SENTENCE = 0.3
CACHED = ("cosine", "least")
REMEMBERED = 500_000
"""Pairs whose cosines are kept for repeated texts and for the next run: some 150 MB."""
Texts = tuple[str, str]


@dataclass(frozen=True)
class Scale:
    """Cosines of a language: the medians of random pairs and of right ones, and how well the encoder tells them."""

    random: float
    right: float
    area: float

    @property
    def known(self) -> bool:
        """Whether the encoder knows the language well enough to judge."""
        return self.area >= KNOWN and self.right > self.random


@dataclass
class Semantic:
    """Scores pairs by an encoder; `scales` holds what was found of each language, `cache` the cosines on disk.

    The relative cosine of a pair is 0 where it is as like as random pairs of the language and 1 where it is as like as
    the median pair; the score is 1 minus that. Which languages the encoder knows is found on a sample of the data: it
    must rank 90 % of right pairs above random ones.
    """

    name: str
    device: str = "cpu"
    cache: Path | None = None
    scales: dict[str, Scale] = field(default_factory=dict)
    _model: SentenceTransformer | None = None
    _known: dict[str, tuple[float, float]] = field(default_factory=dict)

    def learn(self, pairs: Iterable[Texts], lang: Target, seed: int = 0) -> Scale | None:
        """Find the language's scale on the first 400 pairs; None (the check abstains) where there are under 30.

        Of the demo encoder the scales are shipped, for the languages that it was trained on and no others.
        """
        if self.name == DEMO:
            shipped = _shipped().get(lang.code)
            if shipped:
                self.scales[lang.code] = shipped
            return shipped
        sample = [pair for _, pair in zip(range(SAMPLE), (p for p in pairs if _enough(p)), strict=False)]
        if len(sample) < LEAST:
            return None
        scale = self.scales[lang.code] = self.fit(sample, lang.code, seed)
        return scale

    def fit(self, sample: Sequence[Texts], code: str, seed: int = 0) -> Scale:
        """Return the scale that some pairs of a language show."""
        sources, targets = (self._vectors([pair[side] for pair in sample]) for side in (0, 1))
        right = (sources * targets).sum(axis=1)
        shift = rng(seed, "filter", "semantic", code).permutation(len(sample))
        random = (sources * targets[np.roll(shift, 1)][np.argsort(shift)]).sum(axis=1)
        area = float((right[:, None] > random[None, :]).mean())
        return Scale(round(float(np.median(random)), 3), round(float(np.median(right)), 3), round(area, 3))

    def scores(self, pairs: Sequence[Texts], lang: Target) -> list[float]:
        """Return 1 - relative cosine of each pair; NaN for short texts and in languages that the encoder knows not.

        In texts of several sentences the worst sentence counts too, less .3: one that is like no sentence of the other
        side was dropped or invented.
        """
        scale = self.scales.get(lang.code)
        if scale is None or not scale.known:
            return [float("nan")] * len(pairs)
        wanted = [pair for pair in dict.fromkeys(pairs) if _enough(pair)]
        cosines = self._cosines(wanted, lang)
        width = scale.right - scale.random

        def score(pair: Texts) -> float:
            if pair not in cosines:
                return float("nan")
            whole, least = (1 - (cosine - scale.random) / width for cosine in cosines[pair])
            return max(whole, least - SENTENCE)

        return [score(pair) for pair in pairs]

    def _cosines(self, pairs: Sequence[Texts], lang: Target) -> dict[Texts, tuple[float, float]]:
        """Return each pair's cosine, and the least that a sentence of it reaches with any of the other side's."""
        self._load()
        keys = {pair: content_id(*pair) for pair in pairs}
        found = {pair: self._known[key] for pair, key in keys.items() if key in self._known}
        new = [pair for pair in pairs if pair not in found]
        if new:
            tag = language_tag(lang)
            parts = [(_long(sentences(s, "en")), _long(sentences(t, tag))) for s, t in new]
            texts = [text for pair, sides in zip(new, parts, strict=True) for text in (*pair, *sides[0], *sides[1])]
            vectors = iter(self._vectors(texts))
            for pair, (ours, theirs) in zip(new, parts, strict=True):
                whole = float(next(vectors) @ next(vectors))
                left, right = ([next(vectors) for _ in side] for side in (ours, theirs))
                found[pair] = round(whole, 6), round(_least(left, right), 6)
                if len(self._known) < REMEMBERED:
                    self._known[keys[pair]] = found[pair]
        return found

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        from mtqa.core.encode import encode_texts, load_encoder

        if self._model is None:
            self._model = load_encoder(self.name, self.device)
        return encode_texts(self._model, texts, "document")

    def _load(self) -> None:
        if self.cache is not None and not self._known and self.cache.is_file():
            import pyarrow.parquet as pq

            table: Any = pq.read_table(self.cache)
            self._known.update(
                zip(table["pair"].to_pylist(), zip(*(table[c].to_pylist() for c in CACHED), strict=True), strict=True)
            )

    def save(self) -> None:
        """Write the cosines to the cache, so that another run on the same texts encodes nothing."""
        if self.cache is None or not self._known:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.cache.parent.mkdir(parents=True, exist_ok=True)
        rows = sorted(self._known.items())
        temporary = self.cache.with_suffix(".tmp")
        columns = {name: [values[n] for _, values in rows] for n, name in enumerate(CACHED)}
        pq.write_table(pa.table({"pair": [pair for pair, _ in rows], **columns}), temporary)
        temporary.replace(self.cache)


@cache
def _shipped() -> dict[str, Scale]:
    from mtqa.core.recipe import load_yaml

    return {lang: Scale(**values) for lang, values in load_yaml(SCALES).items()}


def _enough(pair: Texts) -> bool:
    return bool(pair[0] and pair[1]) and len(pair[0]) >= MIN_LETTERS


def _long(found: Sequence[str]) -> list[str]:
    """Return the sentences to compare: long ones, where there are two or more."""
    long = [s for s in found if len(s) >= (MIN_DENSE if s[len(s) // 2] > "\u2fff" else MIN_SENTENCE)]
    return long if len(found) > 1 else []


def _least(left: list[np.ndarray], right: list[np.ndarray]) -> float:
    """Return the least of the best cosines of each side's vectors; 1 where a side has none."""
    if not left or not right:
        return 1.0
    cosines = np.array(left) @ np.array(right).T
    return float(min(cosines.max(axis=0).min(), cosines.max(axis=1).min()))
