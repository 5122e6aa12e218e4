"""Settings of the evaluate stage."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from mtqa.core.recipe import Settings

BENCHMARKS = {"xquad-r": "CC BY-SA 4.0", "mlqa-r": "CC BY-NC 4.0"}
"""Benchmarks and the licences of their data."""


class EvaluateSettings(Settings):
    """What is evaluated, on which data, and how certain the numbers have to be."""

    benchmark: Literal["xquad-r", "mlqa-r"] = Field("xquad-r", description="The benchmark.")
    data: str = Field("sample", description="Folder of the official files (en.json, de.json, …), or 'sample'.")
    languages: list[str] | None = Field(None, description="Languages to use, all that the data have by default.")
    candidate: Literal["sentence", "sentence+context", "passage"] = Field(
        "sentence", description="What is found: sentences (alone or with their context), or whole passages (MLIR)."
    )
    resamples: int = Field(1000, ge=100, le=1_000_000, description="Bootstrap resamples for the intervals.")
    seed: int = Field(7, ge=0, description="Seed of the bootstrap.")
    vectors: str | None = Field(None, description="Vectors of queries and candidates (.npz) instead of a model's.")
    device: str = Field("cpu", description="Where the model runs: cpu, cuda, cuda:1, mps.")

    @field_validator("languages")
    @classmethod
    def _codes(cls, languages: list[str] | None) -> list[str] | None:
        if languages is None:
            return None
        from mtqa.core.errors import UsageError
        from mtqa.core.languages import resolve

        if not languages:
            raise ValueError("name at least one language, or leave the key out for all")
        try:
            return sorted({resolve(language) for language in languages})
        except UsageError as error:
            raise ValueError(" ".join(filter(None, [error.what, error.expected]))) from error

    def record(self) -> dict[str, Any]:
        """Return the settings without the places of files, whose contents the manifest's inputs name by hash."""
        return self.model_dump(mode="json", exclude={"data", "vectors"})
