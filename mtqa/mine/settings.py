"""Settings of mine: the command's options and the recipe's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mtqa.core.recipe import Settings


class MineSettings(Settings):
    """Which passages are hard negatives of a question.

    The default limit, 95 % of the positive's score, is the best of those that NV-Retriever compares (TopK-PercPos,
    arXiv 2407.15831): what scores higher is too often an answer that nobody has marked as one.
    """

    encoder: str = Field(min_length=1, description="'demo', a folder, or a Hub id: the model that scores passages.")
    query_lang: str = Field("eng_Latn", description="Language of the questions that are scored.")
    passage_lang: str = Field("eng_Latn", description="Language of the passages that are scored.")
    negatives: int = Field(8, ge=1, description="Most negatives a question.")
    rank_from: int = Field(1, ge=1, description="First rank to take, among passages that may be negatives.")
    rank_to: int = Field(100, ge=1, description="Last rank to take.")
    margin: float = Field(0.0, ge=0, lt=2, description="A negative's cosine is at most the positive's minus this.")
    most_of_positive: float = Field(
        0.95, gt=0, le=1, description="A negative's cosine is at most this share of the positive's."
    )
    near: float = Field(
        0.95, gt=0, le=1, description="A passage with this cosine to the positive passage is a near-duplicate of it."
    )
    pick: Literal["top", "random"] = Field("top", description="Take the hardest of the range, or random ones.")
    search: Literal["exact", "faiss"] = Field(
        "exact", description="Compare with every passage, or search FAISS's inverted lists: faster, misses some."
    )
    split: Literal["train", "validation", "test"] = Field("train", description="The split to take items from.")
    device: str = Field("cpu", description="Where the model runs and vectors are compared: cpu, cuda, mps.")
    seed: int = Field(1, ge=0, description="Seed of random picks and of FAISS's training sample.")

    @model_validator(mode="after")
    def _range(self) -> MineSettings:
        if self.rank_from > self.rank_to:
            raise ValueError(f"rank_from {self.rank_from} is after rank_to {self.rank_to}")
        return self

    def record(self) -> dict[str, Any]:
        """Return what the result depends on: no device, of a folder only its name."""
        values = super().record()
        del values["device"]
        if Path(self.encoder).is_dir():
            values["encoder"] = Path(self.encoder).resolve().name
        return values
