from __future__ import annotations

import pytest

from mtqa.core.corpus import open_corpus
from mtqa.filter.join import EnglishRows, joined
from tests.filter.conftest import make_row


@pytest.mark.parametrize(("numbers", "held"), [(range(0, 9000, 100), 900), ([5, 8999, 3], 9000)])
def test_rows_meet_their_english_rows_in_any_order(tmp_path, write_corpus, numbers, held):
    """Rows passed by are let go where the orders agree: of 9,000, read 8,192 at a time, the last 808 stay."""
    english = [make_row("eng_Latn", n, f"What is number {n}?", None) for n in range(9000)]
    german = [make_row("deu_Latn", n, f"Was ist die Nummer {n}?", None) for n in numbers]
    write_corpus(tmp_path / "in", {"eng_Latn": english, "deu_Latn": german})
    corpus = open_corpus(tmp_path / "in")
    (batch,) = joined(corpus, "deu_Latn", "train")
    assert [source["question"] for _, source in batch] == [f"What is number {n}?" for n in numbers]
    rows = EnglishRows(corpus, "deu_Latn", "train")
    for row, _ in batch:
        rows.take(row["item_id"])
    assert len(rows._held) <= held - len(numbers)
    assert rows.take("no such item") is None
