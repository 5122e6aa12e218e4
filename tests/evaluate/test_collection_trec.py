import gzip

import numpy as np
import pytest

from mtqa.core.errors import UsageError
from mtqa.evaluate.collection.trec import Hits, in_order, read_qrels, read_run, write_qrels, write_run


def test_equal_scores_are_ordered_by_id_from_the_end_as_bytes():
    hits = in_order(["b", "é", "a", "Z", "top"], [1, 1, 1 + 1e-12, 1, 2])
    assert hits.ids == ["top", "é", "b", "a", "Z"]
    assert hits.scores.tolist() == [2, 1, 1, 1, 1]


def test_a_run_that_is_written_is_read_back_as_it_was(tmp_path):
    scores = np.sort(np.random.default_rng(0).standard_normal(50).astype(np.float32) * 1e-3)[::-1]
    run = {"q1": Hits([f"d{n}" for n in range(50)], scores), "q2": Hits(["d#1"], np.float32([-4e-9]))}
    assert write_run(run, tmp_path / "run.trec", "my model") == 51
    again = read_run(tmp_path / "run.trec")
    assert list(again) == ["q1", "q2"]
    assert all(again[q].ids == run[q].ids and again[q].scores.tolist() == run[q].scores.tolist() for q in run)
    first = (tmp_path / "run.trec").read_text(encoding="utf-8").split("\n")[0].split()
    assert first[:4] == ["q1", "Q0", "d0", "1"]
    assert first[5] == "my-model"


def test_the_rank_column_is_ignored_as_trec_eval_ignores_it(tmp_path):
    (tmp_path / "run").write_text("q Q0 a 1 0.5 x\nq Q0 b 2 0.75 x\n", encoding="utf-8")
    assert read_run(tmp_path / "run")["q"].ids == ["b", "a"]


def test_judgements_of_trec_and_beir_are_read_and_written(tmp_path):
    expected = {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": -1}}
    with gzip.open(tmp_path / "qrels.txt.gz", "wt", encoding="utf-8") as file:
        file.write("q1 0 d1 2\nq1 Q0 d2 0\n\nq2\t0\td1\t-1\n")
    (tmp_path / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t-1\n", encoding="utf-8"
    )
    assert read_qrels(tmp_path / "qrels.txt.gz") == expected
    assert read_qrels(tmp_path / "test.tsv") == expected
    write_qrels(expected, tmp_path / "again")
    assert read_qrels(tmp_path / "again") == expected


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (read_qrels, "q 0 d 1\nq 0 d2\tx\n", "line 2"),
        (read_qrels, "q 0 d 0.5\n", "line 1"),
        (read_qrels, "q 0 d 1\nq 0 d 2\n", "judged twice"),
        (read_qrels, "\n", "no judgement"),
        (read_run, "q Q0 d 1 0.5 x\nq Q0 d2 2 0.4\n", "line 2"),
        (read_run, "q Q0 d 1 high x\n", "line 1"),
        (read_run, "q Q0 d 1 nan x\n", "nan"),
        (read_run, "q Q0 d 1 2 x\nq Q0 d 2 1 x\n", "occurs twice"),
        (read_run, "", "no ranking"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, read, text, says):
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "file")
    assert says in str(caught.value)
    assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.parametrize(("name", "content"), [("none", None), ("b", b"\xff\xfe q"), ("c.gz", b"\x1f\x8b\x08no gzip")])
def test_files_that_are_no_text_are_named(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot be read|UTF-8") as caught:
        read_run(tmp_path / name)
    assert name in str(caught.value)
