"""Settings of train: the command's options and the recipe's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mtqa.core.recipe import Settings

UNRECORDED = {"device", "save_every", "tensorboard"}
ADDED = (
    "weight",
    "teacher",
    "distill_steps",
    "learn_temperature",
    "gradient_checkpointing",
    "stop_on",
    "similarity",
)
"""Settings that came later: unrecorded at their defaults, so that models trained before are still up to date."""


class TrainSettings(Settings):
    """How a dual encoder is trained; the defaults are those of Elmahdy, Lin and Ahmad, arXiv 2408.10536.

    The paper gives no warm-up, schedule or gradient clipping: those three are ours.
    """

    encoder: str = Field(
        "FacebookAI/xlm-roberta-base", min_length=1, description="What to train: demo, a Hub id, or a model folder."
    )
    objective: Literal["infonce", "distill", "mimo", "lakda", "jsd"] = Field(
        "infonce", description="The loss: infonce, distill, mimo, lakda or jsd (docs/train.md)."
    )
    weight: float | None = Field(
        None, ge=0, description="λ of mimo (0.2 by default), a of lakda (0.5), w of jsd (to be given)."
    )
    teacher: str | None = Field(
        None, min_length=1, description="English teacher of distill and mimo; the encoder as it was by default."
    )
    distill_steps: int | None = Field(
        None, ge=0, description="Steps of mimo that are distillation alone; half of them by default."
    )
    steps: int | None = Field(
        None, ge=0, description="Steps, one batch each; all batches by default, 0 trains nothing."
    )
    learning_rate: float = Field(3e-5, gt=0, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(0.01, ge=0, description="Weight decay of matrices; biases and norms have none.")
    similarity: Literal["cosine", "dot"] = Field(
        "cosine", description="Compare vectors by cosine, or by dot product of their own lengths (temperature 1 then)."
    )
    temperature: float = Field(0.05, gt=0, description="Cosines (or dot products) are divided by it.")
    learn_temperature: bool = Field(False, description="Train the temperature too; it stays above 0.01.")
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
    gradient_checkpointing: bool = Field(
        False, description="Compute activations again in the backward pass, to save memory; transformers only."
    )
    freeze: list[str] = Field(default_factory=list, description="Parameters whose names begin so are not trained.")
    bf16: bool = Field(False, description="Compute in bfloat16 where torch deems it safe; weights stay float32.")
    validation: Path | None = Field(None, description="Shards of held-out pairs, to measure the loss on.")
    validate_every: int = Field(100, ge=1, description="Steps between two measurements on the held-out pairs.")
    stop_on: Literal["loss", "mAP"] = Field(
        "loss", description="What is best on the held-out pairs: the lowest loss, or the highest mAP of retrieval."
    )
    patience: int | None = Field(
        None, ge=1, description="Stop after so many measurements without a new best, and keep the best; null for never."
    )
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints, to resume from.")
    tensorboard: Path | None = Field(None, description="Folder for event files that TensorBoard shows.")
    device: str = Field("auto", description="cpu, cuda, cuda:1 …; auto takes a GPU where there is one.")
    seed: int = Field(1, ge=0, description="Seed of dropout; the order of the pairs is the shards'.")

    @model_validator(mode="after")
    def _fits(self) -> TrainSettings:
        if self.patience is not None and self.validation is None:
            raise ValueError("patience needs validation: a folder of held-out shards")
        if self.objective == "jsd" and self.weight is None:
            raise ValueError("the objective jsd needs a weight")
        if self.weight is not None and self.objective in ("infonce", "distill"):
            raise ValueError(f"the objective {self.objective} has no weight")
        if self.weight is not None and self.weight > 1 and self.objective in ("mimo", "lakda"):
            raise ValueError(f"the weight of {self.objective} is a share: at most 1")
        if self.teacher is not None and self.objective not in ("distill", "mimo"):
            raise ValueError(f"the objective {self.objective} has no teacher")
        if self.similarity == "dot" and self.objective in ("lakda", "jsd"):
            raise ValueError(f"the objective {self.objective} compares distributions of cosines: similarity cosine")
        if self.distill_steps is not None and self.objective != "mimo":
            raise ValueError(f"the objective {self.objective} has no distill_steps")
        return self

    def record(self) -> dict[str, Any]:
        """Return what the result depends on: no device, no checkpoint interval, of folders only the name.

        What the folders hold stands in the manifest's inputs.
        """
        values = {
            key: value
            for key, value in super().record().items()
            if key not in UNRECORDED and not (key in ADDED and value == type(self).model_fields[key].default)
        }
        for key in ("encoder", "teacher", "validation"):
            if key not in values:
                continue
            if values[key] is not None and Path(values[key]).expanduser().is_dir():
                values[key] = Path(values[key]).expanduser().resolve().name
        return values
