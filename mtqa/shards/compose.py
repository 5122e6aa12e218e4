"""The plan of all batches, before any text is read: which items, which languages, as small integers.

Which items a batch holds depends on the seed and the corpus, and not on the mode, α or the languages, wherever every
item has the languages in question: arms that are compared then see the same items in the same order (`common_items`
makes sure of it). Each epoch goes through all items in a new order before any is used again; an item that its batch
cannot take (its passage or question is there already, or it lacks the batch's language) comes as soon as it can. The
uniform numbers behind the choice of kind, language and pair belong to the batch and its slots, so that arms with other
modes or α differ in nothing that they need not differ in.

Source: Elmahdy, Lin, Ahmad, arXiv 2408.10536: a mono batch draws one language for all its pairs; a cross batch draws
query and passage language of every pair, among the ordered pairs of different languages that the item has. A batch
whose kind or language cannot be filled any more in this epoch gets another one, and is counted (`forced`); the epoch's
batches then come in a random order, so that these are not its last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from mtqa.core.progress import progress
from mtqa.core.rng import rng
from mtqa.shards.choice import CROSS, MONO, Choice, effective_kinds
from mtqa.shards.groups import Pool
from mtqa.shards.index import Index
from mtqa.shards.pairs import SecondVersions, pair_weights
from mtqa.shards.settings import OTHER, ShardSettings

# The part of an epoch's rows that may go over to the next epoch rather than share a batch with their own passage.
TAIL = 0.05
# Batches whose languages are drawn at once.
BLOCK = 256

Fits = tuple[bool, ...] | None


@dataclass
class Plan:
    """All batches as numbers: `items`, `query`, `passage` (batches, size), `kinds` (batches,).

    `query` and `passage` are languages by their place in `languages`. `deferred`: rows that waited for a batch without
    their passage or question; `forced`: batches whose kind or language could not be the one drawn, for want of items.
    """

    languages: list[str]
    items: np.ndarray
    kinds: np.ndarray
    query: np.ndarray
    passage: np.ndarray
    deferred: int = 0
    forced: int = 0
    passes: int = 0
    second: np.ndarray | None = None
    second_languages: list[str] = field(default_factory=list)


def plan_batches(index: Index, choice: Choice, settings: ShardSettings) -> Plan:
    """Return the plan of all batches."""
    size, total = settings.batch_size, _total(int(choice.items.sum()), settings)
    plan = Plan(
        choice.languages,
        np.empty((total, size), np.int32),
        np.empty(total, np.int8),
        np.empty((total, size), np.int16),
        np.empty((total, size), np.int16),
    )
    made, starts, passes = 0, [(0, 0)], 1
    with progress("plan batches", total, "batches") as bar:
        for batch, kind, language, forced in _batches(index, choice, settings, plan):
            if plan.passes > passes:
                passes = plan.passes
                starts.append((made, plan.forced - forced))
            plan.items[made], plan.kinds[made] = batch, kind
            plan.query[made] = plan.passage[made] = language
            made += 1
            bar.update()
            if made == total:
                break
    for name in ("items", "kinds", "query", "passage"):
        setattr(plan, name, getattr(plan, name)[:made])
    _spread(plan, starts, settings.seed)
    _draw_pairs(plan, choice, settings.seed)
    _draw_second(plan, choice, settings)
    return plan


def _batches(
    index: Index, choice: Choice, settings: ShardSettings, plan: Plan
) -> Iterator[tuple[np.ndarray, int, int, bool]]:
    """Yield (items, kind, language of a mono batch or -1, whether forced) without end, or until dropped epochs end."""
    draws = _Draws(choice, settings)
    carried, waited = np.empty(0, np.int32), 0
    while True:
        order = np.arange(index.items, dtype=np.int32)
        rng(settings.seed, "shards", plan.passes).shuffle(order)
        stream = np.concatenate([carried, order[choice.items[order]]])
        pool = Pool(stream, index.passage, index.question, choice.pattern, settings.batch_size)
        plan.passes += 1
        final = plan.passes == settings.epochs
        stuck: set[Fits] = set()
        while True:
            option = draws.draw(pool.left_of_pattern, stuck)
            # In the tail of an epoch rows that share a passage or question can wait for the next epoch's batches.
            ends_here = final and (settings.last == "drop" or pool.left == settings.batch_size)
            tail = pool.left < max(2 * settings.batch_size, TAIL * len(stream)) and not ends_here
            force = option is None and bool(stuck) and not tail
            if force:
                option = draws.draw(pool.left_of_pattern, set())
            if option is None:
                break
            batch = pool.fill(draws.fits(option), force=force)
            if batch is None:
                stuck.add(draws.fits(option))
                continue
            forced = draws.done(option)
            plan.deferred, plan.forced = waited + pool.deferred, plan.forced + forced
            yield batch, *option, forced
        waited += pool.deferred
        if final and settings.last == "drop":
            return
        carried = pool.unused()


class _Draws:
    """Kind and language of one batch after the other, from uniform numbers that belong to the batch.

    An option is (kind, language), with language -1 for cross.
    """

    def __init__(self, choice: Choice, settings: ShardSettings) -> None:
        self.choice, self.size, self.kinds = choice, settings.batch_size, effective_kinds(settings)
        self.alpha = settings.alpha
        self.weights = np.where(choice.mono, choice.weights, 0)
        self._streams = rng(settings.seed, "shards", "kind"), rng(settings.seed, "shards", "language")
        self._occurs = np.bincount(choice.pattern[choice.items], minlength=len(choice.has)) > 0
        self._fits: dict[tuple[int, int], Fits] = {}
        self._next()

    def _next(self) -> None:
        kind, language = (float(stream.random()) for stream in self._streams)
        mono = kind < self.alpha if len(self.kinds) == 2 else self.kinds[0] == MONO
        self._uniform = language
        self._wanted = (MONO, pick(self.weights, language)) if mono else (CROSS, -1)

    def draw(self, left_of_pattern: np.ndarray, stuck: set[Fits]) -> tuple[int, int] | None:
        """Return the option drawn for the batch or, where it cannot be had, another; None where none can.

        An option can be had if enough of its items are left (by pattern) and nothing with the same items is stuck.
        """
        left_of_language = left_of_pattern @ self.choice.has
        enough = {(MONO, at): left_of_language[at] >= self.size for at in np.flatnonzero(self.weights).tolist()}
        enough[CROSS, -1] = left_of_pattern[self.choice.cross].sum() >= self.size
        options = [
            o for o, is_enough in enough.items() if o[0] in self.kinds and is_enough and self.fits(o) not in stuck
        ]
        if self._wanted in options or not options:
            return self._wanted if options else None
        mono = [language for kind, language in options if kind == MONO]
        if not mono or (self._wanted[0] == CROSS and (CROSS, -1) in options):
            return CROSS, -1
        weights = np.zeros_like(self.weights)
        weights[mono] = self.weights[mono]
        return MONO, pick(weights, self._uniform)

    def fits(self, option: tuple[int, int]) -> Fits:
        """Return by pattern whether an item can be in such a batch; None where all that occur can."""
        if option not in self._fits:
            fits = self.choice.cross if option[0] == CROSS else self.choice.has[:, option[1]]
            self._fits[option] = None if fits[self._occurs].all() else tuple(fits.tolist())
        return self._fits[option]

    def done(self, option: tuple[int, int]) -> bool:
        """Go on to the next batch; return whether this one could not be the one drawn."""
        forced = option != self._wanted
        self._next()
        return forced


def pick(weights: np.ndarray, uniform: float) -> int:
    """Return the place that a uniform number in [0, 1) falls on when places are as wide as their weights."""
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, uniform * edges[-1], side="right"))


def _draw_pairs(plan: Plan, choice: Choice, seed: int) -> None:
    """Draw query and passage language of each pair of the cross batches."""
    stream = rng(seed, "shards", "pairs")
    tables: dict[int, tuple[Any, Any]] = {}
    for first in range(0, len(plan.items), BLOCK):
        part = slice(first, first + BLOCK)
        uniform = stream.random(plan.items[part].shape)  # numbers of mono batches are drawn too: they are the slot's
        patterns = np.where(plan.kinds[part, None] == CROSS, choice.pattern[plan.items[part]], -1)
        for pattern in np.unique(patterns).tolist():
            if pattern < 0:
                continue
            if pattern not in tables:
                pairs, weights = pair_weights(choice.has[pattern], choice.weights, choice.pairs)
                tables[pattern] = pairs, np.cumsum(weights)
            pairs, edges = tables[pattern]
            slots = patterns == pattern
            at = np.minimum(np.searchsorted(edges, uniform[slots] * edges[-1], side="right"), len(pairs) - 1)
            plan.query[part][slots], plan.passage[part][slots] = pairs[at].T


def _draw_second(plan: Plan, choice: Choice, settings: ShardSettings) -> None:
    """Set the language of each pair's second version: a fixed one, or a drawn one that is not the query's."""
    if settings.pair_with is None:
        return
    if settings.pair_with != OTHER:
        plan.second_languages = [settings.pair_with]
        plan.second = np.zeros(plan.items.shape, np.int16)
        return
    plan.second_languages = plan.languages
    plan.second = np.empty(plan.items.shape, np.int16)
    versions = SecondVersions(choice.has, choice.weights, settings.seed)
    for first in range(0, len(plan.items), BLOCK):
        part = slice(first, first + BLOCK)
        drawn = versions.draw(choice.pattern[plan.items[part]].ravel(), plan.query[part].ravel())
        plan.second[part] = drawn.reshape(plan.items[part].shape)


def _spread(plan: Plan, starts: list[tuple[int, int]], seed: int) -> None:
    """Put the batches of every pass in which some were forced in a random order: those all come at its end otherwise.

    Items of one language only (an English-only set among parallel ones) are left over when the others are used up;
    without this a model would see nothing else at the end. `starts`: (first batch, batches forced before) by pass.
    """
    borders = [*starts, (len(plan.items), plan.forced)]
    for number, ((first, before), (end, after)) in enumerate(pairwise(borders)):
        if after > before:
            order = first + rng(seed, "shards", "spread", number).permutation(end - first)
            for field in (plan.items, plan.kinds, plan.query, plan.passage):
                field[first:end] = field[order]


def _total(items: int, settings: ShardSettings) -> int:
    if settings.steps is not None:
        return settings.steps
    uses = items * (settings.epochs or 1)
    return uses // settings.batch_size if settings.last == "drop" else -(-uses // settings.batch_size)
