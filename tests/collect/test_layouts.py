from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from layout_rows import NQ_PASSAGE, PAGE, ROWS, STORY, TRIVIA_ANSWER, nq_annotation, nq_row, nq_tokens

from mtqa.collect.cards import card_names
from mtqa.collect.items import Answer, RawItem
from mtqa.collect.layouts.registry import LAYOUTS
from mtqa.collect.layouts.values import records
from mtqa.collect.readers import map_rows
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import open_sources
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop


def read(name: str, path: Path) -> list[RawItem]:
    return list(open_sources(CollectSettings(sources=[f"{name}={path}"]))[0].read())


def test_every_source_has_rows() -> None:
    assert set(ROWS) == set(card_names())


@pytest.mark.parametrize("name", card_names())
def test_rows_of_each_source_as_parquet_and_json_lines(name: str, write: Any, tmp_path: Path) -> None:
    rows, items = ROWS[name]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert read(name, tmp_path / "rows.parquet") == items
    assert read(name, write("rows.jsonl", rows)) == items
    assert [item for item in items if item.drop is None or item.drop is Drop.NO_PASSAGE]
    for item in items:
        for answer in item.answers:
            assert answer.start is None or str(item.passage)[answer.start :].startswith(answer.text)


def test_a_row_of_another_layout_names_the_column(write: Any) -> None:
    for name in LAYOUTS:
        with pytest.raises(UsageError, match="1"):
            list(map_rows([("file, line 1", {"something": 1})], name))


def test_a_row_with_broken_insides_names_its_place(write: Any) -> None:
    row = nq_row([nq_annotation(0, [])])
    row["document"]["tokens"] = {"word": ["x"] * 20}
    with pytest.raises(UsageError, match=r"(?s)layout 'natural-questions' \(KeyError: 'token'\).*line 1"):
        read("natural-questions", write("nq.jsonl", [row]))
    question = {"q": "Who?", "consensus": {"s": 1, "e": 2}}
    with pytest.raises(UsageError, match="layout 'newsqa'"):
        list(map_rows([("here", {**STORY, "text": "ab", "type": ["train"], "questions": [question]})], "newsqa"))


def test_no_row_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYOUTS, "empty", lambda row, where: iter(()))
    with pytest.raises(AssertionError, match="no item at x"):
        list(map_rows([("x", {})], "empty"))


def test_records() -> None:
    assert records({"a": [1, 2], "b": ["x", "y"]}, "") == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert records([{"a": 1}], "") == [{"a": 1}]
    assert records(None, "") == records([], "") == records({"a": []}, "") == []
    for wrong in ({"a": [1], "b": []}, "text", [1]):
        with pytest.raises(UsageError):
            records(wrong, "here")


def test_natural_questions_own_json_lines(write: Any) -> None:
    """Google's nq-train-00.jsonl.gz: other names, the tokens as records, answers as words."""
    tokens = [{**token, "html_token": token["is_html"]} for token in nq_tokens()]
    for token in tokens:
        del token["is_html"]
    row = {
        "example_id": 7978,
        "document_title": "Tolna",
        "document_tokens": tokens,
        "question_text": "when was tolna founded",
        "annotations": [
            {
                "annotation_id": 1,
                "long_answer": {"start_token": 0, "end_token": 17, "start_byte": 0, "end_byte": 62},
                "short_answers": [{"start_token": 7, "end_token": 9}, {"start_token": 1, "end_token": 2}],
                "yes_no_answer": "NONE",
            }
        ],
    }
    (item,) = read("natural-questions", write("nq.jsonl", [row]))
    assert item.passage == NQ_PASSAGE
    assert item.answers == (Answer("two brothers", 29), Answer("Tolna", 0))
    row["annotations"][0] |= {"short_answers": [], "yes_no_answer": "NO"}  # type: ignore[index]
    assert read("natural-questions", write("nq.jsonl", [row]))[0].answers == (Answer("no"),)


def test_newsqa_csv_takes_what_most_annotators_marked(write: Any) -> None:
    header = "story_id,question,answer_char_ranges,is_answer_absent,is_question_bad,validated_answers,story_text\n"
    story = STORY["text"]
    rows = [
        f'./a,What is lit?,"14:23|14:23|None",0,0,,"{story}"',
        f'./a,Who paid?,None|None|14:23,0,0,,"{story}"',
        f'./a,Who cheered?,"37:44,45:53",0,0,,"{story}"',
    ]
    items = read("newsqa", write("news.csv", header + "\n".join(rows) + "\n"))
    assert [item.answers for item in items] == [
        (Answer("The lamp", 14),),
        (),
        (Answer("Keepers", 37), Answer("cheered.", 45)),
    ]
    assert [item.drop for item in items] == [None, Drop.UNANSWERABLE, None]
    with pytest.raises(UsageError, match="ranges"):
        read("newsqa", write("bad.csv", header + f'./a,What?,x:y,0,0,,"{story}"\n'))
    assert [i.split for i in read("newsqa", write("n.json", {"data": [STORY], "version": "1"}))] == ["validation"] * 2


def test_authors_own_files(write: Any) -> None:
    trivia = {
        "Data": [
            {
                "Answer": {"Aliases": TRIVIA_ANSWER["aliases"], "Value": "Kall lighthouse", "Type": "WikipediaEntity"},
                "EntityPages": [{"DocSource": "TagMe", "Filename": "Kall.txt", "Title": "Kall"}],
                "Question": "Which tower?",
                "QuestionId": "tc_1",
                "QuestionSource": "http://www.example.org/",
                "SearchResults": [],
            }
        ],
        "Domain": "Web",
    }
    (item,) = read("triviaqa", write("web-train.json", trivia))
    assert (item.id, item.passage, len(item.answers)) == ("tc_1", None, 2)
    hotpot = [
        {
            "_id": "5a",
            "question": "Which?",
            "answer": "1871",
            "supporting_facts": [["Kall", 0]],
            "context": [["Kall", ["Kall is", " from 1871."]], ["Sea", ["Blue."]]],
        }
    ]
    assert read("hotpotqa", write("hotpot.json", hotpot)) == [
        RawItem("5a", "Which?", "Kall is from 1871.", "Kall", (Answer("1871"),))
    ]
    film = {
        "id": "/m/1",
        "plot": PAGE,
        "title": "T",
        "qa": [{"id": "b4", "question": "What?", "answers": ["x"], "no_answer": False}],
    }
    assert [item.id for item in read("duorc", write("SelfRC_train.json", [film, film]))] == ["b4", "b4"]
    tsv = "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel\n"
    tsv += 'Q1\thow "high"?\tD1\tKall\tD1-0\tIt is 5" high.\t1\n'
    assert read("wikiqa", write("WikiQA.tsv", tsv)) == [RawItem("Q1 Kall", 'how "high"?', 'It is 5" high.', "Kall")]


def test_tydi_primary_task_counts_bytes(write: Any) -> None:
    text = "Åre is cold.\n\nÖre is a coin of Sweden."
    second = len("Åre is cold.\n\n".encode())
    answer = len("Åre is cold.\n\nÖre is a ".encode())
    candidates = [
        {"plaintext_start_byte": 0, "plaintext_end_byte": second - 2},
        {"plaintext_start_byte": second, "plaintext_end_byte": len(text.encode())},
    ]
    base = {
        "annotation_id": 1,
        "minimal_answer": {"plaintext_start_byte": -1, "plaintext_end_byte": -1},
        "passage_answer": {"candidate_index": -1},
        "yes_no_answer": "NONE",
    }
    minimal = {
        **base,
        "minimal_answer": {"plaintext_start_byte": answer, "plaintext_end_byte": answer + 4},
        "passage_answer": {"candidate_index": 1},
    }
    said = {**base, "passage_answer": {"candidate_index": 0}, "yes_no_answer": "YES"}
    row = {
        "example_id": 5,
        "document_title": "Öre",
        "document_plaintext": text,
        "language": "english",
        "question_text": "What is an öre?",
        "passage_answer_candidates": candidates,
        "annotations": [base, said, minimal],
    }
    rows = [row, {**row, "annotations": [base, said]}, {**row, "annotations": [base]}, {**row, "language": "swedish"}]
    one, two, three, four = read("tydiqa", write("tydi.jsonl", rows))
    assert one == RawItem("5", "What is an öre?", "Öre is a coin of Sweden.", "Öre", (Answer("coin", 9),))
    assert (two.passage, two.answers) == ("Åre is cold.", (Answer("yes"),))
    assert (three.drop, four.drop) == (Drop.UNANSWERABLE, Drop.OTHER_LANGUAGE)
    squad = {"data": [{"paragraphs": [{"context": "C", "qas": [{"id": "thai-1", "question": "q", "answers": []}]}]}]}
    assert read("tydiqa", write("goldp.json", squad))[0].drop is Drop.OTHER_LANGUAGE


def test_mrqa(write: Any) -> None:
    detected = {"text": "forty", "char_spans": [[8, 12], [30, 34]], "token_spans": [[2, 2]]}
    context = {
        "id": "",
        "context": "Kall is forty metres high.",
        "qas": [{"qid": "a1", "question": "How high?", "answers": ["forty", "40"], "detected_answers": [detected]}],
        "context_tokens": [["Kall", 0]],
    }
    path = write("m.jsonl", [{"header": {"dataset": "Kall", "split": "train"}}, context])
    items = list(open_sources(CollectSettings(sources=[str(path)]))[0].read())
    assert items == [RawItem("a1", "How high?", context["context"], None, (Answer("forty", 8), Answer("40")))]
    with pytest.raises(UsageError, match="line 2"):
        path = write("bad.jsonl", [{"header": {}}, {"context": "x"}])
        list(open_sources(CollectSettings(sources=[str(path)]))[0].read())
    good = context["qas"][0]
    spans = {"text": "forty", "char_spans": [[{}, 12]]}
    for wrong in ({"question": 3}, {"answers": [{}]}, {"detected_answers": [spans]}, {"detected_answers": 5}):
        path = write("bad.jsonl", [{"header": {}}, context | {"qas": [good | wrong]}])
        with pytest.raises(UsageError, match="line 2"):
            list(open_sources(CollectSettings(sources=[str(path)]))[0].read())


def trec(write: Any) -> Path:
    write("t/topics/topics.miracl-v1.0-en-dev.tsv", "3\thow high is kall\n4\twhere\n")
    write("t/qrels/qrels.miracl-v1.0-en-dev.tsv", "3 Q0 12#3 1\n3 Q0 9#1 0\n")
    documents = [{"docid": "12#3", "title": "Kall", "text": "Forty."}, {"docid": "9#1", "title": "", "text": "Blue."}]
    return Path(write("t/corpus/docs-0.jsonl", documents)).parents[1]


def test_trec_folder(write: Any) -> None:
    folder = trec(write)
    assert read("miracl", folder) == [RawItem("3 12#3", "how high is kall", "Forty.", "Kall", (), "validation")]
    write("t/qrels/qrels.miracl-v1.0-en-dev.tsv", "3 Q0 12#3 2\n4 Q0 9#1 -2\n4 Q0 12#3 0.0\n")
    assert [item.id for item in read("miracl", folder)] == ["3 12#3"]
    write("t/qrels/qrels.miracl-v1.0-en-dev.tsv", "3 Q0 12#3 yes\n")
    with pytest.raises(UsageError, match="line 1"):
        read("miracl", folder)
    write("t/qrels/qrels.miracl-v1.0-en-dev.tsv", "3 Q0 77 1\n")
    with pytest.raises(UsageError, match="'77' is judged"):
        read("miracl", folder)
    write("t/qrels/qrels.miracl-v1.0-en-dev.tsv", "3 77 1\n")
    with pytest.raises(UsageError, match="line 1"):
        read("miracl", folder)


def test_triples_give_each_pair_once(write: Any) -> None:
    write("m/english_queries.train.tsv", "1\tone\n2\ttwo\n")
    write("m/english_collection.tsv", "7\tSeven.\n8\tEight.\n9\tNine.\n")
    folder = write("m/triples.train.ids.small.tsv", "1\t7\t9\n1\t7\t8\n2\t8\t9\n").parent
    assert read("mmarco", folder) == [RawItem("1 7", "one", "Seven."), RawItem("2 8", "two", "Eight.")]


def test_a_folder_of_files_of_one_layout(write: Any) -> None:
    for relation in ("P19", "P112"):
        write(f"e/{relation}.train.json", [{"question": f"{relation}?", "answers": [relation]}])
    folder = write("e/readme.md", "no data").parent
    assert [item.question for item in read("entityquestions", folder)] == ["P112?", "P19?"]
    assert json.dumps([i.passage for i in read("entityquestions", folder)]) == "[null, null]"
