"""Sentences beside their translations by length alone, and how sure it is that some were dropped or added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mtqa.filter.cutoff import NO_SIGNS
from mtqa.filter.length import deviation, excess
from mtqa.filter.target import Target
from mtqa.filter.text import anchors

BEADS = {(1, 1): 0.1, (2, 1): 2.4, (1, 2): 2.4, (2, 2): 4.5, (3, 1): 4.5, (1, 3): 4.5}
"""Cost of a bead (source sentences, target sentences) in nats, from the frequencies of Gale and Church (1993)."""
NULL = 5.0
NULL_CHARACTERS = 12
FREE, LIKELY = 2.0, 2.5
MOST_COST = 18.0
ANCHOR = 1.0
NUMBER_LOST, NAME_LOST, MOST_LOST = 2.0, 0.7, 6.0
"""What a number or a name that one side of a bead has alone costs: rare where the sides are translations."""
BAND = 6
LONGEST = 120


class Evidence(NamedTuple):
    """How much likelier, in nats, it is that a sentence was dropped or added than that all were translated."""

    missing: float
    added: float


def missing_sentence(source: str | None, target: str, lang: Target) -> float | None:
    """Return the evidence that a source sentence has no translation; abstains as `evidence` does."""
    found = evidence(source, target, lang) if source else None
    return None if found is None else found.missing


def added_sentence(source: str | None, target: str, lang: Target) -> float | None:
    """Return the evidence that a sentence of the translation has no source; abstains as `evidence` does."""
    found = evidence(source, target, lang) if source else None
    return None if found is None else found.added


@lru_cache(maxsize=8)
def evidence(source: str, target: str, lang: Target) -> Evidence | None:
    """Return the evidence for dropped and added sentences, in nats.

    Sentences are aligned by dynamic programming over lengths (Gale and Church 1993, with the language's own length
    ratio, and numbers and names that both sides share), once with all beads and once without those that leave a
    sentence alone; the evidence is the difference in cost. None for scripts that do not mark the ends of sentences, and
    for texts over 120 sentences.
    """
    if lang.script in NO_SIGNS or not lang.script:
        return None
    ours, theirs = sentences(source, "en"), sentences(target, language_tag(lang))
    if not theirs or len(ours) > LONGEST or len(theirs) > LONGEST:
        return None
    if len(ours) == len(theirs) and all(abs(excess(s, t, lang)) < LIKELY for s, t in zip(ours, theirs, strict=True)):
        return Evidence(0.0, 0.0)
    costs = _Costs(ours, theirs, lang)
    whole = costs.best(missing=False, added=False)
    return Evidence(
        max(0.0, whole - costs.best(missing=True, added=False)), max(0.0, whole - costs.best(missing=False, added=True))
    )


def sentences(text: str, tag: str) -> list[str]:
    """Return a text's sentences without the white space around them; a line break ends one."""
    import sentencex

    text = text.encode("utf-8", "ignore").decode()
    return [line.strip() for piece in sentencex.segment(tag, text) for line in piece.splitlines() if line.strip()]


def language_tag(lang: Target) -> str:
    """Return the code that sentencex knows a language by."""
    return lang.labels[0] if lang.labels else lang.code.split("_")[0]


class _Costs:
    """Costs of beads between the sentences of two texts."""

    def __init__(self, ours: Sequence[str], theirs: Sequence[str], lang: Target) -> None:
        self.ours, self.theirs, self.lang = ours, theirs, lang
        self.left, self.right = [anchors(s) for s in ours], [anchors(t) for t in theirs]
        self._anchored = any(self.left) or any(self.right)
        self._beads: dict[tuple[int, int, int, int], float] = {}
        self._names = NAME_LOST if lang.script == "Latn" else 0.0
        self.s = _sums(ours)
        self.t = _sums(theirs)

    def best(self, *, missing: bool, added: bool) -> float:
        """Return the least cost of aligning all sentences; `missing` and `added` allow beads of one side alone."""
        n, m = len(self.ours), len(self.theirs)
        cost = {(0, 0): 0.0}
        infinite = math.inf
        for i in range(n + 1):
            middle = i * m / n if n else 0
            for j in range(max(0, math.floor(middle) - BAND), min(m, math.ceil(middle) + BAND) + 1):
                if not i and not j:
                    continue
                least = infinite
                for (a, b), prior in BEADS.items():
                    if i >= a and j >= b and (before := cost.get((i - a, j - b), infinite)) < least:
                        least = min(least, before + prior + self._bead(i - a, i, j - b, j))
                if missing and i and (before := cost.get((i - 1, j), infinite)) < least:
                    least = min(least, before + self._null(self.s[i] - self.s[i - 1]))
                if added and j and (before := cost.get((i, j - 1), infinite)) < least:
                    least = min(least, before + self._null(self.t[j] - self.t[j - 1]))
                cost[i, j] = least
        whole = cost.get((n, m), infinite)
        return whole if whole < infinite else self._bead(0, n, 0, m) + max(n, m)

    def _bead(self, i: int, k: int, j: int, p: int) -> float:
        known = self._beads.get((i, k, j, p))
        if known is not None:
            return known
        s, t = self.s[k] - self.s[i], self.t[p] - self.t[j]
        spread = math.hypot(deviation(s, self.lang), self.lang.length.slack / 2)
        z = (math.log((t + 1) / (s + 1)) - self.lang.length.median) / spread
        cost = min(z * z / 2, MOST_COST)
        if self._anchored:
            left, right = frozenset().union(*self.left[i:k]), frozenset().union(*self.right[j:p])
            alone = left ^ right
            numbers = sum(map(str.isdigit, alone))
            lost = NUMBER_LOST * numbers + self._names * (len(alone) - numbers)
            cost += min(lost, MOST_LOST) - ANCHOR * min(len(left & right), 3)
        self._beads[i, k, j, p] = cost
        return cost

    @staticmethod
    def _null(characters: int) -> float:
        return NULL + max(0, NULL_CHARACTERS - characters) / FREE


def _sums(texts: Sequence[str]) -> list[int]:
    sums = [0]
    for text in texts:
        sums.append(sums[-1] + len(text))
    return sums
