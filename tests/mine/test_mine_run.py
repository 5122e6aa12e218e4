"""mine as a whole: what may never be a negative, resuming, determinism, and the way into shards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from shard_corpora import add_groups, make_corpus

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.mine.run import mine
from mtqa.mine.settings import MineSettings
from mtqa.shards import iter_batches
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings

# Item, passage, question; the encoder counts letters, so the nearest passage of `aab` is the one most like it.
ITEMS = [
    ("i0", "aaab", "aab"),
    ("i1", "aabb", "abb"),
    ("i2", "aaac", "aac"),
    ("i3", "ccaa", "cca"),
    ("i4", "dddd", "ddd"),
    ("i5", "aabc", "aab"),  # the same question as i0: its passage answers i0 too
]


def mined(folder: Path) -> dict[str, list[str]]:
    """Return item → passages by name."""
    names = {content_id(passage): passage for _, passage, _ in ITEMS}
    items = {content_id(item): item for item, _, _ in ITEMS}
    rows = pq.read_table(folder / "negatives-00000.parquet").to_pylist()
    return {items[row["item_id"]]: [names[n["passage_id"]] for n in row["negatives"]] for row in rows}


def run(corpus: Path, out: Path, **changes: object) -> dict[str, list[str]]:
    options = {"most_of_positive": 1, "near": 1, **changes}
    mine([corpus], MineSettings(encoder="demo", **options), out)
    return mined(out)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return make_corpus(tmp_path / "corpus", ITEMS)


def test_passages_of_the_same_question_are_never_negatives(corpus: Path, tmp_path: Path, letters: list) -> None:
    found = run(corpus, tmp_path / "out")
    assert set(found) == {item for item, _, _ in ITEMS}
    for item, own, question in ITEMS:
        answers = {p for _, p, q in ITEMS if q == question} | {own}
        assert not answers & set(found[item])


def test_hardest_first_and_only_below_the_limit(corpus: Path, tmp_path: Path, letters: list) -> None:
    """For aac (positive aaac, cosine 7/√50 = .990): aabc 5/√30 = .913, ccaa 6/√40 = .949, aaab 6/√50 = .849."""
    assert run(corpus, tmp_path / "all")["i2"][:3] == ["ccaa", "aabc", "aaab"]
    # 95 % of the positive is .9404.
    assert run(corpus, tmp_path / "share", most_of_positive=0.95)["i2"][:2] == ["aabc", "aaab"]
    assert run(corpus, tmp_path / "margin", margin=0.1)["i2"][0] == "aaab"
    assert run(corpus, tmp_path / "two", negatives=2, rank_from=2)["i2"] == ["aabc", "aaab"]


def test_near_duplicates_by_vector_and_by_the_filters_groups(tmp_path: Path, letters: list) -> None:
    """aaac and aabc have the cosine 7/√60 = .904; aaac and aaab 9/10."""
    corpus = make_corpus(tmp_path / "corpus", ITEMS)
    assert "aabc" not in run(corpus, tmp_path / "vector", near=0.902)["i2"]
    grouped = make_corpus(tmp_path / "grouped", ITEMS)
    add_groups(grouped, "deu_Latn", [("passage", "aaac", "g"), ("passage", "ccaa", "g")])
    found = run(grouped, tmp_path / "groups")
    assert "ccaa" not in found["i2"] and "aaac" not in found["i3"] and "aabc" in found["i2"]


def test_an_answer_in_another_language_is_no_negative(tmp_path: Path, letters: list) -> None:
    """i5 has no English row, but its question is that of i0: its passage, English by way of i6, answers i0."""
    items = [*ITEMS, ("i6", "aabc", "hhh")]
    corpus = make_corpus(tmp_path / "c", items, missing=lambda n, lang: lang == "eng_Latn" and items[n][0] == "i5")
    mine([corpus], MineSettings(encoder="demo", most_of_positive=1, near=1), tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "negatives-00000.parquet").to_pylist()
    of = {row["item_id"]: [n["passage_id"] for n in row["negatives"]] for row in rows}
    assert content_id("i5") not in of
    assert content_id("aabc") not in of[content_id("i0")] and content_id("aabc") in of[content_id("i2")]


def scores(folder: Path) -> list[tuple[str, list[float]]]:
    rows = pq.read_table(folder / "negatives-00000.parquet").to_pylist()
    return [(row["item_id"], [round(n["score"], 5) for n in row["negatives"]]) for row in rows]


def test_same_bytes_again_and_the_same_scores_in_blocks_of_any_size(
    corpus: Path, tmp_path: Path, letters: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus, tmp_path / "a")
    done = len(letters)
    run(corpus, tmp_path / "a")
    assert len(letters) == done
    run(corpus, tmp_path / "b")
    contents = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab"]
    assert contents[0] == contents[1]
    monkeypatch.setattr("mtqa.mine.run.BLOCK", 2)
    monkeypatch.setattr("mtqa.core.vector_search.PART", 2)
    monkeypatch.setattr("mtqa.mine.read.ROWS", 2)
    run(corpus, tmp_path / "c")
    assert scores(tmp_path / "c") == scores(tmp_path / "a")
    assert not list(tmp_path.glob(".*"))


def test_faiss_with_few_passages_finds_what_comparing_with_all_of_them_finds(
    corpus: Path, tmp_path: Path, letters: list
) -> None:
    pytest.importorskip("faiss")
    assert run(corpus, tmp_path / "faiss", search="faiss") == run(corpus, tmp_path / "exact")
    assert [(item, pytest.approx(found)) for item, found in scores(tmp_path / "exact")] == scores(tmp_path / "faiss")
    assert not list(tmp_path.glob(".*"))


def test_a_killed_job_encodes_only_what_is_missing(
    corpus: Path, tmp_path: Path, letters: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(corpus, tmp_path / "whole")
    texts = sum(letters)
    monkeypatch.setattr("mtqa.mine.read.ROWS", 2)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("mtqa.mine.run.exact", stop)
        with pytest.raises(KeyboardInterrupt):
            run(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # Cut inside a piece, as a kill while writing would leave it.
    (vectors,) = tmp_path.glob(".out.vectors-*/passages")
    vectors.write_bytes(vectors.read_bytes()[:-70])
    letters.clear()
    assert run(corpus, tmp_path / "out") == whole
    assert 0 < sum(letters) < texts / 2


def test_shards_get_the_negatives_in_the_language_of_the_passage(tmp_path: Path, letters: list) -> None:
    """German lacks aabc: its pairs get the next passage instead."""
    items = [*ITEMS, *((f"x{n}", "e" * (n + 1) + "f", "e" * (n + 1) + "g") for n in range(6))]
    corpus = make_corpus(tmp_path / "corpus", items, missing=lambda n, lang: lang == "deu_Latn" and items[n][0] == "i5")
    mine([corpus], MineSettings(encoder="demo", most_of_positive=1, near=1), tmp_path / "negatives")
    settings = ShardSettings(batch_size=4, epochs=4, negatives_per_pair=2)
    manifest = build_shards([corpus], settings, tmp_path / "shards", negatives=tmp_path / "negatives")
    rows = [row for batch in iter_batches(tmp_path / "shards") for row in batch.table.to_pylist()]
    table = pq.read_table(tmp_path / "negatives" / "negatives-00000.parquet").to_pylist()
    ranked = {row["item_id"]: [n["passage_id"] for n in row["negatives"]] for row in table}
    names = {content_id(p): p for _, p, _ in items}
    found: dict[str, int] = {}
    for row in rows:
        lang = row["passage_lang"]
        here = [p for p in ranked[row["item_id"]] if not (lang == "deu_Latn" and names[p] == "aabc")][:2]
        assert [n["passage_id"] for n in row["negatives"]] == here
        for negative in row["negatives"]:
            assert negative["lang"] == lang and negative["text"] == f"{names[negative['passage_id']]} {lang}."
        found[str(len(here))] = found.get(str(len(here)), 0) + 1
    assert manifest.counts["pairs_by_negatives"] == found
    plain = build_shards([corpus], settings, tmp_path / "plain")
    assert plain.counts | {"pairs_by_negatives": found} == manifest.counts


def test_what_cannot_be_mined_is_an_error_before_work(corpus: Path, tmp_path: Path, letters: list) -> None:
    with pytest.raises(UsageError, match="no fra_Latn"):
        run(corpus, tmp_path / "out", query_lang="fr")
    with pytest.raises(UsageError, match="no question with passage"):
        run(corpus, tmp_path / "out", split="test")
    apart = make_corpus(tmp_path / "apart", ITEMS, missing=lambda n, lang: (lang == "deu_Latn") == (n < 2 or n == 5))
    with pytest.raises(UsageError, match="No question in deu_Latn has its passage in eng_Latn"):
        run(apart, tmp_path / "out", query_lang="de")
    shutil.rmtree(apart)
    with pytest.raises(UsageError, match="no hard negatives"):
        build_shards([corpus], ShardSettings(batch_size=2, steps=1), tmp_path / "s", negatives=corpus)
    assert {p.name for p in tmp_path.iterdir()} == {"corpus"}


def test_the_command_says_what_it_found(corpus: Path, tmp_path: Path, letters: list) -> None:
    import typer
    from typer.testing import CliRunner

    from mtqa.cli import mine as command

    app = typer.Typer(add_completion=False)
    app.command()(command.command)
    options = {p.name for p in typer.main.get_command(app).params} - {"corpora", "out", "overwrite", "as_json"}
    assert options == set(MineSettings.model_fields)
    arguments = [str(corpus), "--encoder", "demo", "--out", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)
    assert counts["questions"] == counts["passages"] == 6 and counts["questions_without_passage"] == 0
