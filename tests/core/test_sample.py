from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from mtqa.core.corpus import Corpus, TableWriter, open_corpus
from mtqa.core.hashing import content_id
from mtqa.core.output import Work, building
from mtqa.core.sample import sample_items


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Rows in two languages, of which German lacks every second item and has them in another order."""
    numbers = {"eng_Latn": list(range(4000)), "deu_Latn": list(range(0, 4000, 2))[::-1]}
    work = Work("translate", 1, {}, {})
    with building(tmp_path / "corpus", work) as build:
        parts = {}
        for lang, own in numbers.items():
            rows = [
                {"item_id": content_id(str(n)), "question_id": content_id("q"), "dataset": "faq", "licence": "MIT"}
                | {"split": "train", "lang": lang, "question": f"{n}?", "passage": f"{lang} {n}", "answers": []}
                for n in own
            ]
            with TableWriter(build.path, f"{lang}/train") as writer:
                writer.write(rows)
            parts[lang] = build.record_part(work.fingerprint, writer.rows)
        build.finish(parts)
    return open_corpus(tmp_path / "corpus")


def test_items_of_all_languages_side_by_side(corpus: Corpus) -> None:
    items = sample_items(corpus, 10, 1)
    assert len(items) == 10
    assert all(list(item) == ["eng_Latn", "deu_Latn"] for item in items)
    numbers = [int(item["eng_Latn"]["question"].rstrip("?")) for item in items]
    assert all(n % 2 == 0 for n in numbers)
    assert [item["deu_Latn"]["passage"] for item in items] == [f"deu_Latn {n}" for n in numbers]
    assert items == sample_items(corpus, 10, 1) != sample_items(corpus, 10, 2)
    ids = [item["eng_Latn"]["item_id"] for item in items]
    assert ids == sorted(ids)


def test_a_split_without_rows_has_no_items(corpus: Corpus) -> None:
    assert sample_items(corpus, 10, 1, "test") == []


def test_memory_is_a_number_an_item(corpus: Corpus) -> None:
    tracemalloc.start()
    sample_items(corpus, 5, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 4000
