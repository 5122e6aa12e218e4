"""No passage or question twice in a batch, unless the data leave no choice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mtqa.shards.groups import Pool

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def pool(passages: list[int], questions: list[int], size: int, patterns: list[int] | None = None) -> Pool:
    count = len(passages)
    numbers = (np.array(x, np.int32) for x in (range(count), passages, questions, patterns or [0] * count))
    return Pool(*numbers, size)


def drain(pool: Pool, force: bool = False) -> list[list[int]]:
    batches = []
    while (batch := pool.fill(None, force=force)) is not None:
        batches.append(batch.tolist())
        if not pool.left:
            break
    return batches


def shared_rows(batches: list[list[int]], *keys: list[int]) -> int:
    rows = 0
    for batch in batches:
        seen: list[set[int]] = [set() for _ in keys]
        for item in batch:
            rows += any(key[item] in s for key, s in zip(keys, seen, strict=True))
            for key, s in zip(keys, seen, strict=True):
                s.add(key[item])
    return rows


def test_a_blocked_item_comes_first_in_the_next_batch() -> None:
    assert drain(pool([0, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5], 3)) == [[0, 2, 3], [1, 4, 5]]


def test_unique_items_keep_their_order() -> None:
    assert drain(pool(list(range(6)), list(range(6)), 2)) == [[0, 1], [2, 3], [4, 5]]


def test_a_passage_in_every_batch_is_spread_from_the_start() -> None:
    """Four rows of passage 9 at the end of the stream, four batches: one in each."""
    passages = [0, 1, 2, 3, 9, 9, 9, 9]
    batches = drain(pool(passages, list(range(8)), 2))
    assert [sum(passages[i] == 9 for i in b) for b in batches] == [1, 1, 1, 1]


def test_one_passage_fills_every_batch() -> None:
    batches = drain(pool([0] * 9, list(range(9)), 3))
    assert sorted(i for b in batches for i in b) == list(range(9)) and len(batches) == 3


def test_more_rows_than_batches_share_as_evenly_as_can_be() -> None:
    passages = [0] * 7 + list(range(1, 14))
    batches = drain(pool(passages, list(range(20)), 4))
    assert sorted(sum(passages[i] == 0 for i in b) for b in batches) == [1, 1, 1, 2, 2]


def test_items_that_do_not_fit_wait_without_losing_their_turn() -> None:
    waiting = pool(list(range(6)), list(range(6)), 2, [0, 1, 0, 1, 0, 1])
    assert waiting.fill((False, True), force=False).tolist() == [1, 3]
    assert waiting.fill(None, force=False).tolist() == [0, 2]
    assert waiting.fill((True, False), force=False) is None
    assert waiting.unused().tolist() == [4, 5]
    assert waiting.fill(None, force=False).tolist() == [4, 5]


def test_force_fills_in_spite_of_a_shared_passage_and_only_then() -> None:
    stuck = pool([0, 0, 1, 2], [0, 1, 2, 3], 2, [0, 0, 1, 1])
    assert stuck.fill((True, False), force=False) is None
    assert stuck.fill((True, False), force=True).tolist() == [0, 1]
    assert stuck.fill(None, force=False).tolist() == [2, 3]


@pytest.mark.parametrize("seed", range(8))
def test_random_corpora_share_no_more_than_they_must(seed: int) -> None:
    """König: where no passage or question has more rows than there are batches, none needs to be shared.

    Here each passage stands in 20 of 30 batches; what is left when the pool ends goes over to the next pass.
    """
    g = np.random.default_rng(seed)
    size, batches = 20, 30
    count = size * batches
    passages, questions = (g.permutation(np.repeat(np.arange(count // n), n)).tolist() for n in (20, 12))
    got = drain(pool(passages, questions, size))
    assert len(got) >= batches - 2
    assert shared_rows(got, passages, questions) == 0


@pytest.mark.parametrize("seed", range(6))
def test_rows_taken_at_once_are_those_taken_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows share something here, so most batches are taken at once; some languages' items are asked for alone."""
    g = np.random.default_rng(seed)
    count, size = 3000, 20
    passages, questions = g.integers(0, 900 * (seed + 1), count).tolist(), g.integers(0, 4000, count).tolist()
    patterns = g.integers(0, 3, count).tolist()

    def batches() -> tuple[list[list[int]], int, int]:
        made, waiting, turn = [], pool(passages, questions, size, patterns), 0
        while (batch := waiting.fill((True, turn % 7 < 5, True) if turn % 3 == 0 else None, force=False)) is not None:
            made.append(batch.tolist())
            turn += 1
        return made, waiting.deferred, at_once

    at_once, ahead = 0, Pool._take_ahead

    def counting(self: Pool, fits: object) -> bool:
        nonlocal at_once
        taken = ahead(self, fits)
        at_once += taken
        return taken

    monkeypatch.setattr(Pool, "_take_ahead", counting)
    *got, fast = batches()
    assert fast > 20 < len(got[0])
    monkeypatch.setattr(Pool, "_take_ahead", lambda self, fits: False)
    assert [*batches()][:2] == got


def test_policyqa_shares_exactly_what_its_commonest_questions_force() -> None:
    path = SHARED / "qa" / "policyqa-dev.json"
    if not path.exists():
        pytest.skip("shared data are absent")
    passages, questions = [], []
    for article in json.loads(path.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                passages.append(paragraph["context"])
                questions.append(question["question"])
    numbers = [list(np.unique(texts, return_inverse=True)[1]) for texts in (passages, questions)]
    assert len(set(passages)) == 574 and len(set(questions)) == 568
    order = np.random.default_rng(1).permutation(len(passages))
    numbers = [[int(n[at]) for at in order] for n in numbers]
    got = drain(pool(*numbers, 100))
    uses = Counter(numbers[1][i] for batch in got for i in batch)
    least = sum(max(0, n - len(got)) for n in uses.values())
    assert len(got) >= 37 and len({i for batch in got for i in batch}) == 100 * len(got)
    assert shared_rows(got, *numbers) == least > 50
