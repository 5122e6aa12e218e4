"""Shards by batch number, by rank, and damaged."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building
from mtqa.core.schema import SHARD
from mtqa.core.shardfile import ShardWriter, iter_batches, open_shards

SIZE = 4


def table(batches: range) -> pa.Table:
    rows = [
        {
            "batch": n,
            "kind": "mono" if n % 2 else "cross",
            **{name: f"{name} {n}.{i}" for name in ("item_id", "passage_id", "question_id", "query", "passage")},
            "dataset": "made",
            "query_lang": "eng_Latn",
            "passage_lang": "deu_Latn",
            "negatives": [{"passage_id": "x", "lang": "deu_Latn", "text": "t"}] if n == 0 else None,
        }
        for n in batches
        for i in range(SIZE)
    ]
    return pa.Table.from_pylist(rows, schema=SHARD)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Eight batches of four in files of three."""
    out = tmp_path / "shards"
    with building(out, Work("build-shards", 1, {"batch_size": SIZE}, {})) as build:
        with ShardWriter(build.path, SIZE, per_file=3) as writer:
            writer.write(table(range(0, 1)))
            writer.write(table(range(1, 8)))
        build.finish({"all": build.record_part("f", writer.rows)})
    return out


def test_one_row_group_is_one_batch_and_files_are_bounded(shards: Path) -> None:
    groups = [pq.ParquetFile(p).metadata for p in sorted(shards.glob("*.parquet"))]
    assert [g.num_row_groups for g in groups] == [3, 3, 2]
    assert {g.row_group(n).num_rows for g in groups for n in range(g.num_row_groups)} == {SIZE}
    columns = [groups[0].row_group(0).column(n) for n in range(groups[0].num_columns)]
    packed = {column.path_in_schema for column in columns if column.compression == "ZSTD"}
    assert packed == {"query", "passage", "query_2", "passage_2", "negatives.list.element.text"}


def test_any_batch_in_any_order(shards: Path) -> None:
    opened = open_shards(shards)
    assert (len(opened), opened.batch_size) == (8, SIZE)
    for n in (7, 0, 3, 2, 7, 5):
        batch = opened.batch(n)
        assert batch.table.equals(table(range(n, n + 1)))
        assert (batch.number, len(batch), batch.kind) == (n, SIZE, "mono" if n % 2 else "cross")
        assert batch.queries == [f"query {n}.{i}" for i in range(SIZE)]
        assert batch.passages[1] == f"passage {n}.1" and batch.passage_langs == ["deu_Latn"] * SIZE
        assert batch.item_ids[3] == f"item_id {n}.3"


@pytest.mark.parametrize("n", [-1, 8])
def test_beyond_the_end_is_an_index_error(shards: Path, n: int) -> None:
    with pytest.raises(IndexError):
        open_shards(shards).batch(n)


def test_ranks_share_whole_batches(shards: Path) -> None:
    assert [[b.number for b in iter_batches(shards, rank, 3)] for rank in range(3)] == [[0, 3, 6], [1, 4, 7], [2, 5]]
    with pytest.raises(ValueError):
        iter_batches(shards, 3, 3)


def test_public_name() -> None:
    import mtqa.shards

    assert mtqa.shards.iter_batches is iter_batches
    with pytest.raises(AttributeError):
        mtqa.shards.nothing  # noqa: B018


def test_only_whole_batches_can_be_written(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, SIZE) as writer, pytest.raises(ValueError):
        writer.write(table(range(1)).slice(1))


def test_a_truncated_file_is_named(shards: Path) -> None:
    path = shards / "batches-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UsageError) as error:
        open_shards(shards)
    assert error.value.where == str(path)


def test_a_flipped_byte_in_a_batch_is_found_when_it_is_read(shards: Path) -> None:
    path = shards / "batches-00001.parquet"
    start = pq.ParquetFile(path).metadata.row_group(1).column(6)
    data = bytearray(path.read_bytes())
    data[start.data_page_offset + start.total_compressed_size - 3] ^= 0x10
    path.write_bytes(data)
    opened = open_shards(shards)
    assert opened.batch(3).number == 3
    with pytest.raises(UsageError) as error:
        opened.batch(4)
    assert error.value.where == str(path)


def test_row_groups_that_are_no_batches_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "other"
    with building(out, Work("build-shards", 1, {"batch_size": SIZE}, {})) as build:
        pq.write_table(table(range(3)), build.path / "batches-00000.parquet", row_group_size=6)
        build.finish({"all": build.record_part("f", {"batches-00000.parquet": 12})})
    with pytest.raises(UsageError):
        open_shards(out).batch(0)


@pytest.mark.parametrize("stage", ["collect", "train"])
def test_another_stage_is_refused(tmp_path: Path, stage: str) -> None:
    Manifest(stage, 1, {}, {}, {}).save(tmp_path)
    with pytest.raises(UsageError, match="no shards"):
        open_shards(tmp_path)
