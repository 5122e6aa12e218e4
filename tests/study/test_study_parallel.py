from mtqa.core.corpus import open_corpus
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
