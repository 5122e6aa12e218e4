"""Passages as the Hub holds them: Belebele's JSON lines and XQuAD's Parquet."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.bundled import XQUAD_SAMPLE
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest
from mtqa.evaluate.hub_rows import load_rows
from mtqa.evaluate.lareqa import as_passages, data_files, load
from mtqa.evaluate.run import evaluate
from mtqa.evaluate.settings import EvaluateSettings


def belebele_row(lang, link, number, passage):
    row = {"link": link, "question_number": number, "flores_passage": f"{passage} {lang}", "dialect": lang}
    row |= {f"mc_answer{n}": f"{n} {lang}" for n in range(1, 5)}
    return row | {"question": f"{link}{number} {lang}?", "correct_answer_num": "2", "ds": "2023-05-03"}


@pytest.fixture
def belebele(tmp_path):
    """Two passages, the first with two questions, in two languages and in romanised Hindi; German in another order."""
    folder = tmp_path / "belebele" / "data"
    folder.mkdir(parents=True)
    rows = [("a", 1, "first"), ("a", 2, "first"), ("b", 1, "second")]
    for lang, order in (("eng_Latn", [0, 1, 2]), ("deu_Latn", [2, 0, 1]), ("hin_Latn", [0])):
        lines = [json.dumps(belebele_row(lang, *rows[place])) for place in order]
        (folder / f"{lang}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "README").write_text("Links", encoding="utf-8")
    return tmp_path / "belebele"


def test_belebele_is_read_by_link(belebele):
    bench = load_rows("belebele", data_files(belebele, "belebele"))
    assert bench.languages == ["deu_Latn", "eng_Latn"]
    assert [c.sentence for c in bench.candidates] == [
        "second deu_Latn",
        "first deu_Latn",
        "first eng_Latn",
        "second eng_Latn",
    ]
    assert [q.id for q in bench.queries] == ["b#1", "a#1", "a#2", "a#1", "a#2", "b#1"]
    assert bench.queries[0].answer == "2 deu_Latn"
    assert bench.gold.tolist() == [[0, 3], [1, 2], [1, 2], [1, 2], [1, 2], [0, 3]]
    assert bench.bounds.tolist() == [0, 2, 4]


def test_belebele_is_evaluated_as_passages(belebele, tmp_path):
    np.savez(tmp_path / "v.npz", queries=np.eye(4)[[0, 1, 1, 2, 2, 3]], candidates=np.eye(4))
    settings = EvaluateSettings(
        benchmark="belebele", data=str(belebele), candidate="passage", vectors=str(tmp_path / "v.npz"), resamples=100
    )
    evaluate(None, settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    assert metrics["mAP"]["Mo"] == 1  # own passage first; the translation is one of three equal others
    assert metrics["by_pair"]["deu_Latn"]["eng_Latn"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert metrics["mlir"]["Recall@20"] == 1
    assert load_manifest(tmp_path / "out").licences == ["CC BY-SA 4.0"]
    with pytest.raises(UsageError, match="where sentences begin"):
        evaluate(None, settings.model_copy(update={"candidate": "sentence"}), tmp_path / "other")


@pytest.mark.parametrize("prefix", ["", "xquad."])
def test_the_hub_s_xquad_gives_the_passages_of_the_official_files(tmp_path, prefix):
    for path in XQUAD_SAMPLE.glob("*.json.gz"):
        lang = path.name.split(".")[0]
        (official,) = data_files(XQUAD_SAMPLE, "xquad-r", [lang_code(lang)]).values()
        (tmp_path / f"{prefix}{lang}").mkdir()
        table = pa.Table.from_pylist(list(hub_rows(official)))
        pq.write_table(table, tmp_path / f"{prefix}{lang}" / "validation-00000-of-00001.parquet")
    found = load_rows("xquad-r", data_files(tmp_path, "xquad-r"))
    official = as_passages(load("xquad-r", data_files(XQUAD_SAMPLE, "xquad-r")))
    assert found.queries == official.queries
    assert [(c.lang, c.sentence) for c in found.candidates] == [(c.lang, c.sentence) for c in official.candidates]
    assert (found.gold == official.gold).all()
    assert (found.bounds == official.bounds).all()


def lang_code(name):
    return {"de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn"}[name]


def hub_rows(path):
    import gzip

    for article in json.loads(gzip.decompress(path.read_bytes()))["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                answers = {key: [a[key] for a in qa["answers"]] for key in ("text", "answer_start")}
                yield {k: qa[k] for k in ("id", "question")} | {"context": paragraph["context"], "answers": answers}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row.pop("question"), "cannot be read"),
        (lambda row: row.update(question=None), "cannot be read"),
        (lambda row: row.update(correct_answer_num="7"), "cannot be read"),
        (lambda row: row.update(flores_passage="another"), "share a link"),
        (lambda row: row.update(question_number=1), "occurs twice"),
    ],
)
def test_a_wrong_row_is_named(belebele, edit, message):
    path = belebele / "data" / "eng_Latn.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    edit(rows[1])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(UsageError, match=message) as error:
        load_rows("belebele", data_files(belebele, "belebele"))
    assert "eng_Latn.jsonl: row 2" in str(error.value)


def test_a_broken_line_is_named(belebele):
    path = belebele / "data" / "eng_Latn.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + "{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read") as error:
        load_rows("belebele", data_files(belebele, "belebele"))
    assert "eng_Latn.jsonl: row 4" in str(error.value)
