"""build-shards as a whole: modes, equal arms, determinism, every text in its place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from killed import contents
from shard_corpora import LANGUAGES, make_corpus, plain_items

from mtqa.core.errors import UsageError
from mtqa.core.ids import id_texts
from mtqa.core.shardfile import Batch, open_shards
from mtqa.shards import iter_batches
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings


def build(corpus: Path, out: Path, **settings: object) -> list[Batch]:
    build_shards([corpus], ShardSettings(batch_size=10, **settings), out)
    return list(iter_batches(out))


def test_every_text_belongs_to_the_ids_and_language_of_its_row(corpus: Path, tmp_path: Path) -> None:
    texts = {}
    import pyarrow.parquet as pq

    for lang in LANGUAGES:
        for row in pq.read_table(corpus / lang).to_pylist():
            texts[row["item_id"], lang] = row
    batches = build(corpus, tmp_path / "out", epochs=2)
    assert len(batches) == 46
    for batch in batches:
        for row in batch.table.to_pylist():
            query, passage = texts[row["item_id"], row["query_lang"]], texts[row["item_id"], row["passage_lang"]]
            assert (row["query"], row["passage"]) == (query["question"], passage["passage"])
            assert (row["passage_id"], row["question_id"]) == (query["passage_id"], query["question_id"])
            assert row["dataset"] == "made" and row["kind"] == batch.kind and row["batch"] == batch.number


def test_mono_has_one_language_a_batch_and_cross_two_a_pair(corpus: Path, tmp_path: Path) -> None:
    seen = set()
    for batch in build(corpus, tmp_path / "out", steps=60):
        if batch.kind == "mono":
            assert len({*batch.query_langs, *batch.passage_langs}) == 1
        else:
            assert all(q != p for q, p in zip(batch.query_langs, batch.passage_langs, strict=True))
            assert len(set(zip(batch.query_langs, batch.passage_langs, strict=True))) > 1
        seen.add(batch.kind)
    assert seen == {"mono", "cross"}


def test_each_epoch_uses_all_items_once_in_another_order(corpus: Path, tmp_path: Path) -> None:
    batches = build(corpus, tmp_path / "out", epochs=2, mode="cross")
    first, second = ([i for b in half for i in b.item_ids] for half in (batches[:23], batches[23:]))
    assert set(Counter(first).values()) == set(Counter(second).values()) == {1}
    assert len(first) == 230 and set(first) == set(second) and first != second


def test_arms_of_one_seed_see_the_same_items_in_the_same_order(tmp_path: Path) -> None:
    corpus = make_corpus(
        tmp_path / "corpus",
        [(f"i{n}", f"p{n // 4}", f"q{n % 60}") for n in range(200)],
        missing=lambda n, lang: lang == "deu_Latn" and n % 9 == 0,
    )
    arms = {
        "english": {"mode": "mono", "languages": ["eng_Latn"]},
        "mono": {"mode": "mono"},
        "cross": {"mode": "cross"},
        "hybrid": {"mode": "hybrid", "alpha": 0.3},
    }
    seen = {
        name: [b.item_ids for b in build(corpus, tmp_path / name, steps=40, common_items=True, **arm)]
        for name, arm in arms.items()
    }
    assert len({i for b in seen["english"] for i in b}) == 200 - 23
    assert all(items == seen["english"] for items in seen.values())


def test_hybrid_batches_are_those_of_its_mono_and_cross_arms(corpus: Path, tmp_path: Path) -> None:
    arms = {mode: build(corpus, tmp_path / mode, steps=30, mode=mode) for mode in ("mono", "cross", "hybrid")}
    for n, batch in enumerate(arms["hybrid"]):
        assert batch.table.equals(arms[batch.kind][n].table)


def test_alpha_0_and_1_are_cross_and_mono(corpus: Path, tmp_path: Path) -> None:
    for alpha, mode in ((1.0, "mono"), (0.0, "cross")):
        hybrid = build(corpus, tmp_path / f"{mode}-hybrid", steps=9, alpha=alpha)
        plain = build(corpus, tmp_path / mode, steps=9, mode=mode)
        assert all(a.table.equals(b.table) for a, b in zip(hybrid, plain, strict=True))


def test_same_seed_same_bytes_other_seed_other_bytes(corpus: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        build(corpus, tmp_path / name, epochs=1, seed=seed)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert set(a) == {"_manifest.json", "batches-00000.parquet"}
    assert a["batches-00000.parquet"] != c["batches-00000.parquet"]


def test_small_buckets_and_files_give_the_same_batches(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(corpus, tmp_path / "whole", epochs=1)
    monkeypatch.setattr("mtqa.shards.gather.BUCKET_BYTES", 1000)
    monkeypatch.setattr("mtqa.shards.spill.FLUSH_BYTES", 500)
    monkeypatch.setattr("mtqa.shards.index.READ_BYTES", 100)
    monkeypatch.setattr("mtqa.core.shardfile.ShardWriter.__init__.__defaults__", ("batches", 7))
    parts = build(corpus, tmp_path / "parts", epochs=1)
    assert len(list((tmp_path / "parts").glob("*.parquet"))) == 4
    assert all(a.table.equals(b.table) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize(("last", "batches", "refilled", "dropped"), [("refill", 3, 5, 0), ("drop", 2, 0, 5)])
def test_the_last_batch_is_refilled_or_dropped(
    tmp_path: Path, last: str, batches: int, refilled: int, dropped: int
) -> None:
    corpus = make_corpus(tmp_path / "corpus", plain_items(25))
    got = build(corpus, tmp_path / "out", epochs=1, last=last)
    counts = open_shards(tmp_path / "out").manifest.counts
    assert len(got) == batches == counts["batches"]
    assert (counts["refilled_rows"], counts["dropped_rows"]) == (refilled, dropped)
    used = Counter(i for b in got for i in b.item_ids)
    assert len(used) == (25 if last == "refill" else 20)


def test_items_that_lack_a_language_are_used_where_they_exist(tmp_path: Path) -> None:
    def missing(n: int, lang: str) -> bool:
        return (lang == "deu_Latn" and n % 2 == 0) or (lang == "spa_Latn" and n % 5 == 0)

    corpus = make_corpus(tmp_path / "corpus", plain_items(400), missing=missing)
    for mode, items in (("mono", 400), ("hybrid", 400), ("cross", 360)):
        batches = build(corpus, tmp_path / mode, epochs=1, mode=mode)
        counts = open_shards(tmp_path / mode).manifest.counts
        uses = Counter(i for b in batches for i in b.item_ids)
        assert counts["items"] == items and counts["left_out"]["items"]["lacks_languages"] == 400 - items
        # In one epoch only the last, refilled, batches may leave an item for later.
        assert sum(uses.values()) == items and len(uses) >= items - 40
        assert counts["shared"]["rows"] == 0


def test_rows_without_passage_are_left_out_and_counted(tmp_path: Path) -> None:
    def change(row: dict) -> dict:
        if row["passage"].startswith("p3 "):
            return {**row, "passage": None, "passage_id": None}
        return {**row, "passage": ""} if row["passage"].startswith("p4 ") else row

    corpus = make_corpus(tmp_path / "corpus", plain_items(30), change=change)
    build(corpus, tmp_path / "out", epochs=1)
    counts = open_shards(tmp_path / "out").manifest.counts
    assert counts["left_out"]["rows"] == {"no_text": 6, "duplicate": 0} and counts["items"] == 28


def test_two_corpora_are_joined_and_an_item_in_both_counts_once(tmp_path: Path) -> None:
    a = make_corpus(tmp_path / "a", plain_items(30))
    b = make_corpus(tmp_path / "b", plain_items(50)[20:], languages=["eng_Latn", "deu_Latn"])
    build_shards([a, b], ShardSettings(batch_size=10, epochs=1), tmp_path / "out")
    counts = open_shards(tmp_path / "out").manifest.counts
    assert counts["items"] == 50 and counts["left_out"]["rows"]["duplicate"] == 20
    rows = [row for batch in iter_batches(tmp_path / "out") for row in batch.table.to_pylist()]
    assert all(row["query"].split("?")[0].split()[1] == row["query_lang"] for row in rows)


def test_a_second_run_is_up_to_date_and_other_settings_need_overwrite(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "out", steps=3)
    stamp = (tmp_path / "out" / "_manifest.json").stat().st_ino
    build(corpus, tmp_path / "out", steps=3)
    assert (tmp_path / "out" / "_manifest.json").stat().st_ino == stamp
    with pytest.raises(UsageError):
        build(corpus, tmp_path / "out", steps=4)


def test_temperature_1_draws_languages_by_size(tmp_path: Path) -> None:
    corpus = make_corpus(
        tmp_path / "corpus",
        plain_items(100),
        languages=["deu_Latn", "eng_Latn"],
        missing=lambda n, lang: lang == "deu_Latn" and n >= 25,
    )
    build(corpus, tmp_path / "out", steps=100, mode="mono", sampling="temperature", temperature=1)
    mono = open_shards(tmp_path / "out").manifest.counts["mono_languages"]
    assert mono["asked"] == {"deu_Latn": 0.2, "eng_Latn": 0.8}
    assert mono["got"]["deu_Latn"] < 35


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"languages": ["eng_Latn"], "mode": "cross"}, "two languages"),
        ({"languages": ["fra_Latn"], "mode": "mono"}, "no fra_Latn"),
        ({"split": "test"}, "split 'test'"),
    ],
)
def test_what_cannot_be_built_is_said_before_anything_is_written(
    corpus: Path, tmp_path: Path, settings: dict, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        build(corpus, tmp_path / "out", steps=3, **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mode", "where"),
    [
        ("mono", "9 items in the largest language"),
        ("cross", "9 items in both languages of a pair"),
        ("hybrid", "9 items in the largest language, 9 items in both languages of a pair"),
    ],
)
def test_fewer_items_than_a_batch_is_an_error_that_counts_them(tmp_path: Path, mode: str, where: str) -> None:
    corpus = make_corpus(tmp_path / "corpus", plain_items(9))
    with pytest.raises(UsageError, match="too few items") as caught:
        build(corpus, tmp_path / "out", steps=1, mode=mode)
    assert caught.value.where == where


def test_a_language_by_another_name_is_the_same_language(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "a", steps=3, languages=["es", "German"])
    build(corpus, tmp_path / "b", steps=3, languages=["deu_Latn", "spa_Latn"])
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_most_rows_of_a_large_corpus_may_be_unused(tmp_path: Path) -> None:
    """Files longer than a read of the gatherer, of which some reads and one language give no row."""
    corpus = make_corpus(tmp_path / "corpus", plain_items(9000), languages=["deu_Latn", "eng_Latn"])
    batches = build(corpus, tmp_path / "out", steps=1, mode="mono")
    assert {lang for b in batches for lang in b.query_langs} < {"deu_Latn", "eng_Latn"}
    assert all(
        q.split("?")[0].split()[1] == lang for b in batches for q, lang in zip(b.queries, b.query_langs, strict=True)
    )


def test_long_texts_are_read_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet keeps no least value of texts over 4 KB: whether one is empty takes reading them, in bounded pieces."""
    corpus = make_corpus(
        tmp_path / "corpus", plain_items(900), ["eng_Latn"], change=lambda row: {**row, "passage": row["passage"] * 900}
    )
    sizes: list[int] = []
    from mtqa.shards import index

    read = index.read_batches

    def spy(path: Path, columns: list[str], size: int, threads: bool = True) -> object:
        for batch in read(path, columns, size, threads=threads):
            if "passage" in columns and size != index.SAMPLE:
                sizes.append(batch.nbytes)
            yield batch

    monkeypatch.setattr(index, "read_batches", spy)
    monkeypatch.setattr(index, "READ_BYTES", 4 << 20)
    batches = build(corpus, tmp_path / "out", steps=3, mode="mono")
    assert all(len(p) > 5000 for b in batches for p in b.passages)
    assert max(sizes) < 5 << 20 < sum(sizes)


def test_the_index_is_the_same_however_many_rows_are_merged_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two corpora, each item in some languages, some rows twice; looked up row by row in the files."""
    from mtqa.core.corpus import open_corpus
    from mtqa.shards.index import IDS, read_index

    names = [(f"i{n}", f"p{n // 3}", f"q{n // 2}") for n in range(90)]
    folders = [
        make_corpus(tmp_path / "a", names[:60], missing=lambda n, lang: (n + len(lang[0]) + ord(lang[0])) % 4 == 0),
        make_corpus(tmp_path / "b", names[40:], missing=lambda n, lang: n % 5 == ord(lang[0]) % 5),
    ]
    corpora = [open_corpus(folder) for folder in folders]
    expected: dict[str, dict[str, tuple[int, list[str]]]] = {lang: {} for lang in LANGUAGES}
    read = twice = 0
    for lang, found in expected.items():
        rows = [row for corpus in corpora for batch in corpus.batches(lang, "train") for row in batch.to_pylist()]
        for at, row in enumerate(rows):
            found.setdefault(row["item_id"], (at, [row[name] for name in (*IDS, "dataset")]))
        read, twice = read + len(rows), twice + len(rows) - len(found)
    assert twice
    for chunk in (1, 7, 1 << 20):
        monkeypatch.setattr("mtqa.shards.index.CHUNK_ROWS", chunk)
        index = read_index(corpora, "train")
        assert (index.counts["rows"], index.counts["duplicate"]) == (read, twice)
        assert index.languages == sorted(LANGUAGES) and index.items == len({i for f in expected.values() for i in f})
        texts = [*(id_texts(ids).to_pylist() for ids in index.ids), [index.datasets[n] for n in index.dataset]]
        for lang, rows in zip(index.languages, index.rows, strict=True):
            got = {texts[0][n]: (int(row), [t[n] for t in texts]) for n, row in enumerate(rows) if row >= 0}
            assert got == expected[lang]
        for numbers, ids in ((index.passage, index.ids[1]), (index.question, index.ids[2])):
            assert ((numbers[:, None] == numbers) == (ids[:, None] == ids)).all()
