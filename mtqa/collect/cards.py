"""Data cards: what is known of each source, in `data_cards/NAME.yaml`, checked by a strict schema."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mtqa.core.errors import UsageError
from mtqa.core.languages import resolve
from mtqa.core.recipe import Settings, load_yaml, parse


class HubData(Settings):
    """Where a source lies on the Hugging Face Hub."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$", description="Repository, NAME/NAME.")
    config: str | None = Field(None, description="Configuration.")
    revision: str = Field(min_length=1, description="Commit, tag or ref; a ref such as refs/convert/parquet moves.")
    splits: list[str] = Field(min_length=1, description="Splits that are collected, in this order.")


class Permissions(Settings):
    """What the licence allows, as its text says; null where that is unknown."""

    redistribution: bool | None
    commercial: bool | None
    derivatives: bool | None


class Card(Settings):
    """One source. `map` says which column is which field, where they do not have the usual names."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    dataset: str | None = Field(None, description="What its rows are called; the name by default.")
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    homepage: str = Field(pattern=r"^https://")
    citation: str = Field(min_length=1, description="Authors, title, venue, year.")
    licence: str = Field(min_length=1, description="SPDX id where there is one, else the name.")
    permissions: Permissions
    languages: list[str] = Field(min_length=1, description="FLORES-200 codes of questions and passages.")
    collected_language: str = Field("eng_Latn", description="The language of what is collected.")
    bundled: bool = Field(False, description="Comes with the package.")
    hub: HubData | None = None
    files: list[str] = Field(description="The upstream files that NAME=FILE takes.")
    sha256: dict[str, str] = Field(default_factory=dict, description="Hashes of the files, where known and fixed.")
    format: Literal["squad", "pubmedqa", "table"]
    map: dict[str, str] = Field(default_factory=dict)
    fields: list[str] = Field(min_length=1, description="Which of question, passage, answers, title, id there are.")
    rows: dict[str, int] = Field(min_length=1, description="Questions by split, as upstream counts them.")
    known_problems: list[str] = Field(default_factory=list)

    @field_validator("languages")
    @classmethod
    def _codes(cls, codes: list[str]) -> list[str]:
        wrong = [code for code in codes if resolve(code) != code]
        if wrong:
            raise ValueError(f"not FLORES-200 codes: {', '.join(wrong)}")
        return codes

    @model_validator(mode="after")
    def _obtainable(self) -> Card:
        if not (self.bundled or self.hub or self.files):
            raise ValueError("a source must be bundled, on the Hub or have files")
        return self

    @property
    def total(self) -> int:
        """Questions in all splits."""
        return sum(self.rows.values())


def card_folder() -> Path:
    """Return the folder of the cards: inside the installed package, beside it in a source checkout."""
    package = Path(str(resources.files("mtqa")))
    installed = package / "data_cards"
    return installed if installed.is_dir() else package.parent / "data_cards"


@cache
def card_names() -> tuple[str, ...]:
    """Return the names of all cards, sorted."""
    return tuple(sorted(path.stem for path in card_folder().glob("*.yaml")))


@cache
def load_card(name: str) -> Card:
    """Return a card by its source's name; raises UsageError with the nearest name, or where the card is wrong."""
    if name not in card_names():
        near = difflib.get_close_matches(name, card_names(), n=1, cutoff=0.4)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"There is no source '{name}'.{hint}", where=name, next_step="see 'mtqa sources'")
    path = card_folder() / f"{name}.yaml"
    card = parse(Card, load_yaml(path), path)
    if card.name != name:
        raise UsageError(f"The card's name is '{card.name}'.", where=path, expected=f"'{name}', like the file")
    return card
