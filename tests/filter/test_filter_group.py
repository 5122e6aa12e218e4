from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mtqa.filter.group import NO_DROPS, Group

FAILED = {"deu_Latn": "a", "spa_Latn": "ab", "eng_Latn": ""}
KEPT = {"deu_Latn": "bc", "spa_Latn": "c", "eng_Latn": "abc"}


@pytest.mark.parametrize(
    ("mode", "leaves"),
    [
        ("any", {}),
        ("all", {"a": 2, "b": 1}),
        ("min_languages:1", {"a": 2}),
        ("min_languages:2", {"a": 2, "b": 1}),
        ("min_languages:3", {"a": 2, "b": 1, "c": 0}),
    ],
)
def test_items_that_leave(mode, leaves):
    group = Group()
    for lang in FAILED:
        batches = [(FAILED[lang], True), (KEPT[lang], False)]
        group.add(lang, ((pa.array(list(items), pa.string()), np.full(len(items), bad)) for items, bad in batches))
    drops = group.drops(mode)
    assert drops.of(pa.array(["c", "a", "x", "b"])).tolist() == [leaves.get(item, -1) for item in "caxb"]


def test_nothing_leaves_without_rows():
    assert NO_DROPS.of(pa.array(["a"])).tolist() == [-1]
    assert len(Group().drops("all").ids) == 0
