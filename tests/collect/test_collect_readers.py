from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.collect.items import Answer, RawItem
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import open_sources
from mtqa.collect.tabular import to_answers
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop

TABLE = [
    {"q": "Why?", "text": "Because.", "a": "Because", "start": 0, "n": 1},
    {"q": "How?", "text": "Thus, so.", "a": "so", "start": None, "n": 2},
]
TWICE = io.BytesIO()
pq.write_table(pa.Table.from_arrays([pa.array(["a?"]), pa.array(["b?"])], names=["question", "question"]), TWICE)
MAP = {"question": "q", "answers": "a", "answer_start": "start", "id": "n"}
ITEMS = [
    RawItem("1", "Why?", "Because.", None, (Answer("Because", 0),)),
    RawItem("2", "How?", "Thus, so.", None, (Answer("so", None),)),
]


def read(path: Path, **settings: Any) -> list[RawItem]:
    return list(open_sources(CollectSettings(sources=[str(path)], **settings))[0].read())


def test_squad(write: Any, squad: Any) -> None:
    items = read(write("x.json", squad))
    assert [item.id for item in items] == ["a", "7", "c", "d", "e", "f"]
    assert [item.drop for item in items] == [None, Drop.UNANSWERABLE, None, None, None, None]
    assert items[0].title == "Two cities"
    assert items[0].answers == (Answer("France", 25),)
    assert read(write("pretty.json", json.dumps(squad, indent=2))) == items
    assert read(write("x.json.gz", gzip.compress(json.dumps(squad).encode()))) == items


def test_tables_of_all_kinds_give_the_same_items(write: Any, tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in TABLE)
    csv = 'q,text,a,start,n\nWhy?,Because.,Because,0,1\n"How?","Thus, so.",so,,2\n'
    tsv = "q\ttext\ta\tstart\tn\nWhy?\tBecause.\tBecause\t0\t1\nHow?\tThus, so.\tso\t\t2\n"
    pq.write_table(pa.Table.from_pylist(TABLE), tmp_path / "t.parquet")
    paths = [
        write("t.jsonl", lines),
        write("t.json", lines),
        write("array.json", TABLE),
        write("t.jsonl.gz", gzip.compress(lines.encode())),
        write("t.csv", "\ufeff" + csv),
        write("crlf.csv", csv.replace("\n", "\r\n")),
        write("t.tsv", tsv),
        write("t.csv.gz", gzip.compress(csv.encode())),
        tmp_path / "t.parquet",
    ]
    for path in paths:
        assert read(path, map=MAP) == ITEMS, path.name


@pytest.mark.parametrize("text", ['{"q": "Why?"}', '{"q": "Why?"}\n', '\n{\n  "q": "Why?"\n}\n'])
def test_one_object_in_a_json_file_is_one_row(text: str, write: Any) -> None:
    assert read(write("t.json", text), map={"question": "q"}) == [RawItem("", "Why?", None, alone=True)]
    assert read(write("u.json", text.replace('"q"', '"query"'))) == [RawItem("", "Why?", None, alone=True)]
    with pytest.raises(UsageError, match="does not know this JSON"):
        read(write("t.json", text))  # no column with a question's name


def test_a_data_frames_nan_is_no_text(write: Any, tmp_path: Path) -> None:
    lines = '{"question": "Why?", "passage": NaN, "answers": NaN, "title": NaN, "id": NaN}\n'
    pq.write_table(
        pa.table({"question": ["Why?"], "passage": [float("nan")], "answers": [float("nan")]}),
        tmp_path / "t.parquet",
    )
    assert read(write("t.jsonl", lines)) == [RawItem("", "Why?", "", "")]
    assert read(tmp_path / "t.parquet") == [RawItem("", "Why?", "")]


def test_usual_names_need_no_map(write: Any) -> None:
    rows = [
        {"id": 5, "title": "T", "context": "C c.", "question": "Q?", "answers": {"text": ["c"], "answer_start": [2]}}
    ]
    assert read(write("t.jsonl", rows)) == [RawItem("5", "Q?", "C c.", "T", (Answer("c", 2),))]


def test_dotted_columns(write: Any) -> None:
    rows = [{"data": {"q": "Q?"}, "pivot": {"text": ["x"], "answer_start": [0]}, "parts": ["x", "y"]}]
    chosen = {"question": "data.q", "answers": "pivot", "passage": "parts"}
    assert read(write("t.jsonl", rows), map=chosen) == [RawItem("", "Q?", "x\ny", None, (Answer("x", 0),))]


@pytest.mark.parametrize(
    ("value", "starts", "answers"),
    [
        (None, None, []),
        ("", None, []),
        ("x", 3, [Answer("x", 3)]),
        ("x", -1, [Answer("x", None)]),
        (["x", "y"], None, [Answer("x"), Answer("y")]),
        (["x", "y"], [1, None], [Answer("x", 1), Answer("y")]),
        ('["x", "y"]', "[1, 2]", [Answer("x", 1), Answer("y", 2)]),
        ("['x']", None, [Answer("x")]),
        ("[sic] text", None, [Answer("[sic] text")]),
        ({"text": ["x"], "answer_start": [4]}, None, [Answer("x", 4)]),
        ([{"text": "x", "answer_start": 4}, {"text": "y"}], None, [Answer("x", 4), Answer("y")]),
        (1999, None, [Answer("1999")]),
        ([], None, []),
    ],
)
def test_answers(value: Any, starts: Any, answers: list[Answer]) -> None:
    assert to_answers(value, starts) == answers


@pytest.mark.parametrize("value", [[None], [{"text": None}], {"text": [None]}, [float("nan")], [["x"]]], ids=str)
def test_what_is_no_text_becomes_no_answer(value: Any) -> None:
    with pytest.raises(TypeError, match="is not text"):
        to_answers(value)


def test_a_text_that_only_begins_like_a_list_is_a_text() -> None:
    for text in ("[" * 100_000, "[" + "1" * 5000 + "]"):
        assert to_answers(text) == [Answer(text)]


def test_empty_answers_in_squads_table_form_mean_unanswerable(write: Any) -> None:
    rows = [{"question": "Q?", "context": "C", "answers": {"text": [], "answer_start": []}}]
    assert read(write("t.jsonl", rows))[0].drop is Drop.UNANSWERABLE


def test_pubmedqa(write: Any) -> None:
    data = {"12": {"QUESTION": "Does it?", "CONTEXTS": ["One.", "Two."], "LONG_ANSWER": "Yes, it does.", "YEAR": "1"}}
    assert read(write("p.json", data)) == [RawItem("12", "Does it?", "One.\nTwo.", None, (Answer("Yes, it does."),))]
    for wrong in ({"QUESTION": None}, {"CONTEXTS": [3]}, {"LONG_ANSWER": {}}):
        with pytest.raises(UsageError, match="entry '12'"):
            read(write("p.json", {"12": data["12"] | wrong}))


def beir(write: Any) -> Path:
    docs = [{"_id": f"d{i}", "title": "T" * i, "text": f"Text {i}."} for i in range(3)]
    write("b/corpus.jsonl", docs)
    write("b/queries.jsonl", [{"_id": "q1", "text": "One?"}, {"_id": "q2", "text": "Two?"}])
    write("b/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td0\t2\n")
    return write("b/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq2\td2\t1\n").parents[1]


def test_beir(write: Any) -> None:
    assert read(beir(write)) == [
        RawItem("q2 d2", "Two?", "Text 2.", "TT", (), "test"),
        RawItem("q1 d1", "One?", "Text 1.", "T", ()),
        RawItem("q2 d0", "Two?", "Text 0.", None, ()),
    ]


def test_judgements_of_an_unknown_name_are_not_trained_on(write: Any) -> None:
    folder = beir(write)
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "dev.small.tsv")
    assert [item.split for item in read(folder)] == ["validation", None, None]


def test_beir_errors(write: Any, tmp_path: Path) -> None:
    folder = beir(write)
    write("b/qrels/test.tsv", "q2\td9\t1\n")
    with pytest.raises(UsageError, match="'d9' is judged"):
        read(folder)
    write("b/qrels/test.tsv", "q2 d2 1\n")
    with pytest.raises(UsageError, match="qrels line"):
        read(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(UsageError, match=r"no corpus\.jsonl"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", '{"question": "x"}\n{"question": \n', "line 2"),
        ("t.jsonl", '{"question": "x"}\n[1]\n', "not a JSON object"),
        ("t.jsonl", '{"q": "x"}\n', "no column 'question'"),
        ("t.jsonl", '{"question": "x", "answers": {"a": 1}}\n', "answers in the column 'answers'"),
        ("t.jsonl", '{"question": "x", "answers": "a", "answer_start": 1e400}\n', "answers in the column 'answers'"),
        ("t.jsonl", '{"question": ["x"]}\n', "is a list"),
        ("t.csv", "question,passage\na\n", "1 cells"),
        ("t.csv", 'question,passage\n"a,b\n', "not valid CSV"),
        ("t.json", '{"data": 1}', "does not know this JSON"),
        ("t.json", '{"data": [{"paragraphs": [{"context": 3, "qas": []}]}]}', r"data\[0\]\.paragraphs\[0\]"),
        ("t.json", '{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1"}]}]}]}', "'question' is missing"),
        ("t.json", '{"data": [', "not valid JSON"),
        ("t.csv", b"question\n\xff\xfe\n", "not UTF-8"),
        ("t.jsonl.gz", gzip.compress(b'{"question": "x"}\n' * 5000)[:60], "damaged or cut off"),
        ("t.jsonl.gz", b"no gzip", "damaged or cut off"),
        ("t.parquet", b"PAR1 and no more", "not a whole Parquet"),
        ("t.docx", "x", "cannot read"),
        ("t.csv", "question,passage,question\na,b,c\n", "Two columns are called 'question'"),
        ("t.parquet", TWICE.getvalue(), "Two columns are called 'question'"),
    ],
)
def test_bad_files_are_usage_errors_with_a_place(write: Any, name: str, content: Any, message: str) -> None:
    path = write(name, content)
    with pytest.raises(UsageError) as error:
        read(path)
    import re

    assert re.search(message, str(error.value))
    assert path.name in str(error.value)


def test_a_wrong_column_names_file_columns_and_the_nearest(write: Any) -> None:
    path = write("t.csv", "questions,contexts\na,b\n")
    with pytest.raises(UsageError) as error:
        read(path, map={"question": "question", "passage": "contexts"})
    text = str(error.value)
    for wanted in (
        "'question'",
        "Did you mean 'questions'",
        "questions, contexts",
        str(path),
        "--map question=questions",
    ):
        assert wanted in text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing.json", "no file"),
        ("dir/missing", "no file"),
        ("sampel", "Did you mean 'sample'"),
        ("newsqa", "newsqa=FILE"),
    ],
)
def test_bad_sources(source: str, message: str) -> None:
    with pytest.raises(UsageError, match="(?s)" + message):
        open_sources(CollectSettings(sources=[source]))


def test_two_sources_of_one_name(write: Any) -> None:
    paths = [str(write(f"{folder}/train.csv", "question,passage\na,b\n")) for folder in ("a", "b")]
    with pytest.raises(UsageError, match="Two sources are called 'train'"):
        open_sources(CollectSettings(sources=paths))


def test_a_file_of_a_known_source_gets_its_card(write: Any, squad: Any) -> None:
    path = write("dev.json", squad)
    source = open_sources(CollectSettings(sources=[f"policyqa={path}"]))[0]
    assert (source.dataset, source.licence, source.label) == ("policyqa", "MIT", "policyqa")
    assert len(list(source.read())) == 6
