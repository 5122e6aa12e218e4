"""Settings of `mtqa collect`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from mtqa.core.languages import resolve
from mtqa.core.recipe import Settings

FIELDS = ("question", "passage", "answers", "answer_start", "title", "id")


class CollectSettings(Settings):
    """What to read and how to make items of it."""

    sources: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1,
        description="'sample', names of sources (see mtqa sources; NAME:LANGUAGE for another of its languages), "
        "files or folders, or NAME=FILE.",
    )
    map: dict[str, str] = Field(
        default_factory=dict,
        description=f"Columns of a table by field ({', '.join(FIELDS)}); a dot goes into a nested column.",
    )
    dataset: str | None = Field(None, min_length=1, description="Name of the data set; the file's name by default.")
    licence: str = Field("unknown", min_length=1, description="Licence of your own files: SPDX id or name.")
    language: str = Field("eng_Latn", description="The language of your own files.")
    splits: list[str] | None = Field(
        None,
        min_length=1,
        description="Upstream splits of named sources, which keep their names; each card's own choice by default.",
    )
    limit: int | None = Field(None, ge=1, description="Keep at most this many items of each source, drawn by seed.")
    seed: int = Field(1, ge=0, description="Seed of the draw that 'limit' makes.")
    validation: float = Field(0.02, ge=0, lt=1, description="Share of the passages set aside for validation.")
    passage_unit: Literal["passage", "sentence"] = Field(
        "passage", description="Keep passages whole, or the sentence that holds the answer's start."
    )
    passage_characters: int | None = Field(
        None,
        ge=100,
        description="Cut passages longer than this at sentence borders, around the answer. By default only documents "
        "are cut, to 1,000 characters.",
    )
    pair_with: str | None = Field(
        None,
        min_length=1,
        description="A collection of passages (JSONL, CSV, TSV, Parquet, BEIR folder) for items without one: the best "
        "by BM25 that holds an answer.",
    )
    pair_licence: str = Field("unknown", min_length=1, description="Licence of that collection: SPDX id or name.")
    exclude: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list,
        description="Benchmarks and dev sets ('sample', files, folders, corpora, NAME=FILE) whose questions and "
        "passages must not be in the corpus.",
    )
    workers: int = Field(
        1,
        ge=1,
        description="Processes that clean and cut; the result is the same. Each holds the collection of 'pair_with'.",
    )

    @field_validator("map", mode="before")
    @classmethod
    def _split_map(cls, value: Any) -> Any:
        """Accept `question=q,passage=context`, as on the command line."""
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if not all(equals and column.strip() for _, equals, column in pairs):
            raise ValueError("write it as question=COLUMN,passage=COLUMN")
        return {field.strip(): column.strip() for field, _, column in pairs}

    @field_validator("map")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(FIELDS))
        if unknown:
            raise ValueError(f"unknown field {', '.join(unknown)}; the fields are {', '.join(FIELDS)}")
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        return resolve(value)
