"""What the manifest says is what the files hold; an interrupted build leaves nothing and the next one is whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from shard_corpora import make_corpus

from mtqa.core.shardfile import open_shards
from mtqa.shards import iter_batches
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Passages of up to nine questions, one question asked of fifty passages, German for two items in three."""
    items = [(f"i{n}", f"p{n // (1 + n % 9)}", "q" if n % 6 == 0 else f"q{n % 200}") for n in range(300)]
    folder = tmp_path_factory.mktemp("audit") / "corpus"
    return make_corpus(folder, items, missing=lambda n, lang: lang == "deu_Latn" and n % 3 == 0)


@pytest.mark.parametrize("mode", ["mono", "cross", "hybrid"])
def test_the_counts_are_those_of_the_files(uneven: Path, tmp_path: Path, mode: str) -> None:
    settings = ShardSettings(mode=mode, batch_size=20, epochs=2, pair_with="other", seed=3)
    counts = build_shards([uneven], settings, tmp_path / "out").counts
    batches = list(iter_batches(tmp_path / "out"))
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    assert (counts["batches"], counts["rows"]) == (len(batches), len(rows))
    kinds = Counter(batch.kind for batch in batches)
    assert {name: n for name, n in counts["kinds"]["got"].items() if n} == kinds
    mono = Counter(batch.query_langs[0] for batch in batches if batch.kind == "mono")
    assert {name: n for name, n in counts["mono_languages"].get("got", {}).items() if n} == mono
    cross = Counter(f"{row['query_lang']}>{row['passage_lang']}" for row in rows if row["kind"] == "cross")
    assert {name: n for name, n in counts["cross_pairs"].get("got", {}).items() if n} == cross
    second = Counter(row["lang_2"] for row in rows)
    assert {name: n for name, n in counts["second_languages"]["got"].items() if n} == second
    uses = Counter(row["item_id"] for row in rows)
    by_uses = Counter(str(n) for n in uses.values())
    assert {times: n for times, n in counts["items_by_uses"].items() if times != "0"} == by_uses
    shared = Counter()
    for batch in batches:
        seen: dict[str, set[str]] = {"item": set(), "passage": set(), "question": set()}
        for ids in zip(batch.item_ids, batch.passage_ids, batch.question_ids, strict=True):
            again = [name for name, one in zip(seen, ids, strict=True) if one in seen[name]]
            shared.update([*again, *["rows"] * bool(again)])
            for name, one in zip(seen, ids, strict=True):
                seen[name].add(one)
    assert {name: counts["shared"][name] for name in ("rows", "item", "passage", "question")} == {
        name: shared[name] for name in ("rows", "item", "passage", "question")
    }
    assert counts["shared"]["rows"] >= counts["shared"]["unavoidable"] > 0


@pytest.mark.parametrize(
    "where", ["mtqa.shards.spill.Spill.add", "mtqa.shards.spill.Spill.take", "mtqa.shards.run.lineage"]
)
def test_an_interrupted_build_leaves_nothing_and_the_next_is_whole(
    uneven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    settings = ShardSettings(batch_size=20, epochs=1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(where, stop)
        with pytest.raises(KeyboardInterrupt):
            build_shards([uneven], settings, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    # What kill -9 leaves: a half-built folder beside the output.
    (tmp_path / ".out.tmp" / ".spill").mkdir(parents=True)
    (tmp_path / ".out.tmp" / ".spill" / "query-0.arrows").write_bytes(b"half")
    build_shards([uneven], settings, tmp_path / "out")
    build_shards([uneven], settings, tmp_path / "other")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["other", "out"]
    one, other = (open_shards(tmp_path / name).manifest for name in ("out", "other"))
    assert one == other
