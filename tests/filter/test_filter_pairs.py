from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.core.errors import UsageError
from mtqa.filter.calibrate import calibrate, fit
from mtqa.filter.pairs import judge_pairs, table
from mtqa.filter.settings import FilterSettings

COLUMNS = ("id", "source", "translation", "lang", "field")
ROWS = [
    ("a", "When was the old mill built?", "Wann wurde die alte Mühle gebaut?", "de", "question"),
    ("b", "When was the old mill built?", "When was the old mill built?", "deu_Latn", "question"),
    ("c", "Paris", "Paris", "German", "answer"),
    ("d", "The mill was sold in 1874.", "Die Mühle wurde 1875 verkauft.", "de", "sentence"),
    ("e", "The mill was sold.", "...", "de", "passage"),
    ("f", "The mill was sold.", "Ka hoʻokele ʻana o ka hale wili.", "haw", "sentence"),
]


def decide(tmp_path, rows, **settings):
    path, out = tmp_path / "pairs.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows))
    counts = judge_pairs(path, FilterSettings(**settings), out)
    return [json.loads(line) for line in out.read_text().splitlines()], counts


def test_each_row_gets_one_decision_in_order_with_reasons_and_scores(tmp_path):
    found, counts = decide(tmp_path, ROWS)
    assert [row["id"] for row in found] == list("abcdef")
    assert [row["keep"] for row in found] == [True, False, True, False, False, True]
    assert found[1]["reasons"] == ["copy"] and found[3]["reasons"] == ["numbers"] and "empty" in found[4]["reasons"]
    assert found[0]["scores"]["length_ratio"] < 1 and found[0]["scores"]["script"] == 0
    assert found[5]["scores"]["language"] == 0
    assert counts.rows.total() == 6 and counts.kept.total() == 3
    assert "deu_Latn" in table(counts) and counts.as_dict()["kept"] == 3


def test_tsv_and_parquet_give_the_same_decisions(tmp_path):
    expected, _ = decide(tmp_path, ROWS)
    lines = ["\t".join(COLUMNS), *("\t".join(row) for row in ROWS)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n")
    columns = {name: [row[n] for row in ROWS] for n, name in enumerate(COLUMNS)}
    pq.write_table(pa.table(columns | {"extra": [1] * 6}), tmp_path / "pairs.parquet")
    for name in ("pairs.tsv", "pairs.parquet"):
        judge_pairs(tmp_path / name, FilterSettings(), tmp_path / "other.jsonl")
        assert [json.loads(line) for line in (tmp_path / "other.jsonl").read_text().splitlines()] == expected


def test_a_translation_of_three_sources_is_no_translation(tmp_path):
    text = "Das ist eine ganz gewöhnliche Antwort."
    rows = [
        (n, f"{word} is a quite ordinary reply.", text, "de", "sentence") for n, word in enumerate(("This", "It", "He"))
    ]
    found, _ = decide(tmp_path, rows)
    assert [row["reasons"] for row in found] == [["duplicate"]] * 3


def test_null_translations_are_empty_and_null_sources_abstain(tmp_path):
    found, _ = decide(tmp_path, [(1, "Why?", None, "de", "question"), (2, None, "Warum denn?", "de", "question")])
    assert "empty" in found[0]["reasons"] and found[1]["keep"] and found[1]["scores"]["length_ratio"] is None


def test_thresholds_and_fields_off(tmp_path):
    found, _ = decide(tmp_path, ROWS[3:4], thresholds={"sentence.numbers": 2})
    assert found[0]["keep"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ('{"id": 1}\n', "no source"),
        ("nonsense\n", "no JSON"),
        ('{"id": 1, "source": "a", "translation": "b", "lang": "de", "field": "title"}\n', "title"),
        ('{"id": 1, "source": "a", "translation": "b", "lang": "Klingonian", "field": "answer"}\n', "Klingonian"),
    ],
)
def test_wrong_tables_are_usage_errors_and_leave_nothing(tmp_path, text, message):
    path = tmp_path / "pairs.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        judge_pairs(path, FilterSettings(), tmp_path / "out.jsonl")
    assert [p.name for p in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_fit_finds_median_and_spread():
    pairs = [("x" * 100, "y" * round(101 * 2**k - 1)) for k in (-0.2, -0.1, 0, 0.1, 0.2)]
    median, spread = fit(pairs)
    assert median == pytest.approx(0, abs=0.01) and spread == pytest.approx(0.0693 * 1.4826, abs=0.005)


def test_calibrate_fits_one_half_and_judges_the_other(tmp_path):
    rows = [
        (n, f"The mill number {n} stands there.", f"Die Mühle Nummer {n} steht da.", "de", "sentence")
        for n in range(400)
    ]
    path = tmp_path / "clean.jsonl"
    path.write_text("".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows))
    found = calibrate(path, FilterSettings(), tmp_path / "lengths.yaml")
    assert found.rows["deu_Latn"] + found.rejected.rows.total() == 400
    assert found.rejected.kept == found.rejected.rows
    decisions, _ = decide(tmp_path, rows[:3], lengths=str(tmp_path / "lengths.yaml"))
    assert all(row["keep"] for row in decisions)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clean.jsonl", "lengths.yaml", "out.jsonl", "pairs.jsonl"]
    path.write_text(path.read_text().split("\n")[0] + "\n")
    with pytest.raises(UsageError, match="enough"):
        calibrate(path, FilterSettings(), tmp_path / "lengths.yaml")


def test_cells_that_data_frames_write_are_read(tmp_path):
    columns = {"id": [1, 2, 3], "lang": ["de"] * 3, "field": ["question"] * 3, "source": ["Why is it old?"] * 3}
    pq.write_table(pa.table(columns | {"translation": [b"Warum ist es so alt?"] * 3}), tmp_path / "bytes.parquet")
    counts = judge_pairs(tmp_path / "bytes.parquet", FilterSettings(), tmp_path / "out.jsonl")
    assert counts.as_dict()["kept"] == 3
    found, _ = decide(tmp_path, [(1, "Why is it old?", float("nan"), "de", "question")])
    assert "empty" in found[0]["reasons"]


def test_a_column_that_a_parquet_file_lacks_is_named(tmp_path):
    pq.write_table(
        pa.table({"id": [1], "source": ["a"], "translation": ["b"], "field": ["answer"]}), tmp_path / "a.parquet"
    )
    with pytest.raises(UsageError, match="no column lang"):
        judge_pairs(tmp_path / "a.parquet", FilterSettings(), tmp_path / "out.jsonl")


def test_a_line_in_another_encoding_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_bytes('{"id": 1, "translation": "Mühle"}\n'.encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        judge_pairs(tmp_path / "a.jsonl", FilterSettings(), tmp_path / "out.jsonl")


def test_length_bounds_that_are_missing_are_no_unknown_language(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        decide(tmp_path, ROWS[:1], lengths=str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize("text", ["[]", "lengths: 1", "languages: {deu_Latn: {median: x}}", "languages: [deu_Latn]"])
def test_files_without_length_bounds_are_usage_errors(tmp_path, text):
    (tmp_path / "lengths.yaml").write_text(text)
    with pytest.raises(UsageError, match="no length bounds"):
        decide(tmp_path, ROWS[:1], lengths=str(tmp_path / "lengths.yaml"))
