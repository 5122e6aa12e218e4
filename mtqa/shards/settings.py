"""Settings of build-shards: the command's options and the recipe's keys."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mtqa.core.recipe import Settings

OTHER = "other"


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
    weights: dict[str, float] = Field(
        default_factory=dict,
        description="Factors of the languages' draws, as deu_Latn=2,swh_Latn=0.5; 1 where not named, 0 draws it never.",
    )
    pairs: list[str] | None = Field(
        None, min_length=1, description="Cross pairs to use, QUERY>PASSAGE, * for any language; all by default."
    )
    exclude_pairs: list[str] = Field(default_factory=list, description="Cross pairs to leave out, QUERY>PASSAGE.")
    pair_with: str | None = Field(
        None,
        description="Second version of each pair, for objectives that need one: a language, or 'other' for a drawn "
        "language that is not the query's.",
    )
    negatives_per_pair: int = Field(4, ge=1, description="Most hard negatives a pair, where mined ones are given.")
    split: Literal["train", "validation", "test"] = Field("train", description="The split to take items from.")
    last: Literal["refill", "drop"] = Field(
        "refill", description="With epochs: fill the last batch with items of the next epoch, or leave it out."
    )
    seed: int = Field(1, ge=0, description="Seed of the order of items and of the draws of languages.")

    @field_validator("pairs", "exclude_pairs", mode="before")
    @classmethod
    def _split_pairs(cls, value: Any) -> Any:
        """Take 'a>b,c>d' as the command line gives it, and check that each entry has two sides."""
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        for pair in value if isinstance(value, list) else []:
            sides = [side.strip() for side in str(pair).split(">")]
            if len(sides) != 2 or not all(sides):
                raise ValueError(f"{pair!r} is no pair; write QUERY>PASSAGE, such as eng_Latn>deu_Latn or *>eng_Latn")
        return value

    @field_validator("weights", mode="before")
    @classmethod
    def _split_weights(cls, value: Any) -> Any:
        """Take 'deu=2,swh=0.5' as the command line gives it."""
        if not isinstance(value, str):
            return value
        named = [part.partition("=") for part in value.split(",") if part.strip()]
        try:
            return {name.strip(): float(number) for name, _, number in named}
        except ValueError:
            raise ValueError("write LANGUAGE=FACTOR with commas between, such as deu_Latn=2,swh_Latn=0.5") from None

    @field_validator("weights")
    @classmethod
    def _finite(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [name for name, factor in value.items() if not (math.isfinite(factor) and factor >= 0)]
        if wrong:
            raise ValueError(f"the factor of {', '.join(wrong)} must be 0 or more")
        return value

    @model_validator(mode="after")
    def _one_length(self) -> ShardSettings:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        return self
