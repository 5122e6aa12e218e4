"""Settings of build-shards: the command's options and the recipe's keys."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mtqa.core.recipe import Settings


class ShardSettings(Settings):
    """How batches are composed (modes after Elmahdy, Lin and Ahmad, arXiv 2408.10536)."""

    mode: Literal["mono", "cross", "hybrid"] = Field(
        "hybrid", description="mono: one language a batch; cross: query and passage languages differ; hybrid: both."
    )
    alpha: float = Field(0.5, ge=0, le=1, description="Probability that a hybrid batch is mono.")
    batch_size: int = Field(100, ge=2, description="Pairs a batch.")
    steps: int | None = Field(None, ge=1, description="Number of batches; or give epochs.")
    epochs: int | None = Field(None, ge=1, description="How often each item is used; or give steps.")
    languages: list[str] | None = Field(None, min_length=1, description="Languages to use; all of them by default.")
    common_items: bool = Field(False, description="Use only items that exist in every language of the corpus.")
    sampling: Literal["uniform", "temperature"] = Field(
        "uniform", description="Draw languages uniformly, or in proportion to rows ** (1 / temperature)."
    )
    temperature: float = Field(5.0, gt=0, description="For sampling temperature: 1 is by size, large is uniform.")
    split: Literal["train", "validation", "test"] = Field("train", description="The split to take items from.")
    last: Literal["refill", "drop"] = Field(
        "refill", description="With epochs: fill the last batch with items of the next epoch, or leave it out."
    )
    seed: int = Field(1, ge=0, description="Seed of the order of items and of the draws of languages.")

    @model_validator(mode="after")
    def _one_length(self) -> ShardSettings:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        return self
