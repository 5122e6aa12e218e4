"""Settings of the filter stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from mtqa.core.recipe import Settings

PATHS = ("profile", "lengths", "encoder", "round_trip", "contamination", "identifiers")


class FilterSettings(Settings):
    """Which profile judges the rows, and what is changed about it."""

    profile: str = Field("default", description="'default', or the path of a profile (YAML).")
    thresholds: dict[str, float | None] = Field(
        default_factory=dict,
        description="Changed thresholds: FIELD.CHECK to the highest score that is kept, null to leave the check out.",
    )
    group: str = Field(
        "any",
        pattern=r"^(any|all|min_languages:[1-9]\d*)$",
        description="any: each language for itself. all: an item that fails in one language leaves all of them. "
        "min_languages:K: an item stays if it passes in at least K languages.",
    )
    lengths: str | None = Field(None, description="Length bounds of your own, as mtqa calibrate-filter writes them.")
    identifiers: list[str] = Field(
        default_factory=lambda: ["cld2", "fasttext", "py3langid"],
        min_length=2,
        description="Language identifiers in the order in which they are asked: cld2, fasttext, py3langid, "
        "langdetect, or the file of a fastText model (GlotLID, OpenLID).",
    )
    encoder: str | None = Field(
        None,
        description="Encoder of the check 'semantic': demo, a Hub id such as sentence-transformers/LaBSE, or a folder; "
        "null for none.",
    )
    device: str = Field("cpu", description="Where the encoder runs: cpu, cuda, cuda:1, mps.")
    workers: int = Field(1, ge=1, description="Processes that judge texts; the result is the same with any number.")
    contamination: list[str] | None = Field(
        None,
        description="Test sets whose questions and passages must not be trained on: files or folders, or 'sample'. "
        "A recipe's own benchmarks and held-out sets by default there; [] for none.",
    )
    round_trip: str | None = Field(
        None, description="Translations back into English (JSONL, TSV or Parquet: item_id, lang, field, text)."
    )
    seed: int = Field(0, ge=0, description="Seed of the sampling inside langdetect, and of the report's samples.")

    @field_validator("group", mode="before")
    @classmethod
    def _group_mapping(cls, value: Any) -> Any:
        """Accept `group: {min_languages: 2}` as recipes write it."""
        if isinstance(value, dict) and list(value) == ["min_languages"]:
            return f"min_languages:{value['min_languages']}"
        return value

    def record(self) -> dict[str, Any]:
        """Return what the result depends on: no device, no workers, of files and folders only the names.

        What the files hold stands in the manifest's inputs.
        """
        values = {key: value for key, value in super().record().items() if key not in ("device", "workers")}
        for key in PATHS:
            value = values[key]
            values[key] = [_name(v) for v in value] if isinstance(value, list) else _name(value)
        return values


def _name(value: str | None) -> str | None:
    return Path(value).expanduser().resolve().name if value and Path(value).expanduser().exists() else value
