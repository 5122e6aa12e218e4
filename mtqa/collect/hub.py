"""Sources on the Hugging Face Hub, streamed through `datasets`, or downloaded where several files make one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mtqa.collect.cards import Card, HubData
from mtqa.collect.items import RawItem
from mtqa.collect.layouts.registry import LAYOUTS
from mtqa.collect.readers import map_rows
from mtqa.collect.tabular import Row, resolve_columns, to_item
from mtqa.collect.trec import read_trec
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import fingerprint


def hub_commit(card: Card, hub: HubData) -> str:
    """Return the commit that is read; raises UsageError where the Hub cannot be reached or does not have it."""
    from huggingface_hub import HfApi

    try:
        return str(HfApi().dataset_info(hub.id, revision=hub.at).sha)
    except Exception as error:  # the client raises many kinds, from httpx's to its own
        raise _unavailable(card, hub, error) from error


def hub_fingerprint(hub: HubData, commit: str, splits: list[str]) -> str:
    """Return the fingerprint of a Hub data set: its repository, commit, files and splits, and what is read beside."""
    what = {"id": hub.id, "commit": commit, "data": {split: hub.data[split] for split in splits}}
    return fingerprint(what | ({"beside": hub.beside} if hub.beside else {}))


def read_hub(card: Card, hub: HubData, splits: Mapping[str, str | None]) -> Iterator[RawItem]:
    """Yield the items of a Hub data set's splits in order, without downloading it whole.

    `splits` maps an upstream split to the one that its rows keep, None where collect may choose.
    """
    for split, kept in splits.items():
        for item in _items(card, hub, split):
            if card.documents and not item.document:
                item = item._replace(document=True)
            yield item._replace(split=kept) if kept else item


def _items(card: Card, hub: HubData, split: str) -> Iterator[RawItem]:
    if hub.together:
        yield from read_trec(*_folders(card, hub, split))
        return
    rows = _rows(card, hub, split)
    if card.layout in LAYOUTS:
        yield from map_rows(rows, card.layout, card.language_word)
        return
    columns: dict[str, str] = {}
    for where, row in rows:
        columns = columns or resolve_columns(row, card.map, where)
        yield to_item(row, columns, where)


def _rows(card: Card, hub: HubData, split: str) -> Iterator[Row]:
    """Yield the rows of a split's files: `datasets` is told the files, so that no script or folder layout matters."""
    from datasets import load_dataset

    base = f"hf://datasets/{hub.id}@{quote(hub.at, safe='')}"
    files = [f"{base}/{pattern}" for pattern in hub.data[split]]
    form = "parquet" if files[0].endswith(".parquet") else "json"
    try:
        data = load_dataset(form, data_files={split: files}, split=split, streaming=True)
        for number, row in enumerate(data):
            yield f"{hub.id}, {split}, row {number}", row
    except MtqaError:
        raise
    except Exception as error:
        raise _unavailable(card, hub, error) from error


def _folders(card: Card, hub: HubData, split: str) -> list[Path]:
    from huggingface_hub import snapshot_download

    wanted = {f"{hub.id}@{hub.at}": hub.data[split]} | hub.beside
    try:
        return [
            Path(snapshot_download(name, repo_type="dataset", revision=at, allow_patterns=files))
            for (name, _, at), files in ((place.partition("@"), files) for place, files in wanted.items())
        ]
    except Exception as error:
        raise _unavailable(card, hub, error) from error


def _unavailable(card: Card, hub: HubData, error: Exception) -> UsageError:
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    files = ", ".join(card.files)
    return UsageError(
        f"The source '{card.name}' cannot be had from the Hugging Face Hub: {reason}",
        where=f"{hub.id}, revision {hub.at}",
        next_step=f"check the network, or download {files or 'its files'} from {card.homepage} and collect "
        f"{card.name}=FILE; 'sample' needs no network",
    )
