"""Corpora: written, read back, opened by `load_dataset`, damaged."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from mtqa.core import corpus as module
from mtqa.core.corpus import TableWriter, config_files, open_corpus, read_batches, write_readme
from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building
from mtqa.core.schema import CORPUS, REJECTED


def row(n: int, lang: str, split: str = "train", mt: dict | None = None) -> dict:
    return {
        "item_id": f"i{n}",
        "passage_id": f"p{n}",
        "question_id": f"q{n}",
        "dataset": "made",
        "licence": "MIT",
        "split": split,
        "lang": lang,
        "question": f"question {n}?",
        "passage": f"passage {n}.",
        "answers": [{"text": "a", "start": n}, {"text": "b", "start": None}],
        "mt": mt,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """English: 5 train, 2 validation. German: 4 train, 1 validation, 1 rejected."""
    out = tmp_path / "corpus"
    with building(out, Work("filter", 1, {}, {})) as build:
        parts = {}
        for lang, train, validation in (("eng_Latn", 5, 2), ("deu_Latn", 4, 1)):
            mt = {"model": "m", "flags": ["loop"], "segments": []} if lang == "deu_Latn" else None
            rows: dict[str, int] = {}
            for split, count in (("train", train), ("validation", validation)):
                with TableWriter(build.path, f"{lang}/{split}") as writer:
                    writer.write([row(n, lang, split, mt) for n in range(count)])
                rows |= writer.rows
            with TableWriter(build.path, f".rejected/{lang}/train", REJECTED) as writer:
                writer.write([row(9, lang) | {"reasons": []}] if lang == "deu_Latn" else [])
            parts[lang] = build.record_part(lang, rows | writer.rows)
        write_readme(build.path, "Made", config_files(parts))
        build.finish(parts)
    return out


def test_rows_splits_and_files_come_from_the_manifest(folder: Path) -> None:
    corpus = open_corpus(folder)
    assert corpus.languages == ["deu_Latn", "eng_Latn"]
    assert corpus.splits("eng_Latn") == ["train", "validation"]
    assert [corpus.rows("deu_Latn", s) for s in (None, "train", "validation", "test")] == [5, 4, 1, 0]
    assert [p.name for p in corpus.files("deu_Latn")] == ["train-00000.parquet", "validation-00000.parquet"]


def test_rows_read_back_equal_in_order_and_in_small_batches(folder: Path) -> None:
    corpus = open_corpus(folder)
    batches = list(corpus.batches("eng_Latn", "train", ["item_id", "answers"], size=2))
    assert [b.num_rows for b in batches] == [2, 2, 1]
    rows = [r for b in batches for r in b.to_pylist()]
    assert rows == [{k: row(n, "eng_Latn")[k] for k in ("item_id", "answers")} for n in range(5)]


def test_one_schema_in_every_file(folder: Path) -> None:
    for path in folder.glob("*/*.parquet"):
        assert pq.read_schema(path).equals(CORPUS)
        assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    assert pq.read_schema(next(folder.glob(".rejected/*/*"))).equals(REJECTED)


def test_load_dataset_sees_the_languages_and_not_the_rejected_rows(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    corpus = open_corpus(folder)
    for lang in corpus.languages:
        loaded = datasets.load_dataset(str(folder), lang, cache_dir=str(tmp_path / "cache"))
        assert {s: len(rows) for s, rows in loaded.items()} == {s: corpus.rows(lang, s) for s in corpus.splits(lang)}
        assert loaded["train"][1]["answers"] == row(1, lang)["answers"]
    header = yaml.safe_load((folder / "README.md").read_text().split("---")[1])
    assert [c["config_name"] for c in header["configs"]] == ["deu_Latn", "eng_Latn"]
    assert 'load_dataset("corpus"' in (folder / "README.md").read_text()


def test_files_and_row_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 3)
    with TableWriter(tmp_path, "x/train", rows_per_file=6) as writer:
        for start in range(0, 16, 4):
            writer.write([row(n, "x") for n in range(start, start + 4)])
    assert list(writer.rows) == [f"x/train-0000{n}.parquet" for n in range(len(writer.rows))]
    assert sum(writer.rows.values()) == 16 and max(writer.rows.values()) <= 6
    for name, count in writer.rows.items():
        meta = pq.read_metadata(tmp_path / name)
        assert meta.num_rows == count
        assert all(meta.row_group(g).num_rows <= 3 for g in range(meta.num_row_groups))
    read = [r["item_id"] for name in writer.rows for r in pq.read_table(tmp_path / name).to_pylist()]
    assert read == [f"i{n}" for n in range(16)]


def test_long_rows_make_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_BYTES", 10_000)
    with TableWriter(tmp_path, "x") as writer:
        for n in range(4):
            writer.write([row(n, "x") | {"passage": "p" * 6000}])
    assert pq.read_metadata(tmp_path / "x-00000.parquet").num_row_groups == 4


def test_arrow_data_and_dicts_write_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(n, "x") for n in range(3)]
    for name, data in (("a", rows), ("b", pa.Table.from_pylist(rows, schema=CORPUS))):
        with TableWriter(tmp_path, name) as writer:
            writer.write(data)
    assert (tmp_path / "a-00000.parquet").read_bytes() == (tmp_path / "b-00000.parquet").read_bytes()


def test_a_writer_without_rows_writes_no_file(tmp_path: Path) -> None:
    with TableWriter(tmp_path, "x") as writer:
        writer.write([])
    assert writer.rows == {} and not list(tmp_path.iterdir())


def test_a_null_where_none_may_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowException), TableWriter(tmp_path, "x") as writer:
        writer.write([row(0, "x") | {"question": None}])


def test_damage_is_a_usage_error_that_names_the_file(folder: Path) -> None:
    path = folder / "deu_Latn" / "train-00000.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(UsageError) as error:
        open_corpus(folder)
    assert error.value.where == str(path)
    path.write_bytes(b"\0" * len(whole))
    with pytest.raises(UsageError) as error:
        list(open_corpus(folder).batches("deu_Latn"))
    assert error.value.where == str(path)


def test_a_missing_column_is_a_usage_error_and_not_silence(folder: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(read_batches(folder / "eng_Latn" / "train-00000.parquet", ["item_id", "reasons"]))


def test_what_is_no_corpus_or_empty_is_refused(tmp_path: Path) -> None:
    Manifest("train", 1, {}, {}, {}).save(tmp_path)
    with pytest.raises(UsageError, match="not a corpus"):
        open_corpus(tmp_path)
    Manifest("collect", 1, {}, {}, {}).save(tmp_path)
    with pytest.raises(UsageError, match="empty"):
        open_corpus(tmp_path)


def test_disk_errors_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("in the way")
    with pytest.raises(module.MtqaError, match="Writing failed") as error, TableWriter(tmp_path, "x/train") as writer:
        writer.write([row(0, "x")])
    assert error.value.exit_code == 1 and "make room" in (error.value.next_step or "")


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 1), (errno.EACCES, 2), (errno.EISDIR, 2)])
def test_a_place_that_cannot_be_written_to_is_the_users_to_change(number: int, code: int, tmp_path: Path) -> None:
    error = module.disk_error(tmp_path, OSError(number, os.strerror(number)))
    assert error.exit_code == code
    assert ("make room" in str(error.next_step)) == (code == 1)
