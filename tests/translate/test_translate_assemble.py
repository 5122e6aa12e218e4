from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from translate_corpora import english_row

from mtqa.core.errors import MtqaError
from mtqa.translate.align import Question
from mtqa.translate.assemble import Assembler
from mtqa.translate.memory import Entry, segment_key
from mtqa.translate.segment import split

PASSAGE = "She was born in Warsaw.\n\n12 %\n She moved to Paris in 1891."
TRANSLATED = {
    "She was born in Warsaw.": Entry("Sie wurde in Warschau geboren.", -0.5, 4, ()),
    "She moved to Paris in 1891.": Entry("Sie zog 1891 nach Paris.", -1.0, 9, ("retried",)),
    "Where?": Entry("Wo?", -0.25, 2, ()),
    "Warsaw": Entry("Warschau.", -0.1, 1, ()),
    "Paris": Entry("Die Stadt Paris", -0.1, 1, ()),
    "moved": Entry("umgezogen", -0.1, 1, ()),
    "in Warsaw": Entry("in Warschau", -0.1, 1, ()),
    "Curie": Entry("Curie", -0.1, 1, ("copied", "loop")),
}


@pytest.fixture
def assembler() -> Assembler:
    return make(TRANSLATED, 100)


def make(translated: dict[str, Entry], budget: int) -> Assembler:
    entries = {segment_key(text): entry for text, entry in translated.items()}
    cut = partial(split, count=lambda t: [len(x) for x in t], budget=budget)
    return Assembler("deu_Latn", "m@1", cut, lambda keys: {k: entries[k] for k in keys if k in entries})


def one(assembler: Assembler, row: Any, places: Any = None) -> Any:
    (draft,) = assembler.drafts([row])
    return assembler.finish(draft, places or {})


def test_a_row_comes_back_whole(assembler: Assembler) -> None:
    answers = [("Warsaw", 16), ("Paris", 45), ("moved", 35), ("in Warsaw", None)]
    row = one(assembler, english_row(1, "Where?", PASSAGE, answers, "Curie"))
    passage = "Sie wurde in Warschau geboren.\n\n12 %\n Sie zog 1891 nach Paris."
    assert (row["question"], row["passage"], row["title"], row["lang"]) == ("Wo?", passage, "Curie", "deu_Latn")
    assert row["answers"] == [
        {"text": "Warschau", "start": 13},
        {"text": "Paris", "start": 56},  # its translation does not stand there, the name itself does
        {"text": "umgezogen", "start": None},
        {"text": "in Warschau", "start": None},
    ]
    assert row["mt"]["flags"] == ["answer_lost", "loop", "copied", "retried"]
    assert row["mt"]["question_score"] == -0.25
    assert row["mt"]["passage_score"] == pytest.approx((-0.5 * 5 - 1.0 * 10) / 15)
    for segment in row["mt"]["segments"]:
        source = PASSAGE[segment["source_start"] : segment["source_end"]]
        target = passage[segment["target_start"] : segment["target_end"]]
        assert target == (TRANSLATED[source].text if source in TRANSLATED else source)
        assert segment["score"] == (TRANSLATED[source].score if source in TRANSLATED else None)
    assert len(row["mt"]["segments"]) == 3
    assert (assembler.answers["found"], assembler.answers["lost"]) == (2, 1)
    assert row["item_id"] == f"{1:016x}" and row["split"] == "train"


def test_without_passage_and_answers(assembler: Assembler) -> None:
    row = one(assembler, english_row(1, "Where?"))
    assert (row["passage"], row["title"], row["answers"]) == (None, None, [])
    assert row["mt"]["passage_score"] is None and row["mt"]["segments"] is None and row["mt"]["flags"] == []


def test_a_cut_sentence_is_flagged() -> None:
    assembler = make({word: Entry(word.upper(), -1.0, 1, ()) for word in ("aaaa", "bbbb")}, 5)
    row = one(assembler, english_row(1, "aaaa  bbbb"))
    assert row["question"] == "AAAA  BBBB" and row["mt"]["flags"] == ["cut_segment"]


def test_an_open_answer_is_put_where_the_alignment_says(assembler: Assembler) -> None:
    question = Question("She moved to Paris in 1891.", "Sie zog 1891 nach Paris.", (4, 9))
    row = english_row(1, "Where?", PASSAGE, [("moved", 35), ("Warsaw", 16)])
    (draft,) = assembler.drafts([row])
    assert [ask.question for ask in draft.open] == [question]
    made = assembler.finish(draft, {question.key: (4, 7)})
    assert made["answers"] == [{"text": "zog", "start": 42}, {"text": "Warschau", "start": 13}]
    assert made["passage"][42:45] == "zog" and made["mt"]["flags"] == ["answer_aligned", "retried"]
    assert assembler.answers == {"found": 1, "aligned": 1}


def test_a_segment_that_nobody_translated_is_an_error(assembler: Assembler) -> None:
    with pytest.raises(MtqaError, match="not in the translation memory"):
        one(assembler, english_row(1, "Who else?"))
