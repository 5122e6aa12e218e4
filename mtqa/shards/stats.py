"""What the batches hold against what was asked: kinds, languages, pairs, shared passages and questions, repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtqa.shards.choice import CROSS, KINDS, MONO, Choice, effective_kinds
from mtqa.shards.compose import BLOCK, Plan
from mtqa.shards.index import Index
from mtqa.shards.pairs import pair_weights
from mtqa.shards.settings import ShardSettings

LEAST_EXPECTED = 5.0
"""Chi-square's approximation is not used where a cell expects less (Cochran 1954)."""


def chi_square(observed: Mapping[str, int], asked: Mapping[str, float]) -> dict[str, Any]:
    """Return Pearson's chi-square of counts against probabilities: statistic, degrees of freedom, p.

    p is null where there is one cell only or a cell expects fewer than 5. Raises ValueError for a count in a cell that
    was not asked for.
    """
    total = sum(observed.values())
    if set(observed) - {name for name, share in asked.items() if share > 0}:
        raise ValueError("a count in a cell that was not asked for")
    cells = [(observed.get(name, 0), share * total) for name, share in asked.items() if share > 0]
    statistic = sum((seen - expected) ** 2 / expected for seen, expected in cells) if total else 0.0
    freedom = len(cells) - 1
    p = None
    if freedom > 0 and min(expected for _, expected in cells) >= LEAST_EXPECTED:
        from scipy.special import gammaincc

        p = round(float(gammaincc(freedom / 2, statistic / 2)), 6)
    return {"chi_square": round(float(statistic), 4), "freedom": freedom, "p": p}


def composition(plan: Plan, index: Index, choice: Choice, settings: ShardSettings) -> dict[str, Any]:
    """Return the counts of a plan for the manifest.

    `kinds` (batches), `mono_languages` (batches), `cross_pairs` (rows, "query>passage") and `second_languages` (rows)
    each hold `got`, `asked` (probabilities) and `test`; `shared` counts rows whose item, passage or question stands
    earlier in their batch; `forced_batches` those whose kind or language could not be the one drawn, for want of items.
    """
    kinds = effective_kinds(settings)
    batches, size = plan.items.shape
    uses = np.bincount(plan.items.ravel(), minlength=index.items)[choice.items]
    alpha = 1.0 if kinds == (MONO,) else 0.0 if kinds == (CROSS,) else settings.alpha
    return {
        "batches": batches,
        "batch_size": size,
        "rows": batches * size,
        "items": int(choice.items.sum()),
        "items_used": int((uses > 0).sum()),
        "uses_of_an_item": {"least": int(uses.min()), "most": int(uses.max())},
        "items_by_uses": {str(n): int(items) for n, items in enumerate(np.bincount(uses)) if items},
        "epochs": round(batches * size / len(uses), 4),
        "refilled_rows": max(0, batches * size - len(uses) * settings.epochs) if settings.epochs else 0,
        "dropped_rows": max(0, len(uses) * settings.epochs - batches * size) if settings.epochs else 0,
        "left_out": {"items": choice.left_out, "rows": {k: index.counts[k] for k in ("no_text", "duplicate")}},
        "shared": {"avoided": plan.deferred, **shared(plan, index)},
        "near_duplicates": index.grouped,
        "forced_batches": plan.forced,
        "kinds": _against(
            {KINDS[kind]: int((plan.kinds == kind).sum()) for kind in kinds}, {"mono": alpha, "cross": 1 - alpha}
        ),
        "mono_languages": _mono(plan, choice) if MONO in kinds else {},
        "cross_pairs": _cross(plan, choice) if CROSS in kinds else {},
        "second_languages": _second(plan, choice),
    }


def shared(plan: Plan, index: Index) -> dict[str, int]:
    """Count rows whose item, passage or question stands earlier in their batch.

    `unavoidable` is a lower bound for these items and batches: the rows of passages (or of questions, whichever is
    more) that are used more often than there are batches, so that no order could keep them apart.
    """
    counts = {"item": 0, "passage": 0, "question": 0}
    rows = 0
    numbers = {"item": np.arange(index.items, dtype=np.int32), "passage": index.passage, "question": index.question}
    for begin in range(0, len(plan.items), BLOCK):
        items = plan.items[begin : begin + BLOCK]
        repeated = np.zeros(items.shape, bool)
        for name, number in numbers.items():
            order = np.argsort(number[items], axis=1, kind="stable")
            ranked = np.take_along_axis(number[items], order, axis=1)
            again = np.zeros(items.shape, bool)
            np.put_along_axis(again, order[:, 1:], ranked[:, 1:] == ranked[:, :-1], axis=1)
            counts[name] += int(again.sum())
            repeated |= again
        rows += int(repeated.sum())
    return {"rows": rows, **counts, "unavoidable": _least(plan, index)}


def _least(plan: Plan, index: Index) -> int:
    """Return the fewest rows that must share a key, given the items used: what exceeds one a batch."""
    items, batches = plan.items.ravel(), len(plan.items)
    return max(int(np.maximum(np.bincount(ids[items]) - batches, 0).sum()) for ids in (index.passage, index.question))


def _mono(plan: Plan, choice: Choice) -> dict[str, Any]:
    got = np.bincount(plan.query[plan.kinds == MONO, 0], minlength=len(plan.languages))
    weights = np.where(choice.mono, choice.weights, 0)
    asked = weights / weights.sum()
    names = plan.languages
    return _against(
        {name: int(n) for name, n, share in zip(names, got, asked, strict=True) if share},
        {name: float(share) for name, share in zip(names, asked, strict=True)},
    )


def _cross(plan: Plan, choice: Choice) -> dict[str, Any]:
    """Return the pairs of the cross batches; asked is the mean over their items of what each item's languages allow."""
    names, count = plan.languages, len(plan.languages)
    rows = plan.kinds == CROSS
    code = plan.query[rows].ravel().astype(np.int64) * count + plan.passage[rows].ravel()
    got = np.bincount(code, minlength=count * count)
    asked = np.zeros(count * count)
    items_of_pattern = np.bincount(choice.pattern[plan.items[rows].ravel()], minlength=len(choice.has))
    for pattern in np.flatnonzero(items_of_pattern):
        pairs, weights = pair_weights(choice.has[pattern], choice.weights, choice.pairs)
        asked[pairs[:, 0] * count + pairs[:, 1]] += items_of_pattern[pattern] * weights / weights.sum()
    label = {f"{names[at // count]}>{names[at % count]}": at for at in np.flatnonzero(asked).tolist()}
    return _against(
        {name: int(got[at]) for name, at in label.items()},
        {name: float(asked[at] / asked.sum()) for name, at in label.items()},
    )


def _second(plan: Plan, choice: Choice) -> dict[str, Any]:
    """Return the languages of second versions; asked is the mean of what each pair's item and query leave to draw."""
    if plan.second is None:
        return {}
    got = np.bincount(plan.second.ravel(), minlength=len(plan.second_languages)).tolist()
    if plan.second_languages is not plan.languages:
        return _against(dict(zip(plan.second_languages, got, strict=True)), dict.fromkeys(plan.second_languages, 1.0))
    count = len(plan.languages)
    code = choice.pattern[plan.items.ravel()].astype(np.int64) * count + plan.query.ravel()
    asked = np.zeros(count)
    for at, rows in zip(*np.unique(code, return_counts=True), strict=True):
        shares = np.where(choice.has[at // count], choice.weights, 0.0)
        shares[at % count] = 0
        asked += rows * shares / shares.sum()
    drawn = {name: n for name, n, share in zip(plan.languages, got, asked, strict=True) if share}
    return _against(drawn, dict(zip(plan.languages, (asked / asked.sum()).tolist(), strict=True)))


def _against(got: dict[str, int], asked: dict[str, float]) -> dict[str, Any]:
    # Rounded for the record only: a language of few rows has a share that rounds to 0 and may be drawn all the same.
    asked = {name: share for name, share in asked.items() if share > 0}
    return {
        "got": got,
        "asked": {name: round(share, 6) for name, share in asked.items()},
        "test": chi_square(got, asked),
    }
