from __future__ import annotations

import json

import numpy as np
import pytest

from mtqa.core.errors import UsageError
from mtqa.filter.contamination import HeldOut, content, held_out_texts
from mtqa.filter.run import filter_corpus
from mtqa.filter.semantic import Semantic
from mtqa.filter.settings import FilterSettings
from mtqa.filter.target import target

PASSAGE = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def test_overlap_is_exact_or_a_share_of_13_grams():
    held_out = HeldOut(["When was the old mill built?", PASSAGE])
    assert len(held_out) == 2
    assert held_out.overlap("when was the OLD mill built") == 1
    assert held_out.overlap("When was the new mill built?") == 0
    words = PASSAGE.split()
    assert held_out.overlap("zero " + " ".join(words[:13])) == pytest.approx(1 / 2)
    assert held_out.overlap("zero " + " ".join(words[:12]) + " zero") == 0
    assert held_out.overlap(None, "the old mill") == 0


def test_overlap_reads_scripts_without_spaces_letter_by_letter():
    text = "河边的老磨坊很久以前就建成了一直为整个山谷磨面粉直到洪水来临把它冲走为止"
    assert HeldOut([text]).overlap("他说" + text[:30]) > 0
    assert HeldOut([text]).overlap("他说" + text[:20]) == 0


def test_test_sets_are_read_from_files_and_folders(tmp_path):
    (tmp_path / "de.json").write_text(
        json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": [{"question": "q", "id": "i"}]}]}]})
    )
    beir = tmp_path / "beir"
    (beir / "qrels").mkdir(parents=True)
    (beir / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td1\t1\n")
    (beir / "corpus.jsonl").write_text('{"_id": "d1", "text": "read"}\n{"_id": "d2", "text": "unread"}\n')
    (beir / "queries.jsonl").write_text('{"_id": "1", "text": "query"}\n')
    assert sorted(held_out_texts([str(tmp_path / "de.json")])) == ["c", "q"]
    assert sorted(held_out_texts([str(beir)])) == ["query", "read"]
    assert len(list(held_out_texts(["sample"]))) > 100
    assert content([str(beir)]) != content(["sample"])
    with pytest.raises(UsageError, match="no test sets"):
        content([str(tmp_path / "nowhere")])


def test_test_questions_leave_the_corpus_in_the_language_they_are_in(tmp_path, rows, write_corpus):
    (tmp_path / "test.tsv").write_text(f"7\t{rows['deu_Latn'][1]['question'].upper()}\n")
    write_corpus(tmp_path / "in", rows)
    settings = FilterSettings(contamination=[str(tmp_path / "test.tsv")])
    manifest = filter_corpus(tmp_path / "in", settings, tmp_path / "out")
    reasons = {lang: part.counts["reasons"] for lang, part in manifest.parts.items()}
    assert reasons == {"eng_Latn": {}, "deu_Latn": {"row.contamination": 1}, "spa_Latn": {}}
    assert set(manifest.inputs) == {"corpus", "contamination"}


def test_translations_of_english_test_questions_leave_too(tmp_path, rows, write_corpus):
    (tmp_path / "test.tsv").write_text(f"7\t{rows['eng_Latn'][1]['question']}\n")
    write_corpus(tmp_path / "in", rows)
    settings = FilterSettings(contamination=[str(tmp_path / "test.tsv")])
    manifest = filter_corpus(tmp_path / "in", settings, tmp_path / "out")
    reasons = {lang: part.counts["reasons"] for lang, part in manifest.parts.items()}
    assert reasons == {lang: {"row.contamination": 1} for lang in ("eng_Latn", "deu_Latn", "spa_Latn")}


def test_translations_back_without_a_threshold_are_refused(tmp_path, rows, write_corpus):
    write_corpus(tmp_path / "in", rows)
    with pytest.raises(UsageError, match="no threshold"):
        filter_corpus(tmp_path / "in", FilterSettings(round_trip="back.jsonl"), tmp_path / "out")


def test_near_duplicates_and_conflicts(tmp_path, rows, write_corpus):
    german = rows["deu_Latn"]
    german[1]["question"] = german[0]["question"]
    rows["eng_Latn"][1]["answers"] = [{"text": "flour", "start": None}]
    german[3]["question"] = german[2]["question"].removesuffix("?") + " so?"
    write_corpus(tmp_path / "in", rows)
    settings = FilterSettings(thresholds={"question.duplicate": None})
    counts = filter_corpus(tmp_path / "in", settings, tmp_path / "out").parts["deu_Latn"].counts
    assert counts["reasons"]["row.conflict"] == 2
    near = tmp_path / "near.yaml"
    near.write_text("row: {near_duplicate: 0.7}\n")
    counts = filter_corpus(tmp_path / "in", FilterSettings(profile=str(near)), tmp_path / "b").parts["deu_Latn"].counts
    assert counts["reasons"] == {"row.near_duplicate": 2}


def test_model_scores_are_judged_by_rank_and_limits_by_flag(tmp_path, rows, write_corpus):
    for n, row in enumerate(rows["deu_Latn"]):
        flags = ["hit_limit"] if n == 0 else []
        row["mt"] = {"model": "m", "question_score": -float(n), "passage_score": None, "flags": flags, "segments": None}
    write_corpus(tmp_path / "in", rows)
    profile = tmp_path / "p.yaml"
    profile.write_text("row: {hit_limit: 0}\nquestion: {model_score: 0.5}\n")
    counts = (
        filter_corpus(tmp_path / "in", FilterSettings(profile=str(profile)), tmp_path / "o").parts["deu_Latn"].counts
    )
    assert counts["reasons"] == {"row.hit_limit": 1, "question.model_score": 1}


def test_round_trip_compares_translations_back(tmp_path, rows, write_corpus):
    write_corpus(tmp_path / "in", rows)
    ids = [row["item_id"] for row in rows["deu_Latn"]]
    texts = [rows["eng_Latn"][0]["question"], "Something else entirely, no word of it the same"]
    lines = [{"item_id": i, "lang": "de", "field": "question", "text": t} for i, t in zip(ids, texts, strict=False)]
    (tmp_path / "back.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    profile = tmp_path / "p.yaml"
    profile.write_text("question: {round_trip: 0.6}\n")
    settings = FilterSettings(profile=str(profile), round_trip=str(tmp_path / "back.jsonl"))
    counts = filter_corpus(tmp_path / "in", settings, tmp_path / "o").parts["deu_Latn"].counts
    assert counts["reasons"] == {"question.round_trip": 1} and counts["abstained"]["question.round_trip"] == 2


class Bags(Semantic):
    """An encoder of bags of words in which `x1` of one language means `y1` of the other; other words mean nothing."""

    def _vectors(self, texts):
        vectors = np.full((len(texts), 50), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.split():
                if word[1:].isdigit():
                    row[int(word[1:]) % 50] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def pairs(number):
    words = [[(7 * n + 3 * k) % 50 for k in range(5)] for n in range(number)]
    return [(" ".join(f"x{w:03}" for w in own), " ".join(f"y{w:03}" for w in own)) for own in words]


def test_meaning_is_judged_relative_to_the_language_and_only_where_it_is_known():
    german, semantic = target("deu_Latn"), Bags("bags")
    good = pairs(60)
    scale = semantic.learn(good, german)
    assert scale.known and scale.right > 0.99
    scores = semantic.scores([good[0], (good[0][0], good[1][1])], german)
    assert scores[0] == pytest.approx(0, abs=0.01) and scores[1] > 0.5
    swahili = target("swh_Latn")
    unknown = [(s, " ".join(f"zz{n}q{k}" for k in range(5))) for n, (s, _) in enumerate(good)]
    assert not semantic.learn(unknown, swahili).known
    assert np.isnan(semantic.scores(unknown[:2], swahili)).all()
    assert semantic.learn(good[:20], target("tur_Latn")) is None
    assert np.isnan(semantic.scores([good[0], ("x", "y")], target("tur_Latn"))).all()


def test_cosines_are_kept_on_disk(tmp_path, monkeypatch):
    german, cache = target("deu_Latn"), tmp_path / "deep" / "cache.parquet"
    first = Bags("bags", cache=cache)
    first.learn(pairs(60), german)
    scores = first.scores(pairs(10), german)
    first.save()
    second = Bags("bags", cache=cache, scales=first.scales)
    monkeypatch.setattr(Bags, "_vectors", lambda *_: pytest.fail("encoded again"))
    assert second.scores(pairs(10), german) == scores


def test_memory_of_cosines_is_bounded_and_changes_no_score(monkeypatch):
    german, free, bounded = target("deu_Latn"), Bags("bags"), Bags("bags")
    free.learn(pairs(60), german)
    bounded.learn(pairs(60), german)
    expected = free.scores(pairs(10), german)
    monkeypatch.setattr("mtqa.filter.semantic.REMEMBERED", 3)
    assert bounded.scores(pairs(10), german) == expected == bounded.scores(pairs(10), german)
    assert len(bounded._known) == 3
