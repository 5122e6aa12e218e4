"""One source in another of its languages: `NAME:LANGUAGE` instead of `NAME`."""

from __future__ import annotations

from mtqa.collect.cards import Card, Download, HubData, card_names, load_card
from mtqa.core.errors import UsageError
from mtqa.core.languages import resolve

WORD = "{language}"


def named_card(text: str) -> Card | None:
    """Return the card that `NAME` or `NAME:LANGUAGE` stands for, None where NAME is no source's name.

    Raises UsageError where the source does not come in that language.
    """
    name, colon, language = text.partition(":")
    if name not in card_names():
        return None
    card = load_card(name)
    return in_language(card, resolve(language) if colon else card.collected_language)


def in_language(card: Card, code: str) -> Card:
    """Return a card for one language (a FLORES-200 code): its files only, and a data set's name of its own.

    The card's own language keeps the name. Raises UsageError where the source does not come in that language.
    """
    words = card.by_language or {card.collected_language: ""}
    if code not in words:
        raise UsageError(
            f"The source '{card.name}' cannot be collected in {code}.",
            where=f"{card.name}:{code}",
            expected=", ".join(sorted(words)),
        )
    word = words[code]
    changes: dict[str, object] = {"collected_language": code}
    if card.hub:
        changes["hub"] = _hub(card.hub, word)
    if card.download:
        changes["download"] = _download(card.download, word)
    if code != card.collected_language:
        changes |= {"name": f"{card.name}:{code}", "dataset": f"{card.dataset or card.name}-{code}"}
        changes["map"] = card.map_by_language or card.map
    return card.model_copy(update=changes)


def _hub(hub: HubData, word: str) -> HubData:
    data, beside = (_filled(files, word) for files in (hub.data, hub.beside))
    return hub.model_copy(update={"data": data, "beside": beside})


def _filled(files: dict[str, list[str]], word: str) -> dict[str, list[str]]:
    return {key: [pattern.replace(WORD, word) for pattern in patterns] for key, patterns in files.items()}


def _download(source: Download, word: str) -> Download:
    """Keep the files in a folder of the language's word, and the splits that have any."""
    data = {split: [n for n in names if not word or f"/{word}/" in n] for split, names in source.data.items()}
    return source.model_copy(update={"data": {split: names for split, names in data.items() if names}})
