from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.core.corpus import TableWriter, open_corpus
from mtqa.core.hashing import content_id
from mtqa.core.manifest import Manifest, Part, record_file
from mtqa.publish import parallel
from mtqa.publish.parallel import UnorderedError, write_parallel
from mtqa.publish.run import publish_dataset
from mtqa.publish.settings import PublishSettings


def corpus_of(folder: Path, items: dict[str, list[int]]) -> Path:
    """Write a corpus whose languages hold the given items, in the given order."""
    parts = {}
    for lang, numbers in items.items():
        with TableWriter(folder, f"{lang}/train") as writer:
            for number in numbers:
                writer.write([row(number, lang)])
        files = {name: record_file(folder / name, n) for name, n in writer.rows.items()}
        parts[lang] = Part("f" * 64, files, {})
    Manifest("filter", 1, {}, {}, parts, {}, ["CC-BY-4.0"], {}).save(folder)
    return folder


def row(number: int, lang: str) -> dict[str, Any]:
    return {
        "item_id": content_id("item", str(number)),
        "passage_id": None,
        "question_id": "0" * 16,
        "dataset": "d",
        "licence": "CC-BY-4.0",
        "split": "train",
        "lang": lang,
        "question": f"{lang} {number}?",
        "passage": f"{lang} {number}." if number % 3 else None,
        "title": None,
        "answers": [{"text": f"{lang} {i}", "start": None} for i in range(number % 3)],
        "mt": None,
    }


def expected(items: dict[str, list[int]], number: int) -> dict[str, Any]:
    rows = {lang: row(number, lang) if number in items[lang] else None for lang in items}
    return {
        "item_id": content_id("item", str(number)),
        "dataset": "d",
        "licence": "CC-BY-4.0",
        "question": {lang: r and r["question"] for lang, r in rows.items()},
        "passage": {lang: r and r["passage"] for lang, r in rows.items()},
        "answers": {lang: [a["text"] for a in r["answers"]] if r else None for lang, r in rows.items()},
    }


@pytest.mark.parametrize("at_once", [1, 3, 8192])
def test_languages_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(parallel, "ROWS_AT_ONCE", at_once)
    items = {
        "eng_Latn": [5, 2, 9, 4, 7, 1, 8, 0],
        "deu_Latn": [5, 9, 4, 1, 0],
        "spa_Latn": [33, 2, 9, 34, 8, 35],
    }
    written = write_parallel(open_corpus(corpus_of(tmp_path / "c", items)), tmp_path / "out")
    assert written.files == {"train": ["data/parallel/train-00000-of-00001.parquet"]}
    table = pq.read_table(tmp_path / "out" / written.files["train"][0])
    wanted = [n for n in items["eng_Latn"] if n in items["deu_Latn"] or n in items["spa_Latn"]]
    assert table.to_pylist() == [expected(items, n) for n in wanted]
    assert written.rows == {"train": 7} and table.schema.field("question").type == pa.struct(
        [(lang, pa.string()) for lang in items]
    )


def test_another_order_is_said_and_leaves_no_configuration(tmp_path: Path) -> None:
    items = {"eng_Latn": [1, 2, 3], "deu_Latn": [2, 1]}
    corpus = corpus_of(tmp_path / "c", items)
    with pytest.raises(UnorderedError, match="deu_Latn"):
        write_parallel(open_corpus(corpus), tmp_path / "out")
    publish_dataset(corpus, PublishSettings(repo="me/x", translation_licence="MIT"), tmp_path / "published")
    assert not (tmp_path / "published" / "data" / "parallel").exists()
    assert "parallel" not in (tmp_path / "published" / "README.md").read_text()


def test_one_language_has_nothing_beside_it(tmp_path: Path) -> None:
    corpus = open_corpus(corpus_of(tmp_path / "c", {"eng_Latn": [1]}))
    assert write_parallel(corpus, tmp_path / "out").rows == {}


def test_it_can_be_left_out(make_corpus: Callable[..., Path], tmp_path: Path) -> None:
    publish_dataset(make_corpus(), PublishSettings(repo="me/x", parallel=False), tmp_path / "out")
    assert not (tmp_path / "out" / "data" / "parallel").exists()


def test_croissant_names_every_file_with_its_hash(make_corpus: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish_dataset(make_corpus(), PublishSettings(repo="me/x"), out)
    data = json.loads((out / "croissant.json").read_text())
    sums = dict(reversed(line.split("  ")) for line in (out / "SHA256SUMS").read_text().splitlines())  # type: ignore[misc]
    files = {entry["@id"]: entry for entry in data["distribution"] if entry["@type"] == "cr:FileObject"}
    assert files.pop("repo")["contentUrl"] == "https://huggingface.co/datasets/me/x/tree/main"
    assert {name: entry["sha256"] for name, entry in files.items()} == {
        name: digest for name, digest in sums.items() if name.startswith("data/")
    }
    assert all(int(e["contentSize"].split()[0]) == (out / name).stat().st_size for name, e in files.items())
    assert [records["name"] for records in data["recordSet"]] == ["eng_Latn", "deu_Latn", "spa_Latn", "parallel"]
    for records in data["recordSet"]:
        columns = pq.read_schema(next((out / "data" / records["name"]).iterdir())).names
        fields = [f for field in records["field"] for f in field.get("subField", [field])]
        assert {field["source"]["extract"]["column"] for field in fields} <= set(columns)
    assert data["license"] == "cc-by-4.0" and data["inLanguage"] == ["en", "de", "es"]
