"""From what the user names (a source, a file, a folder) to readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mtqa import bundled
from mtqa.collect.cards import Card, card_names, load_card
from mtqa.collect.download import download
from mtqa.collect.files import stem
from mtqa.collect.hub import hub_commit, hub_fingerprint, read_hub
from mtqa.collect.items import RawItem
from mtqa.collect.readers import Shape, input_files, read_path
from mtqa.collect.settings import CollectSettings
from mtqa.collect.variants import named_card
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint

BUNDLED = {"sample": bundled.QA_SAMPLE}


@dataclass(frozen=True)
class Source:
    """A source that is ready to be read: `read()` yields its items, `fingerprint` identifies its content.

    `label` names it in manifests: a name, or a file's name without its folder. `redistribution` is what the card says
    of its licence, None where nothing is known; `revision` is the Hub's repository and commit.
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
    redistribution: bool | None = None
    revision: str = ""


def open_sources(settings: CollectSettings) -> list[Source]:
    """Return all sources of the settings, files checked; raises UsageError where one cannot be read.

    Two sources must not have the same data set's name: items of one could not be told from the other's. An option that
    none of the sources heeds is an error, too.
    """
    _check_used(settings)
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


def _check_used(settings: CollectSettings) -> None:
    """Raise UsageError where an option is given that none of the sources heeds."""
    cards = [(_card(text), "=" in text) for text in settings.sources]
    own = any(card is None for card, _ in cards)
    named = any(card and not file and card.name not in BUNDLED for card, file in cards)
    heeded = {
        **dict.fromkeys(("dataset", "licence", "language"), (own, "a file or folder of your own")),
        "map": (own or any(file for _, file in cards), "a file or folder, or NAME=FILE"),
        "splits": (named, "a source that is loaded by its name"),
        "pair_licence": (settings.pair_with is not None, "'pair_with'"),
    }
    for option, (used, needed) in heeded.items():
        if not used and getattr(settings, option) != CollectSettings.model_fields[option].get_default(
            call_default_factory=True
        ):
            raise UsageError(
                f"'{option}' is heeded by none of the sources.",
                where=", ".join(settings.sources),
                expected=needed,
                next_step=f"leave '{option}' out",
            )


def _card(text: str) -> Card | None:
    """Return the card of a source as the user names it, None where it is a file or folder of the user's own."""
    return None if Path(text).exists() and text not in card_names() else named_card(text.partition("=")[0])


def _open(text: str, settings: CollectSettings) -> Source:
    _, equals, file = text.partition("=")
    path = Path(text)
    card = _card(text)
    if card:
        return _file_source(Path(file), settings, card) if equals else _card_source(card, settings)
    if path.exists():
        return _file_source(path, settings, None)
    if path.suffix or path.parent != Path():
        raise UsageError(
            f"There is no file '{text}'.", where=path, expected="a file, a folder or a source of 'mtqa sources'"
        )
    load_card(text.partition(":")[0])
    raise AssertionError("load_card raises for an unknown name")


def _card_source(card: Card, settings: CollectSettings) -> Source:
    if card.name in BUNDLED:
        path = BUNDLED[card.name]
        digest = file_sha256(path)
        return _with_card(card, digest, partial(read_path, path, shape_of(card)), {path.name: digest})
    splits = chosen_splits(card, settings)
    if card.hub:
        commit = hub_commit(card, card.hub)
        read = partial(read_hub, card, card.hub, splits)
        source = _with_card(card, hub_fingerprint(card.hub, commit, list(splits)), read, {})
        return replace(source, revision=f"{card.hub.id}@{commit}")
    if card.download:
        paths = {split: download(card, card.download, split) for split in splits}
        files = {path.name: file_sha256(path) for each in paths.values() for path in each}
        return _with_card(card, fingerprint(files), partial(_downloaded, card, paths, splits), files)
    raise UsageError(
        f"The source '{card.name}' cannot be loaded by name.",
        where=card.name,
        expected=f"a file: {', '.join(card.files)}",
        next_step=f"{card.manual} Then collect {card.name}=FILE",
    )


def shape_of(card: Card) -> Shape:
    """Return what a card says of its files' rows."""
    return Shape(card.map, card.layout, card.documents, card.language_word)


def chosen_splits(card: Card, settings: CollectSettings) -> dict[str, str | None]:
    """Return upstream split → the split that its rows keep, None where collect may choose.

    What the card collects by default may be trained on. Splits that the user names stay what they are called.
    Raises UsageError where the source has no such split.
    """
    kept: dict[str, str | None] = {}
    for split in settings.splits if settings.splits is not None else card.collect:
        if split not in card.splits and (card.splits or settings.splits):
            raise UsageError(
                f"The source '{card.name}' has no split '{split}'.", where="splits", expected=", ".join(card.splits)
            )
        kept[split] = {"train": None, "test": "test"}.get(split, "validation") if settings.splits else None
    return kept


def _downloaded(card: Card, paths: dict[str, list[Path]], splits: dict[str, str | None]) -> Iterator[RawItem]:
    for split, files in paths.items():
        for path in files:
            for item in read_path(path, shape_of(card)):
                yield item._replace(split=splits[split]) if splits[split] else item


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
        card.permissions.redistribution,
    )


def _file_source(path: Path, settings: CollectSettings, card: Card | None) -> Source:
    paths = input_files(path)
    files = {p.relative_to(path).as_posix() if path.is_dir() else p.name: file_sha256(p) for p in paths}
    shape = shape_of(card) if card else Shape()
    shape = replace(shape, columns={**shape.columns, **settings.map})
    read = partial(read_path, path, shape)
    content = fingerprint(files)
    if card:
        return _with_card(card, content, read, files)
    named = path if path.name else path.resolve()
    dataset = settings.dataset or stem(named)
    return Source(named.name, dataset, settings.licence, settings.language, content, read, files=files)
