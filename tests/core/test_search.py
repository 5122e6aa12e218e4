import numpy as np
import pytest

from mtqa.core import search
from mtqa.core.search import first_k, gold_ranks

BOUNDS = np.array([0, 25, 25, 40, 70])


def plain(queries, candidates, gold, bounds, top_k):
    """Return pooled ranks, ranks within segments and top-k counts by a stable sort of every row."""
    scores = queries @ candidates.T
    pooled, within = np.zeros_like(gold), np.zeros_like(gold)
    top = np.zeros((len(gold), len(bounds) - 1), int)
    for q, row in enumerate(scores):
        order = list(np.argsort(-row, kind="stable"))
        for s in range(len(bounds) - 1):
            inside = [c for c in order if bounds[s] <= c < bounds[s + 1]]
            top[q, s] = len(set(inside) & set(order[:top_k]))
            for g, c in enumerate(gold[q]):
                if c in inside:
                    pooled[q, g], within[q, g] = order.index(c) + 1, inside.index(c) + 1
    return pooled, within, top


def random_case(seed, integers):
    generator = np.random.default_rng(seed)
    if integers:  # sums of small integers are exact: very many ties, and the same ones in any order of addition
        queries, candidates = (generator.integers(-1, 2, (n, 4)).astype(np.float32) for n in (33, 70))
    else:
        queries, candidates = (generator.standard_normal((n, 32)).astype(np.float32) for n in (33, 70))
    return queries, candidates, generator.integers(-1, 70, (33, 5))


@pytest.mark.parametrize("integers", [True, False])
@pytest.mark.parametrize(("block", "tile"), [(1, 1), (7, 5), (256, 64)])
def test_equal_to_a_full_sort(monkeypatch, integers, block, tile):
    monkeypatch.setattr(search, "BLOCK", block)
    monkeypatch.setattr(search, "TILE", tile)
    for seed in range(3):
        case = random_case(seed, integers)
        ranks = gold_ranks(*case, BOUNDS, top_k=10)
        pooled, within, top = plain(*case, BOUNDS, 10)
        assert (ranks.pooled == pooled).all()
        assert (ranks.within == within).all()
        assert (ranks.top == top).all()
        assert (ranks.pooled[case[2] < 0] == 0).all()


@pytest.mark.parametrize("cores", [1, 3])
def test_several_cores_give_the_same(monkeypatch, cores):
    """Blocks are ranked beside each other, each core in memory of its own, with one BLAS thread each."""
    blas, _ = search._blas_threads()
    limits = []

    class Limited:
        def limit(self, *, limits: int, seen=limits):
            seen.append(limits)
            return blas.limit(limits=limits)

    monkeypatch.setattr(search, "_blas_threads", lambda: (Limited(), cores))
    monkeypatch.setattr(search, "BLOCK", 4)
    case = random_case(21, integers=False)
    ranks = gold_ranks(*case, BOUNDS, top_k=10)
    pooled, within, top = plain(*case, BOUNDS, 10)
    assert limits == [1]
    assert (ranks.pooled == pooled).all()
    assert (ranks.within == within).all()
    assert (ranks.top == top).all()


def test_rows_without_gold_and_golds_of_several_segments_in_a_column():
    """A column of golds may hold none, few or golds of different segments; all are counted rightly."""
    generator = np.random.default_rng(8)
    queries, candidates = (generator.integers(-1, 2, (n, 4)).astype(np.float32) for n in (70, 70))
    gold = np.full((70, 3), -1)
    gold[::20, 0] = generator.integers(0, 70, 4)
    gold[:, 1] = generator.integers(0, 70, 70)
    ranks = gold_ranks(queries, candidates, gold, BOUNDS)
    pooled, within, _ = plain(queries, candidates, gold, BOUNDS, 0)
    assert (ranks.pooled == pooled).all()
    assert (ranks.within == within).all()


@pytest.mark.parametrize("integers", [True, False])
def test_long_rows_are_counted_in_pieces_and_searched_by_parts(integers):
    """5,000 candidates: more than the words of a row can hold in one sum, and parts whose maxima tie."""
    generator = np.random.default_rng(4)
    bounds = np.array([0, 900, 4100, 5000])
    shape = (70, 5000)
    if integers:
        queries, candidates = (generator.integers(-2, 3, (n, 5)).astype(np.float32) for n in shape)
    else:
        queries, candidates = (generator.standard_normal((n, 16)).astype(np.float32) for n in shape)
    gold = np.stack([generator.integers(a, b, 70) for a, b in [(0, 900), (900, 4100), (4100, 5000)]], axis=1)
    gold[generator.random(gold.shape) < 0.3] = -1
    ranks = gold_ranks(queries, candidates, gold, bounds, top_k=10)
    pooled, within, top = by_sorting(queries @ candidates.T, gold, bounds, 10)
    assert (ranks.pooled == pooled).all()
    assert (ranks.within == within).all()
    assert (ranks.top == top).all()


def by_sorting(scores, gold, bounds, top_k):
    """As `plain`, faster: places in a stable sort."""
    order = np.argsort(-scores, axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    pooled, within = np.zeros_like(gold), np.zeros_like(gold)
    for q, g in zip(*np.nonzero(gold >= 0), strict=True):
        own = np.searchsorted(bounds, gold[q, g], side="right") - 1
        pooled[q, g] = place[q, gold[q, g]] + 1
        within[q, g] = (place[q, bounds[own] : bounds[own + 1]] < place[q, gold[q, g]]).sum() + 1
    segment_of = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    top = np.stack([np.bincount(segment_of[row[:top_k]], minlength=len(bounds) - 1) for row in order])
    return pooled, within, top


def test_equal_vectors_tie_by_order_wherever_they_stand():
    generator = np.random.default_rng(5)
    some = generator.standard_normal((3, 513)).astype(np.float32)
    candidates = some[np.arange(301) % 3]
    queries = generator.standard_normal((50, 513)).astype(np.float32)
    gold = np.tile(np.arange(301), (50, 1))
    ranks = gold_ranks(queries, candidates, gold, np.array([0, 301])).pooled
    for kind in range(3):
        of_kind = ranks[:, kind::3]
        assert (np.diff(of_kind, axis=1) == 1).all()


def test_order_of_candidates_changes_nothing_but_ties():
    queries, candidates, gold = random_case(9, integers=False)
    order = np.concatenate(
        [np.random.default_rng(1).permutation(np.arange(a, b)) for a, b in [(0, 25), (25, 40), (40, 70)]]
    )
    place = np.argsort(order)
    moved = gold_ranks(queries, candidates[order], np.where(gold < 0, -1, place[gold]), BOUNDS, top_k=10)
    ranks = gold_ranks(queries, candidates, gold, BOUNDS, top_k=10)
    assert (moved.pooled == ranks.pooled).all()
    assert (moved.within == ranks.within).all()
    assert (moved.top == ranks.top).all()


def test_order_of_queries_changes_nothing():
    queries, candidates, gold = random_case(10, integers=False)
    order = np.random.default_rng(2).permutation(len(queries))
    assert (
        gold_ranks(queries[order], candidates, gold[order], BOUNDS).pooled
        == gold_ranks(queries, candidates, gold, BOUNDS).pooled[order]
    ).all()


def test_first_k_prefers_lower_indices_at_the_border():
    row = np.array([1, 3, 2, 2, 0, 2], np.float32)
    assert [first_k(row, k).tolist() for k in (1, 2, 3, 4, 6)] == [
        [1],
        [1, 2],
        [1, 2, 3],
        [1, 2, 3, 5],
        [0, 1, 2, 3, 4, 5],
    ]


@pytest.mark.parametrize(
    ("gold", "bounds", "dimensions"),
    [
        ([[70]], [0, 70], 4),
        ([[-2]], [0, 70], 4),
        ([[0]], [0, 69], 4),
        ([[0]], [0, 50, 40, 70], 4),
        ([[0], [1]], [0, 70], 4),
        ([[0]], [0, 70], 5),
    ],
)
def test_shapes_that_do_not_fit_are_refused(gold, bounds, dimensions):
    with pytest.raises(ValueError, match=r"gold|bounds|dimension"):
        gold_ranks(np.ones((1, dimensions)), np.ones((70, 4)), np.array(gold), np.array(bounds))
