from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.collect.bm25 import _highest, best, read_collection
from mtqa.collect.items import Answer
from mtqa.collect.match import holds, only_place, places
from mtqa.collect.passages import around, by_answer, windows
from mtqa.collect.run import collect
from mtqa.collect.sentence import sentences
from mtqa.collect.settings import CollectSettings
from mtqa.core.errors import UsageError

TEXT = "Kall is old. The sea is blue. Ann Reed lit the lamp. Boats came in. It was late."


def cut(spans: Any) -> list[str]:
    return [TEXT[start:end] for start, end in spans]


def test_windows_are_whole_sentences_that_fit() -> None:
    assert cut(windows(TEXT, 30)) == [
        "Kall is old. The sea is blue.",
        "Ann Reed lit the lamp.",
        "Boats came in. It was late.",
    ]
    assert cut(windows(TEXT, 1000)) == [TEXT]
    assert cut(windows(TEXT, 1)) == [TEXT[a:b] for a, b in sentences(TEXT)]


def test_a_question_without_a_known_word_takes_the_first_passage() -> None:
    for question in ("Zzz?", "?", "", "谁?", "The?"):
        assert best(question, ["Ann lit the lamp.", "It was the sea."]) == 0
    assert best("The sea?", ["Ann lit the lamp.", "It was the sea."]) == 1


def test_an_answer_stays_whole() -> None:
    lamp = TEXT.index("lit")
    assert around(TEXT, (lamp, lamp + 3), 30) == windows(TEXT, 30)[1]
    crossing = (TEXT.index("blue"), TEXT.index("Reed") + 4)
    start, end = around(TEXT, crossing, 30) or (0, 0)
    assert TEXT[start:end] == "The sea is blue. Ann Reed lit the lamp."
    start, end = around(TEXT, crossing, 60) or (0, 0)
    assert TEXT[start:end] == "Kall is old. The sea is blue. Ann Reed lit the lamp."
    start, end = around(TEXT, crossing, 70) or (0, 0)
    assert TEXT[start:end] == "Kall is old. The sea is blue. Ann Reed lit the lamp. Boats came in."
    assert around("", (0, 1), 30) is None


@given(
    st.lists(st.sampled_from(["One two.", "Is it?", "Yes, the third one.", "No."]), min_size=1, max_size=12), st.data()
)
@settings(max_examples=60, deadline=None)
def test_cutting_loses_no_sentence_and_no_answer(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    most = data.draw(st.integers(1, 60))
    spans = windows(text, most)
    whole = sentences(text)
    assert [s for span in spans for s in whole if span[0] <= s[0] and s[1] <= span[1]] == list(whole)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = around(text, (start, end), most)
    if span is not None and not text[start:end].isspace():
        inside = text[start:end].strip()
        assert inside in text[span[0] : span[1]]


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        ("The art of it", "art", [4]),
        ("A party", "art", []),
        ("US and USA", "US", [0]),
        ("in 1907, not 19070", "1907", [3]),
        ("art, art", "art", [0, 5]),
        ("ART", "art", []),
        ("$5 and $50", "$5", [0]),
        ("ไปตลาดเช้า", "ตลาด", [2]),
        ("東京都は", "東京", [0]),
        ("x", "", []),
    ],
)
def test_answers_are_whole_words(text: str, answer: str, found: list[int]) -> None:
    assert places(text, answer) == found
    assert only_place(text, answer) == (found[0] if len(found) == 1 else None)


def test_case_does_not_matter_for_a_match() -> None:
    assert holds("The ART of it", "art")
    assert not holds("PARTY", "art")


def test_the_question_chooses_among_passages_with_the_answer() -> None:
    text = "Ann Reed kept bees. " * 3 + "The harbour was rebuilt. In that harbour Ann Reed lit the lamp of the tower."
    answers = [Answer("Ann Reed")]
    start, end = by_answer(text, "who lit the lamp of the tower", answers, 60) or (0, 0)
    assert text[start:end].endswith("lit the lamp of the tower.")
    start, end = by_answer(text, "who kept bees", answers, 60) or (0, 0)
    assert "bees" in text[start:end]
    assert by_answer(text, "who", [Answer("Bob")], 60) is None


def documents() -> list[dict[str, Any]]:
    body = [f"Sentence number {n} speaks of thing {n}." for n in range(60)]
    body[40] = "Ann Reed lit the lamp there."
    text = " ".join(body)
    return [
        {"question": "Who lit?", "plot": text, "title": "T", "question_id": "1", "answers": ["Ann Reed"]},
        {"question": "And?", "plot": text, "title": "T", "question_id": "2", "answers": ["Bob"]},
        {"question": "Nobody?", "plot": text, "title": "T", "question_id": "3", "answers": []},
        {"question": "Short?", "plot": "It is short.", "title": "S", "question_id": "4", "answers": ["brief"]},
    ]


def test_documents_are_cut_and_all_cases_counted(write: Any, rows: Any, tmp_path: Any) -> None:
    path = write("d.jsonl", documents())
    manifest = collect(CollectSettings(sources=[f"duorc={path}"], validation=0), tmp_path / "out")
    assert manifest.counts["dropped"] == {"unanswerable": 1, "answer_not_in_document": 1}
    assert manifest.counts["notes"] == {"answer_starts_found": 1, "passages_cut": 1}
    one, two = rows(tmp_path / "out")
    assert len(one["passage"]) <= 1000 < len(documents()[0]["plot"])
    (answer,) = one["answers"]
    assert one["passage"][answer["start"] :].startswith("Ann Reed lit")
    assert (one["title"], two["passage"], two["answers"]) == ("T", "It is short.", [{"text": "brief", "start": None}])


def test_own_files_are_cut_where_asked(write: Any, rows: Any, tmp_path: Any) -> None:
    text = " ".join(f"Sentence number {n}." for n in range(40))
    start = text.index("number 30")
    table = [
        {"question": "Which?", "passage": text, "answer": "number 30", "answer_start": start},
        {"question": "What?", "passage": text},
    ]
    path = write("t.jsonl", table)
    whole = collect(CollectSettings(sources=[str(path)], validation=0), tmp_path / "whole")
    assert whole.counts["notes"] == {} and all(row["passage"] == text for row in rows(tmp_path / "whole"))
    manifest = collect(CollectSettings(sources=[str(path)], validation=0, passage_characters=100), tmp_path / "cut")
    assert manifest.counts["notes"] == {"passages_cut": 1, "passages_left_long": 1}
    one, two = rows(tmp_path / "cut")
    assert len(one["passage"]) <= 100
    assert one["passage"][one["answers"][0]["start"] :].startswith("number 30.")
    assert two["passage"] == text


def test_pairs_get_passages_of_a_collection(write: Any, rows: Any, tmp_path: Any) -> None:
    collection = [
        {"id": 1, "title": "Bees", "text": "Ann Reed kept bees."},
        {"id": 2, "title": "Kall", "text": "Ann Reed lit the lamp of the tower."},
        {"id": 3, "title": "Sea", "text": "The lamp of the tower shines."},
    ]
    pairs = [
        {"question": "who lit the lamp of the tower", "answer": ["Ann Reed"]},
        {"question": "who painted it", "answer": ["Bob"]},
        {"question": "xyzzy", "answer": ["Ann Reed"]},
    ]
    options = {
        "sources": [f"nq-open={write('nq.jsonl', pairs)}"],
        "validation": 0,
        "pair_with": str(write("wiki.jsonl", collection)),
        "pair_licence": "CC-BY-SA-4.0",
    }
    manifest = collect(CollectSettings.model_validate(options), tmp_path / "out")
    assert manifest.counts["dropped"] == {"no_passage_found": 2}
    assert manifest.counts["notes"] == {"answer_starts_found": 1, "passages_paired": 1}
    (row,) = rows(tmp_path / "out")
    assert (row["title"], row["passage"]) == ("Kall", "Ann Reed lit the lamp of the tower.")
    assert row["answers"] == [{"text": "Ann Reed", "start": 0}]
    assert row["licence"] == "CC-BY-SA-3.0 AND CC-BY-SA-4.0"
    assert manifest.licences == ["CC-BY-SA-3.0", "CC-BY-SA-4.0"]
    assert manifest.settings["pair_with"] == "wiki.jsonl"


def test_each_row_of_a_collection_has_its_own_columns(write: Any) -> None:
    rows = [{"text": "Ann kept bees."}, {"title": "Kall", "contents": "A town."}, {"title": 1984, "text": ["A", "B"]}]
    found = list(read_collection(write("wiki.jsonl", rows)))
    assert found == [("", "Ann kept bees."), ("Kall", "A town."), ("1984", "A\nB")]


@pytest.mark.parametrize("row", [{"title": "Kall"}, {"text": {"en": "A town."}}])
def test_a_row_of_a_collection_without_text_is_an_error_that_names_its_line(write: Any, row: Any) -> None:
    with pytest.raises(UsageError) as caught:
        list(read_collection(write("wiki.jsonl", [{"text": "A town."}, row])))
    assert "2" in str(caught.value.where).partition("wiki.jsonl")[2]


@pytest.mark.parametrize("most", [1, 3, 50])
def test_the_highest_scores_come_first_and_earlier_equals_before_later(most: int) -> None:
    scores = np.array([0.5, 2.0, 0.0, 2.0, 1.0, 0.5, 2.0] * 3, dtype=np.float32)
    wanted = sorted(range(len(scores)), key=lambda n: (-scores[n], n))[:most]
    assert _highest(scores, most) == wanted
