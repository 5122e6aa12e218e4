"""Small corpora with ids as collect makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mtqa.core.corpus import TableWriter
from mtqa.core.hashing import content_id
from mtqa.core.output import Work, building

LANGUAGES = ("deu_Latn", "eng_Latn", "spa_Latn")
Item = tuple[str, str, str]
"""Names of item, passage, question."""


def plain_items(count: int) -> list[Item]:
    """Items that share nothing."""
    return [(f"i{n}", f"p{n}", f"q{n}") for n in range(count)]


def make_corpus(
    folder: Path,
    items: Sequence[Item],
    languages: Sequence[str] = LANGUAGES,
    missing: Callable[[int, str], bool] = lambda n, lang: False,
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row,
) -> Path:
    """Write a corpus whose texts name item and language; rows of a language in an order of its own."""
    with building(folder, Work("collect", 1, {"of": folder.name}, {})) as build:
        parts = {}
        for lang in languages:
            rows = [
                change(
                    {
                        "item_id": content_id(item),
                        "passage_id": content_id(passage),
                        "question_id": content_id(question),
                        "dataset": "made",
                        "licence": "MIT",
                        "split": "train",
                        "lang": lang,
                        "question": f"{question} {lang}?",
                        "passage": f"{passage} {lang}.",
                        "answers": [],
                    }
                )
                for n, (item, passage, question) in enumerate(items)
                if not missing(n, lang)
            ]
            rows.sort(key=lambda row: content_id(lang, row["item_id"]))
            with TableWriter(build.path, f"{lang}/train", rows_per_file=1 << 20) as writer:
                writer.write(rows)
            parts[lang] = build.record_part(lang, writer.rows, {"kept": len(rows)})
        build.finish(parts, licences=["MIT"])
    return folder


def add_groups(folder: Path, lang: str, groups: Sequence[tuple[str, str, str]]) -> None:
    """Add near-duplicates as the filter notes them: (field, name of passage or question, group) in one file."""
    from dataclasses import replace

    import pyarrow as pa
    import pyarrow.parquet as pq

    from mtqa.core.manifest import load_manifest, record_file
    from mtqa.core.near import GROUPS

    name = f".groups/{lang}/train-00000.parquet"
    (folder / name).parent.mkdir(parents=True)
    rows = [{"field": field, "id": content_id(text), "group": group} for field, text, group in groups]
    pq.write_table(pa.Table.from_pylist(rows, schema=GROUPS), folder / name)
    manifest = load_manifest(folder)
    part = manifest.parts[lang]
    files = part.files | {name: record_file(folder / name, len(rows))}
    replace(manifest, parts=manifest.parts | {lang: replace(part, files=files)}).save(folder)
