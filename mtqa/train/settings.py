"""Settings of train: the command's options and the recipe's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mtqa.core.recipe import Settings

UNRECORDED = {"device", "save_every"}


class TrainSettings(Settings):
    """How a dual encoder is trained; the defaults are those of Elmahdy, Lin and Ahmad, arXiv 2408.10536.

    The paper gives no warm-up, schedule or gradient clipping: those three are ours.
    """

    encoder: str = Field(
        "FacebookAI/xlm-roberta-base", min_length=1, description="What to train: demo, a Hub id, or a model folder."
    )
    objective: Literal["infonce"] = Field("infonce", description="The loss: infonce, query to passage.")
    steps: int | None = Field(
        None, ge=0, description="Steps, one batch each; all batches by default, 0 trains nothing."
    )
    learning_rate: float = Field(3e-5, gt=0, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(0.01, ge=0, description="Weight decay of matrices; biases and norms have none.")
    temperature: float = Field(0.05, gt=0, description="Cosines are divided by it.")
    warmup: float = Field(0.1, ge=0, le=1, description="Share of the steps in which the learning rate rises.")
    schedule: Literal["linear", "constant"] = Field("linear", description="The learning rate after the warm-up.")
    max_grad_norm: float | None = Field(1.0, gt=0, description="Longer gradients are cut to this norm; null for never.")
    query_prompt: str | None = Field(
        None, description="Text before each query; null keeps the encoder's own ('Query: ' for a transformer without)."
    )
    passage_prompt: str | None = Field(
        None, description="Text before each passage; null keeps the encoder's own ('Passage: ' likewise)."
    )
    micro_batch_tokens: int = Field(4096, ge=1, description="Tokens that are encoded at once, padding included.")
    grad_cache: bool = Field(False, description="Encode twice, so that memory holds one micro-batch at a time.")
    freeze: list[str] = Field(default_factory=list, description="Parameters whose names begin so are not trained.")
    bf16: bool = Field(False, description="Compute in bfloat16 where torch deems it safe; weights stay float32.")
    validation: Path | None = Field(None, description="Shards of held-out pairs, to measure the loss on.")
    validate_every: int = Field(100, ge=1, description="Steps between two measurements on the held-out pairs.")
    patience: int | None = Field(
        None, ge=1, description="Stop after so many measurements without a new best, and keep the best; null for never."
    )
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints, to resume from.")
    device: str = Field("auto", description="cpu, cuda, cuda:1 …; auto takes a GPU where there is one.")
    seed: int = Field(1, ge=0, description="Seed of dropout; the order of the pairs is the shards'.")

    @model_validator(mode="after")
    def _held_out_pairs(self) -> TrainSettings:
        if self.patience is not None and self.validation is None:
            raise ValueError("patience needs validation: a folder of held-out shards")
        return self

    def record(self) -> dict[str, Any]:
        """Return what the result depends on: no device, no checkpoint interval, of folders only the name.

        What the folders hold stands in the manifest's inputs.
        """
        values = {key: value for key, value in super().record().items() if key not in UNRECORDED}
        for key in ("encoder", "validation"):
            if values[key] is not None and Path(values[key]).expanduser().is_dir():
                values[key] = Path(values[key]).expanduser().resolve().name
        return values
