"""Data cards: what is known of each source, in `data_cards/NAME.yaml`, checked by a strict schema."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mtqa.core.errors import UsageError
from mtqa.core.languages import resolve
from mtqa.core.recipe import Settings, load_yaml, parse

COMMIT = r"^[0-9a-f]{40}$"
SHA256 = r"^[0-9a-f]{64}$"
BESIDE = r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$"
IN_ADDRESS = re.compile(r"/[0-9a-f]{40}/")
Layout = Literal[
    "table",
    "squad",
    "pubmedqa",
    "wikiqa",
    "duorc",
    "newsqa",
    "natural-questions",
    "triviaqa",
    "hotpotqa",
    "tydiqa",
    "ranking",
]


class HubData(Settings):
    """Where a source lies on the Hugging Face Hub: files by split, at a commit or, where none is known, at a ref."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$", description="Repository, OWNER/NAME.")
    revision: str | None = Field(pattern=COMMIT, description="Commit (40 hex digits), null where none was verified.")
    ref: str = Field("main", min_length=1, description="Branch that is read where there is no revision.")
    unpinned: str | None = Field(None, min_length=1, description="Why there is no revision.")
    data: dict[str, list[str]] = Field(min_length=1, description="Upstream split to patterns of its files.")
    together: bool = Field(False, description="A split's files are one TREC-shaped folder, so they are downloaded.")
    beside: dict[Annotated[str, Field(pattern=BESIDE)], list[str]] = Field(
        default_factory=dict, description="Other repositories' files read with them, by OWNER/NAME@COMMIT."
    )

    @model_validator(mode="after")
    def _pinned_or_explained(self) -> HubData:
        if (self.revision is None) != (self.unpinned is not None):
            raise ValueError("give a revision, or null and why ('unpinned')")
        return self

    @property
    def at(self) -> str:
        """What is asked for: the commit, else the branch."""
        return self.revision or self.ref


class Download(Settings):
    """Files on the web. What they hold is fixed: by a commit in the address, or by the card's `sha256` of each."""

    base: str = Field(pattern=r"^https://\S+/$", description="Address that the names are appended to.")
    data: dict[str, list[str]] = Field(min_length=1, description="Upstream split to its files' names below base.")


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
    by_language: dict[str, str] = Field(
        default_factory=dict,
        description="Languages that NAME:LANGUAGE collects, by FLORES-200 code, with the source's own word for each. "
        "The word stands for {language} in the Hub's file names, names the folder of files on the web, or marks rows.",
    )
    bundled: bool = Field(False, description="Comes with the package.")
    hub: HubData | None = None
    download: Download | None = None
    manual: str | None = Field(None, min_length=1, description="What a person must do to get the files.")
    files: list[str] = Field(description="The upstream files that NAME=FILE takes.")
    collect: list[str] = Field(min_length=1, description="Upstream splits that are collected by name.")
    sha256: dict[str, Annotated[str, Field(pattern=SHA256)]] = Field(
        default_factory=dict, description="Hashes of files whose content is fixed."
    )
    layout: Layout = Field(description="The reader.")
    layout_source: str = Field(min_length=1, description="Where the column layout was looked up.")
    map: dict[str, str] = Field(default_factory=dict)
    map_by_language: dict[str, str] = Field(
        default_factory=dict, description="The map for languages other than the collected one, where it is another."
    )
    documents: bool = Field(False, description="Passages are whole documents, which collect cuts.")
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
    def _own_language(self) -> Card:
        if not {*self.by_language, self.collected_language} <= set(self.languages):
            raise ValueError("a language that is collected is not among the languages")
        if self.by_language and self.collected_language not in self.by_language:
            raise ValueError(f"by_language lacks {self.collected_language}")
        return self

    @model_validator(mode="after")
    def _obtainable(self) -> Card:
        if not (self.bundled or self.hub or self.download or self.manual):
            raise ValueError("a source must be bundled, on the Hub, on the web or to be had by hand ('manual')")
        named = set(self.hub.data if self.hub else self.download.data if self.download else self.collect)
        missing = sorted(set(self.collect) - named)
        if missing:
            raise ValueError(f"no files for the split {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _fixed(self) -> Card:
        if self.download:
            names = {name for names in self.download.data.values() for name in names} - set(self.sha256)
            loose = [name for name in sorted(names) if not IN_ADDRESS.search(self.download.base + name)]
            if loose:
                raise ValueError(f"neither a commit in the address nor a sha256 for {', '.join(loose)}")
        return self

    @property
    def total(self) -> int:
        """Questions in all splits."""
        return sum(self.rows.values())

    @property
    def language_word(self) -> str:
        """The source's own word for the language that is collected, "" where it needs none."""
        return self.by_language.get(self.collected_language, "")

    @property
    def splits(self) -> list[str]:
        """The upstream splits that can be had by name."""
        return list(self.hub.data if self.hub else self.download.data if self.download else [])


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
