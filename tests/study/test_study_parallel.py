import json
from pathlib import Path

import pytest

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.study.parallel import collect_parallel
from mtqa.study.settings import ParallelSettings


def test_rows_of_an_item_share_ids_in_every_language(files, tmp_path):
    settings = ParallelSettings(files=files, dataset="made-up", licence="CC0-1.0")
    manifest = collect_parallel(settings, tmp_path / "corpus")
    corpus = open_corpus(tmp_path / "corpus")
    rows = {lang: [r for b in corpus.batches(lang, "train") for r in b.to_pylist()] for lang in corpus.languages}
    english = {row["item_id"]: row for row in rows["eng_Latn"]}
    assert len(english) == 48 and len(rows["deu_Latn"]) == 46
    for row in rows["deu_Latn"]:
        same = english[row["item_id"]]
        assert (row["passage_id"], row["question_id"]) == (same["passage_id"], same["question_id"])
        assert row["question"].split()[2] == same["question"].split()[2]
    assert rows["eng_Latn"][3]["passage"] == "N3 is en3 en3."
    assert manifest.parts["deu_Latn"].counts == {
        "read": 48,
        "dropped": {"no_answer_start": 1, "not_in_english": 1},
        "kept": 46,
    }
    assert collect_parallel(settings, tmp_path / "corpus") == manifest


@pytest.mark.parametrize(
    "change", [{"question": None}, {"answer": ["on", "off"]}, {"answer_start": "13"}, {"id": None}]
)
def test_a_row_of_another_shape_is_named(change, files, tmp_path):
    path = tmp_path / "en.jsonl"
    rows = [json.loads(line) for line in Path(files["en"]).read_text(encoding="utf-8").splitlines()]
    rows[1] |= change
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = ParallelSettings(files={**files, "en": str(path)})
    with pytest.raises(UsageError, match="another type") as error:
        collect_parallel(settings, tmp_path / "corpus")
    assert error.value.where == f"{path}, line 2"
