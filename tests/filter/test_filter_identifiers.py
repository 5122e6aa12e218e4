from __future__ import annotations

import sys
import tracemalloc

from mtqa.filter.identifiers import _release, identifier


def test_what_cld2_says_of_parts_is_let_go():
    judge = identifier("cld2")
    texts = [f"Die alte Mühle Nummer {n} stand viele Jahre am Fluss, und niemand wusste warum." for n in range(1000)]
    assert judge.parts is not None and judge.parts(texts[0]) == [("de", 0, len(texts[0]))]
    tracemalloc.start()
    try:
        for text in texts:
            judge.parts(text)
        assert tracemalloc.get_traced_memory()[0] < 20_000  # that of one text takes some 230 bytes
    finally:
        tracemalloc.stop()


def test_no_reference_is_given_back_where_the_package_keeps_none():
    def detect(raw, returnVectors):  # noqa: N803 (pycld2's name)
        return True, len(raw), ((raw, "de", 99, 1.0),), ((0, len(raw), "GERMAN", "de"),)

    *_, vectors = detect(b"Das Haus", returnVectors=True)
    held = [vectors] * 3
    before = sys.getrefcount(vectors)
    _release(detect)(vectors)
    assert sys.getrefcount(vectors) == before and len(held) == 3
