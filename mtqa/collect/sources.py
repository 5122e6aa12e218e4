"""From what the user names (a source, a file, a folder) to readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mtqa import bundled
from mtqa.collect.beir import beir_files, read_beir
from mtqa.collect.cards import Card, card_names, load_card
from mtqa.collect.files import kind, lines, read_json, stem
from mtqa.collect.hub import hub_fingerprint, read_hub
from mtqa.collect.items import RawItem
from mtqa.collect.pubmedqa import is_pubmedqa, read_pubmedqa
from mtqa.collect.settings import CollectSettings
from mtqa.collect.squad import is_squad, read_squad
from mtqa.collect.tabular import (
    csv_rows,
    json_rows,
    list_rows,
    parquet_columns,
    parquet_rows,
    read_table,
    resolve_columns,
)
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint

KINDS = ("json", "jsonl", "ndjson", "csv", "tsv", "parquet")
BUNDLED = {"sample": bundled.QA_SAMPLE}


@dataclass(frozen=True)
class Source:
    """A source that is ready to be read: `read()` yields its items, `fingerprint` identifies its content.

    `label` names it in manifests: a name, or a file's name without its folder.
    """

    label: str
    dataset: str
    licence: str
    language: str
    fingerprint: str
    read: Callable[[], Iterator[RawItem]]
    homepage: str = ""
    citation: str = ""
    files: dict[str, str] = field(default_factory=dict)


def open_sources(settings: CollectSettings) -> list[Source]:
    """Return all sources of the settings, files checked; raises UsageError where one cannot be read.

    Two sources must not have the same data set's name: items of one could not be told from the other's.
    """
    sources = [_open(text, settings) for text in settings.sources]
    names = [source.dataset for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"Two sources are called '{twice[0]}'.",
            where=", ".join(settings.sources),
            next_step="rename a file, or collect them one by one with --dataset",
        )
    return sources


def _open(text: str, settings: CollectSettings) -> Source:
    name, equals, file = text.partition("=")
    if equals and name in card_names():
        return _file_source(Path(file), settings, load_card(name))
    path = Path(text)
    if text in card_names():
        return _card_source(load_card(text))
    if path.exists():
        return _file_source(path, settings, None)
    if path.suffix or path.parent != Path():
        raise UsageError(
            f"There is no file '{text}'.", where=path, expected="a file, a BEIR folder or a source of 'mtqa sources'"
        )
    load_card(text)
    raise AssertionError("load_card raises for an unknown name")


def _card_source(card: Card) -> Source:
    if card.name in BUNDLED:
        path = BUNDLED[card.name]
        data = partial(_read_file, path, card.map)
        return _with_card(card, file_sha256(path), data, {path.name: file_sha256(path)})
    if card.hub is None:
        raise UsageError(
            f"The source '{card.name}' cannot be loaded by name.",
            where=card.name,
            expected=f"a file: {', '.join(card.files)}",
            next_step=f"download it from {card.homepage} and collect {card.name}=FILE",
        )
    return _with_card(card, hub_fingerprint(card, card.hub), partial(read_hub, card, card.hub), {})


def _with_card(card: Card, content: str, read: Callable[[], Iterator[RawItem]], files: dict[str, str]) -> Source:
    return Source(
        card.name,
        card.dataset or card.name,
        card.licence,
        card.collected_language,
        content,
        read,
        card.homepage,
        card.citation,
        files,
    )


def _file_source(path: Path, settings: CollectSettings, card: Card | None) -> Source:
    chosen = {**(card.map if card else {}), **settings.map}
    if path.is_dir():
        files = {p.relative_to(path).as_posix(): file_sha256(p) for p in beir_files(path)}
        read: Callable[[], Iterator[RawItem]] = partial(read_beir, path)
    elif not path.is_file():
        raise UsageError(f"There is no file '{path}'.", where=path, expected="a file or BEIR folder")
    elif kind(path) not in KINDS:
        raise UsageError(
            f"mtqa cannot read '{path.name}'.",
            where=path,
            expected=f"{', '.join('.' + k for k in KINDS)} (text also .gz) or a BEIR folder",
        )
    else:
        files = {path.name: file_sha256(path)}
        read = partial(_read_file, path, chosen)
    content = fingerprint(files)
    if card:
        return _with_card(card, content, read, files)
    dataset = settings.dataset or stem(path)
    return Source(path.name, dataset, settings.licence, settings.language, content, read, files=files)


def _read_file(path: Path, chosen: Mapping[str, str]) -> Iterator[RawItem]:
    """Return the items of a file by its kind; `.json` may hold SQuAD, PubMedQA, an array, or JSON lines."""
    file_kind = kind(path)
    if file_kind == "parquet":
        columns = resolve_columns(parquet_columns(path), chosen, path)
        return read_table(partial(parquet_rows, path), columns)
    if file_kind in ("csv", "tsv"):
        rows = partial(csv_rows, path, "," if file_kind == "csv" else "\t")
        header = next(iter(rows()), (None, {}))[1]
        return read_table(lambda _: rows(), resolve_columns(header, chosen, path)) if header else iter(())
    if file_kind == "json" and not _is_json_lines(path):
        data = read_json(path)
        if is_squad(data):
            return read_squad(data, path)
        if is_pubmedqa(data):
            return read_pubmedqa(data, path)
        if isinstance(data, list):
            first = next(list_rows(data, path), (None, {}))[1]
            return read_table(lambda _: list_rows(data, path), resolve_columns(first, chosen, path))
        raise UsageError(
            "mtqa does not know this JSON.", where=path, expected="SQuAD, PubMedQA, an array of objects or JSON lines"
        )
    first = next(json_rows(path), (None, {}))[1]
    if not first:
        return iter(())
    return read_table(lambda _: json_rows(path), resolve_columns(first, chosen, path))


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
