"""Ids as numbers and back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mtqa.core.hashing import content_id
from mtqa.core.ids import id_numbers, id_texts


def test_numbers_become_the_ids_that_they_came_from() -> None:
    ids = ["0" * 16, "00000000000000ff", "f" * 16, *(content_id(str(n)) for n in range(50))]
    numbers = id_numbers(pa.array(ids))
    assert numbers[:3].tolist() == [0, 255, 2**64 - 1]
    assert id_texts(numbers).to_pylist() == ids
    assert id_texts(numbers[::2]).to_pylist() == ids[::2]
    assert id_texts(np.empty(0, np.uint64)).to_pylist() == []


def test_an_id_of_another_form_counts_as_its_content_hash() -> None:
    assert id_texts(id_numbers(pa.array(["XQ-17", None]))).to_pylist() == [content_id("XQ-17"), "0" * 16]
