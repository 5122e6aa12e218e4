import itertools
import random

import pytest

from mtqa.train.cut import cut


def cost(batches, counts, overhead):
    return sum(len(rows) * max(counts[i] for i in rows) + overhead for rows in batches)


@pytest.mark.parametrize(
    ("counts", "budget", "overhead", "expected"),
    [
        # Together 4 × 9 + 3 = 39, each alone 24 + 4 × 3 = 36; 2 × 4 + 2 × 9 + 2 × 3 = 32 is the least.
        ([9, 3, 8, 4], 100, 3, [[1, 3], [2, 0]]),
        # The same with a dear cut: 2 × 4 + 2 × 9 + 40 = 66 against 36 + 20 = 56.
        ([9, 3, 8, 4], 100, 20, [[1, 3, 2, 0]]),
        # The budget forbids four rows of 9; of 1 + 3 (30), 2 + 2 (26) and 3 + 1 rows (33) the second pads least.
        ([9, 3, 8, 4], 30, 1000, [[1, 3], [2, 0]]),
        ([9, 3, 8, 4], 100, 0, [[1], [3], [2], [0]]),
        ([5, 5, 5], 10, 1, [[0], [1, 2]]),
        ([50, 2], 10, 1000, [[1], [0]]),
        ([0, 0], 10, 1, [[0, 1]]),
        ([], 10, 1, []),
    ],
)
def test_by_hand(counts, budget, overhead, expected):
    assert cut(counts, budget, overhead) == expected


def every_split(items):
    """Every partition of a list into sets."""
    if not items:
        yield []
        return
    for rest in every_split(items[1:]):
        yield [[items[0]], *rest]
        for i in range(len(rest)):
            yield [*rest[:i], [items[0], *rest[i]], *rest[i + 1 :]]


@pytest.mark.parametrize("seed", range(20))
def test_no_split_of_any_order_costs_less(seed):
    draw = random.Random(seed)
    counts = [draw.randint(1, 30) for _ in range(7)]
    budget, overhead = draw.randint(20, 120), draw.choice([0, 3, 12, 40])
    found = cut(counts, budget, overhead)
    assert sorted(itertools.chain(*found)) == list(range(7))

    def fits(rows):
        return len(rows) == 1 or len(rows) * max(counts[i] for i in rows) <= budget

    allowed = [split for split in every_split(list(range(7))) if all(map(fits, split))]
    assert all(map(fits, found))
    assert cost(found, counts, overhead) == min(cost(split, counts, overhead) for split in allowed)


def test_shortest_first_and_equal_counts_in_order():
    counts = [7, 3, 7, 3, 5, 7]
    flat = list(itertools.chain(*cut(counts, 20, 4)))
    assert flat == [1, 3, 4, 0, 2, 5]
