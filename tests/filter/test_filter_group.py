from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mtqa.filter.group import Group, GroupDrops

FAILED = {"deu_Latn": "a", "spa_Latn": "ab", "eng_Latn": ""}
KEPT = {"deu_Latn": "bc", "spa_Latn": "c", "eng_Latn": "abc"}


@pytest.mark.parametrize(
    ("mode", "leaves"),
    [
        ("all", {"a": 2, "b": 1}),
        ("min_languages:1", {"a": 2}),
        ("min_languages:2", {"a": 2, "b": 1}),
        ("min_languages:3", {"a": 2, "b": 1, "c": 0}),
    ],
)
def test_items_that_leave_in_every_language(tmp_path, mode, leaves):
    group = Group(tmp_path)
    for lang in FAILED:
        for items, bad in ((FAILED[lang], True), (KEPT[lang], False)):
            group.add(lang, pa.array(list(items), pa.string()), np.full(len(items), bad))
    drops = group.drops(mode)
    for lang in FAILED:
        items = FAILED[lang] + KEPT[lang]
        found = [*drops.take(lang, 1).tolist(), *drops.take(lang, 2).tolist()]
        assert found == [leaves.get(item, -1) for item in items]


def test_nothing_leaves_without_rows(tmp_path):
    assert GroupDrops().take("deu_Latn", 2).tolist() == [-1, -1]
    assert Group(tmp_path).drops("all").take("deu_Latn", 1).tolist() == [-1]
