"""Sources on the Hugging Face Hub, streamed through `datasets`."""

from __future__ import annotations

from collections.abc import Iterator

from mtqa.collect.cards import Card, HubData
from mtqa.collect.items import RawItem
from mtqa.collect.tabular import Row, resolve_columns, to_item
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import fingerprint


def hub_fingerprint(card: Card, hub: HubData) -> str:
    """Return the fingerprint of a Hub data set: its repository, commit, configuration and splits.

    Raises UsageError where the Hub cannot be reached or does not have it.
    """
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(hub.id, revision=hub.revision).sha
    except Exception as error:  # the client raises many kinds, from httpx's to its own
        raise _unavailable(card, hub, error) from error
    return fingerprint({"id": hub.id, "commit": commit, "config": hub.config, "splits": hub.splits})


def read_hub(card: Card, hub: HubData) -> Iterator[RawItem]:
    """Yield the items of a Hub data set's splits in order, without downloading it whole."""
    for split in hub.splits:
        columns: dict[str, str] = {}
        for where, row in _rows(card, hub, split):
            columns = columns or resolve_columns(row, card.map, where)
            yield to_item(row, columns, where)


def _rows(card: Card, hub: HubData, split: str) -> Iterator[Row]:
    from datasets import load_dataset

    try:
        data = load_dataset(hub.id, hub.config, split=split, revision=hub.revision, streaming=True)
        for number, row in enumerate(data):
            yield f"{hub.id}, {split}, row {number}", row
    except MtqaError:
        raise
    except Exception as error:
        raise _unavailable(card, hub, error) from error


def _unavailable(card: Card, hub: HubData, error: Exception) -> UsageError:
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    files = ", ".join(card.files)
    return UsageError(
        f"The source '{card.name}' cannot be had from the Hugging Face Hub: {reason}",
        where=f"{hub.id}, revision {hub.revision}",
        next_step=f"check the network, or download {files or 'its files'} from {card.homepage} and collect "
        f"{card.name}=FILE; 'sample' needs no network",
    )
