"""Settings of the filter stage."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from mtqa.core.recipe import Settings


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
    seed: int = Field(0, ge=0, description="Seed of the sampling inside langdetect.")

    @field_validator("group", mode="before")
    @classmethod
    def _group_mapping(cls, value: Any) -> Any:
        """Accept `group: {min_languages: 2}` as recipes write it."""
        if isinstance(value, dict) and list(value) == ["min_languages"]:
            return f"min_languages:{value['min_languages']}"
        return value
