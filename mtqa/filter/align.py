"""Sentences beside their translations by length alone, and how sure it is that some were dropped or added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mtqa.filter.length import excess_of, variance
from mtqa.filter.sentences import NO_SIGNS, language_tag, sentences
from mtqa.filter.target import Target
from mtqa.filter.text import anchors, characters

BEADS = ((1, 1, 0.1), (2, 1, 2.4), (1, 2, 2.4), (2, 2, 4.5), (3, 1, 4.5), (1, 3, 4.5))
"""Source sentences, target sentences and cost of a bead in nats, from the frequencies of Gale and Church (1993)."""
MERGED = 1, 2, 3
"""Sentences of one side in a bead."""
Triple = tuple[float, float, float]
NEVER, NOTHING = (math.inf, math.inf, math.inf), (0.0, 0.0, 0.0)
NULL = 5.0
NULL_CHARACTERS = 12
FREE, LIKELY, SPLIT = 2.0, 2.5, 2.3
MOST_COST = 18.0
ANCHOR, MOST_ANCHORS = 1.0, 3
NUMBER_LOST, NAME_LOST, MOST_LOST = 2.0, 0.7, 6.0
"""What a number or a name that one side of a bead has alone costs: rare where the sides are translations."""
QUOTES = frozenset('"“”„‟«»「」『』〝〞`‘‚‛')
BRACKETS = "()", "（）", "[]"
"""A splitter keeps what stands between such signs whole, and translators lose one of two: sentences are aligned without
quotation marks, and without brackets that do not close."""
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
    ours, theirs = sentences(_without_quotes(source), "en"), sentences(_without_quotes(target), language_tag(lang))
    if not theirs or len(ours) > LONGEST or len(theirs) > LONGEST:
        return None
    if _corresponding(ours, theirs, lang):
        return Evidence(0.0, 0.0)
    whole, missing, added = _Costs(ours, theirs, lang).best()
    return Evidence(max(0.0, whole - missing), max(0.0, whole - added))


def _corresponding(ours: Sequence[str], theirs: Sequence[str], lang: Target) -> bool:
    """Whether sentences are as long as their translations, one after the other, two for one where a side has more."""
    s, t = list(map(len, ours)), list(map(len, theirs))
    a, b = (1, 2) if len(t) > len(s) else (2, 1)
    merges = abs(len(t) - len(s))
    i = j = 0
    while i < len(s) and j < len(t):
        single = abs(excess_of(s[i], t[j], lang))
        if merges and i + a <= len(s) and j + b <= len(t):
            merged = abs(excess_of(sum(s[i : i + a]), sum(t[j : j + b]), lang))
            if merged * merged / 2 + SPLIT < single * single / 2:
                single, merges, i, j = merged, merges - 1, i + a - 1, j + b - 1
        if single >= LIKELY:
            return False
        i, j = i + 1, j + 1
    return i == len(s) and j == len(t)


def _without_quotes(text: str) -> str:
    found = characters(text)
    odd = [pair for pair in BRACKETS if not found.isdisjoint(pair) and text.count(pair[0]) != text.count(pair[1])]
    for sign in QUOTES.intersection(found).union(*odd):
        text = text.replace(sign, " ")
    return text


class _Costs:
    """Costs of beads between the sentences of two texts; an anchor is a bit of `left`, `right` and `numbers`."""

    def __init__(self, ours: Sequence[str], theirs: Sequence[str], lang: Target) -> None:
        bits: dict[str, int] = {}
        self.left, self.right = (
            [sum(bits.setdefault(word, 1 << len(bits)) for word in anchors(text)) for text in texts]
            for texts in (ours, theirs)
        )
        self.numbers = sum(bit for word, bit in bits.items() if word.isdigit())
        self.gains = ANCHOR * MOST_ANCHORS if bits else 0.0
        self.names = NAME_LOST if lang.script == "Latn" else 0.0
        self.s, self.t = [len(text) for text in ours], [len(text) for text in theirs]
        median = lang.length.median
        ours_of = {}
        for size in MERGED:
            spans = _spans(self.s, size)
            usual, weight = [math.log(s + 1) + median for s in spans], [0.5 / variance(s, lang) for s in spans]
            ours_of[size] = usual, weight, _unions(self.left, size)
        theirs_of = {b: ([math.log(t + 1) for t in _spans(self.t, b)], _unions(self.right, b)) for b in MERGED}
        self.beads = [(a, b, prior, *ours_of[a], *theirs_of[b]) for a, b, prior in BEADS]
        whole = math.log(sum(self.t) + 1) - math.log(sum(self.s) + 1) - lang.length.median
        self.worst = min(whole * whole / 2 / variance(sum(self.s), lang), MOST_COST) + max(len(ours), len(theirs))

    def best(self) -> Triple:
        """Return the least costs of aligning all: by beads of both sides, and with source or target sentences alone."""
        n, m = len(self.s), len(self.t)
        cost = [[NEVER] * (m + 1) for _ in range(n + 1)]
        source_alone, target_alone = [_null(s) for s in self.s], [_null(t) for t in self.t]
        for i in range(n + 1):
            middle = i * m / n if n else 0
            for j in range(max(0, math.floor(middle) - BAND), min(m, math.ceil(middle) + BAND) + 1):
                whole, missing, added = self._by_beads(cost, i, j) if i and j else NEVER if i or j else NOTHING
                if i and (alone := cost[i - 1][j][1] + source_alone[i - 1]) < missing:
                    missing = alone
                if j and (alone := cost[i][j - 1][2] + target_alone[j - 1]) < added:
                    added = alone
                cost[i][j] = whole, missing, added
        every, of_all = _unions(self.left, n), _unions(self.right, m)
        worst = self.worst + self._anchor_cost(every[0] if every else 0, of_all[0] if of_all else 0)
        whole, missing, added = (worst if c == math.inf else c for c in cost[n][m])
        return whole, missing, added

    def _by_beads(self, cost: Sequence[Sequence[Triple]], i: int, j: int) -> Triple:
        """Return the least costs of what a bead ends at sentences i and j; most beads need no full look."""
        whole, missing, added = NEVER
        gains = self.gains
        for a, b, prior, usual, weight, lefts, found, rights in self.beads:
            k, p = i - a, j - b
            if k < 0 or p < 0:
                continue
            x, y, z = cost[k][p]
            least = prior - gains
            if x + least >= whole and y + least >= missing and z + least >= added:
                continue
            unusual = found[p] - usual[k]
            bead = unusual * unusual * weight[k]
            bead = prior + (bead if bead < MOST_COST else MOST_COST)
            left, right = lefts[k], rights[p]
            if left or right:
                least = bead - gains
                if x + least >= whole and y + least >= missing and z + least >= added:
                    continue
                bead += self._anchor_cost(left, right)
            if x + bead < whole:
                whole = x + bead
            if y + bead < missing:
                missing = y + bead
            if z + bead < added:
                added = z + bead
        return whole, missing, added

    def _anchor_cost(self, left: int, right: int) -> float:
        """Return the cost of what anchors, as bits, one side has alone, less the gain of those that both have."""
        alone, both = left ^ right, (left & right).bit_count()
        gain = ANCHOR * (both if both < MOST_ANCHORS else MOST_ANCHORS)
        if not alone:
            return -gain
        numbers = (alone & self.numbers).bit_count()
        lost = NUMBER_LOST * numbers + self.names * (alone.bit_count() - numbers)
        return (lost if lost < MOST_LOST else MOST_LOST) - gain


def _null(characters: int) -> float:
    """Return what it costs to leave a sentence alone: short ones are often no sentences."""
    return NULL + max(0, NULL_CHARACTERS - characters) / FREE


def _spans(lengths: Sequence[int], size: int) -> list[int]:
    """Return the characters of each `size` neighbours."""
    return [sum(lengths[n : n + size]) for n in range(len(lengths) - size + 1)]


def _unions(bits: Sequence[int], size: int) -> list[int]:
    """Return the bits that each `size` neighbours have together."""
    found = list(bits)
    for more in range(1, size):
        found = [one | other for one, other in zip(found, bits[more:], strict=False)]
    return found
