import gzip
import json
from pathlib import Path

import pytest

from mtqa.core.errors import UsageError
from mtqa.evaluate.lareqa import candidate_texts, data_files, data_fingerprint, load
from mtqa.evaluate.summary import counts

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "lareqa"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the official files are not at ../shared/data/lareqa")


def test_hand_worked_files(mini):
    benchmark = load("xquad-r", data_files(mini, "xquad-r"))
    assert benchmark.languages == ["deu_Latn", "eng_Latn"]
    assert [(q.lang, q.id) for q in benchmark.queries] == [
        ("deu_Latn", "q1"),
        ("deu_Latn", "q2"),
        ("eng_Latn", "q1"),
        ("eng_Latn", "q2"),
        ("eng_Latn", "q3"),
    ]
    assert [c.sentence for c in benchmark.candidates][:4] == [
        "Eins ist rot.",
        "Zwei ist blau.",
        "Drei ist gelb.",
        "One is red.",
    ]
    assert [c.id for c in benchmark.candidates] == ["0.0.0", "0.0.1", "0.0.2"] * 2
    assert benchmark.bounds.tolist() == [0, 3, 6]
    assert benchmark.gold.tolist() == [[0, 3], [1, 4], [0, 3], [1, 4], [-1, 5]]
    assert benchmark.query_languages.tolist() == [0, 0, 1, 1, 1]
    assert counts(benchmark) == {
        "questions": 3,
        "queries": 5,
        "candidates": 6,
        "cells": 5,
        "skipped_cells": 1,
        "skipped_share": 0.2,
    }


def test_candidate_texts_are_the_sentence_or_the_sentence_and_its_context(mini):
    benchmark = load("xquad-r", data_files(mini, "xquad-r", ["eng_Latn"]))
    assert candidate_texts(benchmark, "sentence")[1] == "Two is blue."
    assert candidate_texts(benchmark, "sentence+context")[1] == "Two is blue. One is red. Two is blue. Three is gold."


def test_gzip_and_a_folder_named_after_the_benchmark(mini, tmp_path):
    folder = tmp_path / "all" / "xquad-r"
    folder.mkdir(parents=True)
    for path in mini.iterdir():
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert load("x", data_files(tmp_path / "all", "xquad-r")).queries == load("x", data_files(mini, "xquad-r")).queries


def test_fingerprint_follows_content_and_languages(mini):
    files = data_files(mini, "xquad-r")
    before = data_fingerprint(files)
    assert data_fingerprint(data_files(mini, "xquad-r", ["eng_Latn"])) != before
    assert data_fingerprint(data_files(mini, "xquad-r", ["deu_Latn", "eng_Latn"])) == before
    files["eng_Latn"].write_text(files["eng_Latn"].read_text() + " ")
    assert data_fingerprint(files) != before


def test_text_is_not_stripped_or_normalised(mini):
    content = json.loads((mini / "en.json").read_text())
    paragraph = content["data"][0]["paragraphs"][0]
    paragraph["context"] = "\ufeff" + paragraph["context"]
    paragraph["sentences"][0] = " One is re\u0301d. "
    (mini / "en.json").write_text(json.dumps(content))
    candidate = load("x", data_files(mini, "x", ["eng_Latn"])).candidates[0]
    assert (candidate.sentence, candidate.context[0]) == (" One is re\u0301d. ", "\ufeff")


def change(mini, edit):
    content = json.loads((mini / "en.json").read_text())
    edit(content["data"][0]["paragraphs"][0])
    (mini / "en.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda p: p["sentences"].pop(), "not in the form"),
        (lambda p: p.pop("sentence_breaks"), "not in the form"),
        (lambda p: p["qas"][0].update(answers=[]), "not in the form"),
        (lambda p: p["qas"][0].update(question=None), "not in the form"),
        (lambda p: p["qas"][0].update(id="q2"), "occurs twice"),
        (lambda p: p["qas"][0]["answers"][0].update(answer_start=11), "begins in 0 sentences"),
        (lambda p: p["qas"][0]["answers"][0].update(answer_start=900), "begins in 0 sentences"),
    ],
)
def test_a_wrong_paragraph_is_named(mini, edit, message):
    change(mini, edit)
    with pytest.raises(UsageError, match=message) as error:
        load("x", data_files(mini, "x"))
    assert "en.json: paragraph 0.0" in str(error.value)


def test_damaged_files_are_refused(mini):
    (mini / "en.json").write_text('{"data": [')
    with pytest.raises(UsageError, match="not in the form") as error:
        load("x", data_files(mini, "x"))
    assert "en.json" in str(error.value)
    (mini / "en.json").rename(mini / "en.json.gz")
    with pytest.raises(UsageError, match="not in the form"):
        load("x", data_files(mini, "x"))
    (mini / "en.json.gz").write_bytes(gzip.compress(b"{}")[:10] + b"\xff" * 20)  # a sound header, then no deflate
    with pytest.raises(UsageError, match="not in the form"):
        load("x", data_files(mini, "x"))


def test_missing_and_unknown_files_are_refused(mini, tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        data_files(tmp_path / "nowhere", "xquad-r")
    with pytest.raises(UsageError, match="have no fra_Latn"):
        data_files(mini, "xquad-r", ["deu_Latn", "fra_Latn"])
    (mini / "deu.json").write_text("{}")
    with pytest.raises(UsageError, match="Two files hold deu_Latn"):
        data_files(mini, "xquad-r")
    (mini / "deu.json").rename(mini / "klingonish.json")
    with pytest.raises(UsageError, match="name is not a language"):
        data_files(mini, "xquad-r")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no file"):
        data_files(tmp_path / "empty", "xquad-r")


@needs_shared
def test_pool_of_xquad_r():
    benchmark = load("xquad-r", data_files(SHARED, "xquad-r"))
    found = counts(benchmark)
    assert (found["candidates"], found["queries"], found["questions"]) == (13_014, 13_090, 1_190)
    assert found["skipped_cells"] == 0
    assert len(benchmark.languages) == 11


@needs_shared
def test_pool_of_mlqa_r():
    found = counts(load("mlqa-r", data_files(SHARED / "mlqa-r", "mlqa-r")))
    assert found["candidates"] == 20_534
    assert round(100 * found["skipped_share"], 1) == 54.2
