from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from mtqa.core.corpus import open_corpus
from mtqa.core.hashing import content_id
from mtqa.core.near import near_duplicates
from mtqa.filter.minhash import SHINGLE, minhash
from mtqa.filter.near import near_groups
from mtqa.filter.run import filter_corpus
from mtqa.filter.settings import FilterSettings
from tests.filter.conftest import make_row


def grams(text):
    return {text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1)}


def similarity(a, b):
    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


def rows_of(texts):
    found = []
    for n, text in enumerate(texts):
        row = make_row("eng_Latn", n, text, None)
        found.append(row | {"question_id": content_id(text), "passage_id": None})
    return found


def varied(number):
    """Texts of made-up words, and versions of them with more and more letters changed."""
    draw = random.Random(number)
    texts = []
    for _ in range(number):
        text = " ".join("".join(draw.choices("abcdefghij", k=draw.randint(3, 8))) for _ in range(12))
        texts.append(text)
        for changes in (1, 3, 8):
            letters = list(text)
            for place in draw.sample(range(len(text)), changes):
                letters[place] = "z"
            texts.append("".join(letters))
    return texts


def test_groups_agree_with_the_similarity_of_all_pairs(tmp_path, write_corpus):
    texts = varied(60)
    write_corpus(tmp_path / "in", {"eng_Latn": rows_of(texts)})
    table = pa.concat_tables(near_groups(open_corpus(tmp_path / "in"), "eng_Latn", tmp_path))
    group = dict(zip(table["id"].to_pylist(), table["group"].to_pylist(), strict=True))
    assert set(table["field"].to_pylist()) == {"question"} and group.keys() >= set(group.values())
    found, alike, unlike = 0, 0, 0
    known = [(group.get(content_id(text), text), grams(text)) for text in texts]
    for (a, left), (b, right) in combinations(known, 2):
        together, alike_by = a == b, len(left & right) / len(left | right)
        if alike_by > 0.85:
            alike, found = alike + 1, found + together
        elif alike_by < 0.3:
            unlike += 1
            assert not together
    assert alike >= 60 and found >= 0.95 * alike and unlike > 20_000


def test_minhash_estimates_the_similarity():
    one, other = "the old mill by the river was built", "the old mill by the river was rebuilt"
    assert minhash(one).jaccard(minhash(other)) == pytest.approx(similarity(one, other), abs=0.2)
    assert minhash(one).jaccard(minhash("THE OLD MILL, by the river, was built!")) == 1
    assert minhash("").jaccard(minhash("")) == 1


def test_groups_are_written_for_build_shards_and_mine(tmp_path, rows, write_corpus):
    english = rows["eng_Latn"]
    english[3]["question"] = english[2]["question"].removesuffix("?") + ", then?"
    write_corpus(tmp_path / "in", rows)
    manifest = filter_corpus(tmp_path / "in", FilterSettings(), tmp_path / "out")
    (name,) = [name for part in manifest.parts.values() for name in part.files if name.startswith(".groups/")]
    assert name == ".groups/eng_Latn/near-00000.parquet"
    groups = near_duplicates([open_corpus(tmp_path / "out")], "question")
    ids = sorted(int(content_id("question", str(n)), 16) for n in (2, 3))
    assert groups.ids.tolist() == ids and np.unique(groups.group).tolist() == [ids[0]]
    assert not len(near_duplicates([open_corpus(tmp_path / "out")], "passage").ids)
    filter_corpus(tmp_path / "in", FilterSettings(thresholds={"question.numbers": 5}), tmp_path / "b", overwrite=True)
    assert (tmp_path / "b" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
