"""Weights, fixed and excluded pairs, second versions, near-duplicates, mixed sources."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shard_corpora import LANGUAGES, add_groups, make_corpus, plain_items

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.manifest import Manifest
from mtqa.core.recipe import parse
from mtqa.shards import iter_batches
from mtqa.shards.choice import choose
from mtqa.shards.compose import CROSS, plan_batches
from mtqa.shards.index import read_index
from mtqa.shards.pairs import SecondVersions, allowed_pairs, with_codes
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings
from mtqa.shards.stats import composition


def build(corpus: Path, out: Path, **options: object) -> tuple[Manifest, list[dict]]:
    manifest = build_shards([corpus], parse(ShardSettings, {"batch_size": 10, **options}, "test"), out)
    return manifest, [row for batch in iter_batches(out) for row in batch.table.to_pylist()]


def languages(rows: list[dict]) -> Counter[tuple[str, str]]:
    return Counter((row["query_lang"], row["passage_lang"]) for row in rows)


@pytest.mark.parametrize(
    ("pairs", "excluded", "allowed"),
    [
        (None, [], {"ab", "ac", "ba", "bc", "ca", "cb"}),
        (["a>*"], [], {"ab", "ac"}),
        (["*>*"], ["b>*", "*>b"], {"ac", "ca"}),
        (["a>b", "b>a"], ["b>a"], {"ab"}),
    ],
)
def test_pairs_by_name_and_wildcard(pairs: list | None, excluded: list, allowed: set) -> None:
    table = allowed_pairs(list("abc"), pairs, excluded)
    assert {"abc"[q] + "abc"[p] for q, p in np.argwhere(table)} == allowed


@pytest.mark.parametrize("pair", ["eng_Latn>eng_Latn", "eng_Latn>fra_Latn"])
def test_a_pair_that_cannot_be_is_an_error(corpus: Path, tmp_path: Path, pair: str) -> None:
    with pytest.raises(UsageError, match="no pair of different languages"):
        build(corpus, tmp_path / "out", steps=1, pairs=pair)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": "eng_Latn"}, "QUERY>PASSAGE"),
        ({"weights": "deu_Latn"}, "LANGUAGE=FACTOR"),
        ({"weights": {"deu_Latn": -1}}, "0 or more"),
        ({"weights": {"fra_Latn": 1}}, "no fra_Latn"),
        ({"pair_with": "fra_Latn"}, "no fra_Latn"),
        ({"weights": "deu_Latn=0,eng_Latn=0", "mode": "cross"}, "too few items"),
    ],
)
def test_wrong_options_are_named(corpus: Path, tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(corpus, tmp_path / "out", steps=1, **options)
    assert not list(tmp_path.iterdir())


def test_only_fixed_pairs_are_used_and_excluded_ones_never(corpus: Path, tmp_path: Path) -> None:
    manifest, rows = build(corpus, tmp_path / "a", steps=30, mode="cross", pairs="de>*,es>en")
    assert set(languages(rows)) == {("deu_Latn", "eng_Latn"), ("deu_Latn", "spa_Latn"), ("spa_Latn", "eng_Latn")}
    assert set(manifest.counts["cross_pairs"]["asked"]) == {
        "deu_Latn>eng_Latn",
        "deu_Latn>spa_Latn",
        "spa_Latn>eng_Latn",
    }
    assert manifest.settings["pairs"] == ["deu_Latn>*", "spa_Latn>eng_Latn"]
    _, rows = build(corpus, tmp_path / "b", steps=30, mode="cross", exclude_pairs="eng_Latn>*")
    assert {query for query, _ in languages(rows)} == {"deu_Latn", "spa_Latn"}
    assert {passage for _, passage in languages(rows)} == set(LANGUAGES)


def test_weights_are_factors_of_the_draws(corpus: Path, tmp_path: Path) -> None:
    """Mono: 2 : 1 : 1. Cross: pairs in the ratio of the products, 2 : 2 : 1 of 10 for de-en, de-es, en-es each way."""
    manifest, _ = build(corpus, tmp_path / "out", steps=400, weights="deu_Latn=2")
    counts = manifest.counts
    assert counts["mono_languages"]["asked"] == {"deu_Latn": 0.5, "eng_Latn": 0.25, "spa_Latn": 0.25}
    assert counts["cross_pairs"]["asked"]["deu_Latn>eng_Latn"] == 0.2
    assert counts["cross_pairs"]["asked"]["spa_Latn>eng_Latn"] == 0.1
    assert counts["mono_languages"]["test"]["p"] > 0.001 and counts["cross_pairs"]["test"]["p"] > 0.001
    _, rows = build(corpus, tmp_path / "none", steps=100, weights={"spa_Latn": 0})
    assert not any("spa_Latn" in pair for pair in languages(rows))


def test_a_fixed_second_version_may_be_of_a_language_that_is_not_drawn(tmp_path: Path) -> None:
    corpus = make_corpus(
        tmp_path / "corpus", plain_items(60), missing=lambda n, lang: lang == "eng_Latn" and n % 6 == 0
    )
    manifest, rows = build(corpus, tmp_path / "out", epochs=1, languages=["de", "es"], pair_with="English")
    assert manifest.counts["left_out"]["items"]["no_second_version"] == 10 and manifest.counts["items"] == 50
    for row in rows:
        name = row["query"].split()[0]
        assert row["lang_2"] == "eng_Latn" != row["query_lang"]
        assert row["query_2"] == f"{name} eng_Latn?" and row["passage_2"] == f"p{name[1:]} eng_Latn."


def test_another_second_version_is_never_the_querys_language(tmp_path: Path) -> None:
    corpus = make_corpus(
        tmp_path / "corpus", plain_items(90), missing=lambda n, lang: (lang != "eng_Latn") and n % 3 == 0
    )
    manifest, rows = build(corpus, tmp_path / "out", epochs=9, pair_with="other", weights="spa_Latn=3")
    assert manifest.counts["left_out"]["items"]["no_second_version"] == 30
    for row in rows:
        assert row["lang_2"] != row["query_lang"]
        assert row["query_2"] == f"{row['query'].split()[0]} {row['lang_2']}?"
        assert row["passage_2"] == f"{row['passage'].split()[0]} {row['lang_2']}."
    assert manifest.counts["second_languages"]["test"]["p"] > 0.001
    _, without = build(corpus, tmp_path / "plain", epochs=9, weights="spa_Latn=3", languages=list(LANGUAGES))
    assert all(row["query_2"] is row["passage_2"] is row["lang_2"] is None for row in without)


def test_second_versions_are_drawn_by_weight_among_what_the_item_has() -> None:
    has = np.array([[True, True, True, False], [False, True, True, True]])
    versions = SecondVersions(has, np.array([0.1, 0.3, 0.6, 0.0]), 1)
    drawn = versions.draw(np.zeros(30_000, int), np.zeros(30_000, int))
    assert np.bincount(drawn, minlength=4)[1:] / 30_000 == pytest.approx([1 / 3, 2 / 3, 0], abs=0.02)
    assert set(versions.draw(np.ones(500, int), np.full(500, 2)).tolist()) == {1}


def test_near_duplicates_of_any_language_do_not_share_a_batch(tmp_path: Path) -> None:
    """Twenty passages in groups of two, chained over languages to groups of four, and as many questions."""
    corpus = make_corpus(tmp_path / "corpus", plain_items(200))
    add_groups(corpus, "deu_Latn", [("passage", f"p{n}", str(n // 2)) for n in range(20)])
    add_groups(corpus, "spa_Latn", [("passage", f"p{n}", str((n + 1) // 4)) for n in (1, 2, 5, 6, 9, 10, 13, 14)])
    add_groups(corpus, "eng_Latn", [("question", f"q{n}", "same") for n in range(30, 40)])
    manifest, _ = build(corpus, tmp_path / "out", epochs=3)
    group = {content_id(f"i{n}"): f"p{n // 4}" for n in range(16)} | {
        content_id(f"i{n}"): f"p{n // 2}b" for n in (16, 17)
    }
    group |= {content_id(f"i{n}"): "q" for n in range(30, 40)}
    seen = 0
    for batch in iter_batches(tmp_path / "out"):
        marks = [group[i] for i in batch.item_ids if i in group]
        assert len(marks) == len(set(marks))
        seen += len(marks)
    assert seen == 3 * 28 and manifest.counts["near_duplicates"] == {"passages": 20, "questions": 10}
    assert manifest.counts["shared"]["rows"] == 0 < manifest.counts["shared"]["avoided"]


def test_english_only_items_among_parallel_ones_do_not_all_come_last(tmp_path: Path) -> None:
    parallel = make_corpus(tmp_path / "parallel", plain_items(300))
    english = make_corpus(tmp_path / "english", [(f"e{n}", f"ep{n}", f"eq{n}") for n in range(300)], ["eng_Latn"])
    manifest = build_shards([parallel, english], ShardSettings(batch_size=10, epochs=1), tmp_path / "out")
    batches = list(iter_batches(tmp_path / "out"))
    only = {content_id(f"e{n}") for n in range(300)}
    counts = manifest.counts
    assert counts["forced_batches"] > 10
    used = Counter(i for b in batches for i in b.item_ids)
    assert set(used.values()) == {1} and len(used) == 600
    where = [n for n, b in enumerate(batches) if set(b.item_ids) <= only]
    assert len(where) > 15 and min(where) < 15 and np.mean(where) == pytest.approx(29.5, abs=10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(["mono", "cross", "hybrid"]),
    alpha=st.floats(0, 1),
    epochs=st.integers(2, 3),
    lacking=st.integers(2, 9),
    shared=st.integers(1, 3),
    weight=st.sampled_from([0.2, 1.0, 5.0]),
    exclude=st.sampled_from([[], ["eng_Latn>*"], ["deu_Latn>spa_Latn"]]),
    seed=st.integers(0, 5),
)
def test_every_item_is_used_before_any_is_used_again(
    tmp_path_factory: pytest.TempPathFactory, lacking: int, shared: int, weight: float, exclude: list, **options: object
) -> None:
    """Uses of items differ by one at most, but for what an epoch's tail leaves to the next (5 % or two batches)."""
    items = [(f"i{n}", f"p{n // shared}", f"q{n}") for n in range(150)]
    folder = tmp_path_factory.mktemp("uses")
    corpus = make_corpus(folder / "c", items, missing=lambda n, lang: lang == LANGUAGES[n % 3] and n % lacking == 0)
    index = read_index([open_corpus(corpus)], "train")
    wanted = with_codes(
        ShardSettings(batch_size=5, weights={"spa_Latn": weight}, exclude_pairs=exclude, **options), set(LANGUAGES)
    )
    choice = choose(index, wanted)
    plan = plan_batches(index, choice, wanted)
    uses = np.bincount(plan.items.ravel(), minlength=index.items)[choice.items]
    late = max(2 * 5, 0.05 * len(uses) + 5)
    for times in range(wanted.epochs or 0):
        assert (uses <= times).sum() <= (times + 1 == wanted.epochs) * late + (times + 1 < (wanted.epochs or 0)) * late
    assert uses.max() <= (wanted.epochs or 0) + 1 and (uses > (wanted.epochs or 0)).sum() <= late
    counts = composition(plan, index, choice, wanted)
    assert sum(counts["items_by_uses"].values()) == len(uses)
    cross = plan.kinds == CROSS
    assert choice.pairs[plan.query[cross], plan.passage[cross]].all()
    for batch in plan.items:
        assert len(np.unique(index.passage[batch])) == len(batch)
