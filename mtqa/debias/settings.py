"""Settings of the debias stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mtqa.core.recipe import Settings


class DebiasSettings(Settings):
    """How language vectors are estimated."""

    method: Literal["shift", "centre", "project"] = Field("shift", description="The correction.")
    rank: int = Field(1, ge=1, le=100, description="Directions of a language that 'project' removes.")
    limit: int = Field(5000, ge=1, description="Parallel items to estimate from, at most.")
    seed: int = Field(1, ge=0, description="Seed of the choice of items.")
    device: str = Field("cpu", description="Where the model runs: cpu, cuda, cuda:1, mps.")
