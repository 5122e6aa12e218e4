"""From a file or folder to items, by its kind, its shape and, for a known source, the layout of its card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mtqa.collect.beir import beir_files, is_beir, read_beir
from mtqa.collect.files import kind
from mtqa.collect.items import RawItem
from mtqa.collect.layouts.registry import LAYOUTS, layout_reader
from mtqa.collect.layouts.tydi import ENGLISH
from mtqa.collect.mrqa import is_mrqa, read_mrqa
from mtqa.collect.pubmedqa import is_pubmedqa, read_pubmedqa
from mtqa.collect.squad import is_squad, read_squad
from mtqa.collect.tabular import (
    USUAL_COLUMNS,
    Row,
    csv_rows,
    list_rows,
    parquet_columns,
    parquet_rows,
    read_table,
    resolve_columns,
)
from mtqa.collect.trec import is_trec, read_trec, trec_files
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop
from mtqa.core.textfile import json_rows, lines, read_json

KINDS = ("json", "jsonl", "ndjson", "csv", "tsv", "parquet")
UNQUOTED = ("wikiqa",)
"""Layouts whose TSV holds quotation marks as they are."""


@dataclass(frozen=True)
class Shape:
    """What is known beforehand of a file's rows: the map of fields to columns, the layout, whether it is documents.

    `language` is the source's own word for the language that is wanted, where its rows have several.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    layout: str = "table"
    documents: bool = False
    language: str = ""


def input_files(path: Path) -> list[Path]:
    """Return the files that are read of a file or folder; raises UsageError where there is nothing to read."""
    if path.is_file():
        if kind(path) not in KINDS:
            raise UsageError(
                f"mtqa cannot read '{path.name}'.",
                where=path,
                expected=f"{', '.join('.' + k for k in KINDS)} (text also .gz), a BEIR folder or a TREC folder",
            )
        return [path]
    if not path.is_dir():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="a file, or a BEIR or TREC folder")
    if is_trec(path):
        return trec_files(path)
    plain = sorted(p for p in path.iterdir() if p.is_file() and kind(p) in KINDS)
    return beir_files(path) if is_beir(path) or not plain else plain


def read_path(path: Path, shape: Shape) -> Iterator[RawItem]:
    """Yield the items of a file, a BEIR or TREC folder, or a folder of files of one layout, in the order of names."""
    if path.is_dir() and is_trec(path):
        items: Iterator[RawItem] = read_trec(path)
    elif path.is_dir() and is_beir(path):
        items = read_beir(path)
    else:
        items = (item for file in input_files(path) for item in _read_file(file, shape))
    for item in items:
        yield item._replace(document=True) if shape.documents and not item.document else item


def map_rows(rows: Iterable[Row], layout: str, language: str = "") -> Iterator[RawItem]:
    """Yield the items of rows by a layout, of one language where it has several.

    Raises UsageError where a row has another layout, AssertionError where it gives no item and would vanish.
    """
    reader = layout_reader(layout, language)
    for where, row in rows:
        try:
            items = list(reader(row, where))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            what = f"The row does not have the layout '{layout}' ({type(error).__name__}: {error})."
            raise UsageError(what, where=where, expected="rows as the source's card says (mtqa sources)") from error
        if not items:
            raise AssertionError(f"{layout}: no item at {where}")
        yield from items


def _read_file(path: Path, shape: Shape) -> Iterator[RawItem]:
    """Return the items of a file; `.json` may hold SQuAD, PubMedQA, an array, a mapping with `data`, or JSON lines.

    One line of JSON lines is a row like any other.
    """
    file_kind = kind(path)
    if file_kind == "parquet":
        return _parquet(path, shape)
    if file_kind in ("csv", "tsv"):
        rows = partial(csv_rows, path, "," if file_kind == "csv" else "\t", quoted=shape.layout not in UNQUOTED)
        return _rows(rows(), rows(), shape, path)
    if file_kind == "json" and not _is_json_lines(path):
        data = read_json(path)
        if is_squad(data):
            return _squad(data, path, shape)
        if is_pubmedqa(data):
            return read_pubmedqa(data, path)
        entries = next((data[key] for key in ("data", "Data") if isinstance(data, dict) and key in data), data)
        if not isinstance(entries, list) and isinstance(data, dict) and _is_row(data, shape):
            entries = [data]
        if isinstance(entries, list):
            return _rows(list_rows(entries, path), list_rows(entries, path), shape, path)
        raise UsageError(
            "mtqa does not know this JSON.", where=path, expected="SQuAD, PubMedQA, an array of objects or JSON lines"
        )
    if is_mrqa(next(json_rows(path), ("", {}))[1]):
        return read_mrqa(json_rows(path), path)
    return _rows(json_rows(path), json_rows(path), shape, path)


def _rows(peek: Iterator[Row], rows: Iterable[Row], shape: Shape, path: Path) -> Iterator[RawItem]:
    """Map rows by the layout, or as a table by the columns of its first row."""
    if shape.layout in LAYOUTS:
        return map_rows(rows, shape.layout, shape.language)
    first = next(peek, (None, {}))[1]
    return read_table(lambda _: rows, resolve_columns(first, shape.columns, path)) if first else iter(())


def _parquet(path: Path, shape: Shape) -> Iterator[RawItem]:
    names = parquet_columns(path)
    if shape.layout in LAYOUTS:
        return map_rows(parquet_rows(path, {name: name for name in names}), shape.layout, shape.language)
    return read_table(partial(parquet_rows, path), resolve_columns(names, shape.columns, path))


def _squad(data: Any, path: Path, shape: Shape) -> Iterator[RawItem]:
    for item in read_squad(data, path):
        foreign = shape.layout == "tydiqa" and not item.id.startswith(f"{shape.language or ENGLISH}-")
        yield item._replace(drop=Drop.OTHER_LANGUAGE) if foreign else item


def _is_row(data: Mapping[str, Any], shape: Shape) -> bool:
    """Tell whether an object is a table's row, which has a question's column, or may be one of a layout."""
    column = shape.columns.get("question")
    names = (column, column.partition(".")[0]) if column else USUAL_COLUMNS["question"]
    return shape.layout in LAYOUTS or any(name in data for name in names)


def _is_json_lines(path: Path) -> bool:
    """Tell JSON lines under a `.json` name: the first two lines that are not empty are each an object."""
    found = 0
    for line in lines(path):
        text = line.strip()
        if not text:
            continue
        if not (text.startswith("{") and text.endswith("}")):
            return False
        found += 1
        if found == 2:
            return True
    return False
