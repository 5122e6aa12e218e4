"""`mtqa train`: an encoder trained on shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option, echo


def command(
    shards: Annotated[Path, Argument(help="The folder that build-shards wrote.")],
    out: Annotated[Path, Option(help="The model folder to write.")],
    encoder: Annotated[str, Option(help="demo, a Hub id, or a model folder.")] = "FacebookAI/xlm-roberta-base",
    objective: Annotated[str, Option(help="The loss: infonce, distill, mimo, lakda or jsd.")] = "infonce",
    weight: Annotated[float | None, Option(min=0, help="λ of mimo (0.2), a of lakda (0.5), w of jsd.")] = None,
    teacher: Annotated[str | None, Option(help="Of distill and mimo.", show_default="the encoder as it was")] = None,
    distill_steps: Annotated[int | None, Option(min=0, help="Steps of mimo that only distill.")] = None,
    steps: Annotated[int | None, Option(min=0, help="Batches to use; 0 trains nothing.", show_default="all")] = None,
    learning_rate: Annotated[float, Option(min=0, help="Peak learning rate of AdamW.")] = 3e-5,
    weight_decay: Annotated[float, Option(min=0, help="Weight decay of matrices.")] = 0.01,
    similarity: Annotated[str, Option(help="Compare by cosine, or by dot product: dot.")] = "cosine",
    temperature: Annotated[float, Option(min=0, help="Cosines are divided by it.")] = 0.05,
    learn_temperature: Annotated[bool, Option("--learn-temperature", help="Train the temperature too.")] = False,
    warmup: Annotated[float, Option(min=0, max=1, help="Share of the steps in which the learning rate rises.")] = 0.1,
    schedule: Annotated[str, Option(help="The learning rate after that: linear (falling) or constant.")] = "linear",
    max_grad_norm: Annotated[float, Option(min=0, help="Cut longer gradients to this norm; 0 for never.")] = 1.0,
    query_prompt: Annotated[str | None, Option(help="Text before queries.", show_default="its own")] = None,
    passage_prompt: Annotated[str | None, Option(help="Text before passages.", show_default="its own")] = None,
    micro_batch_tokens: Annotated[int, Option(min=1, help="Tokens that are encoded at once.")] = 4096,
    grad_cache: Annotated[bool, Option("--grad-cache", help="Encode twice to save memory.")] = False,
    gradient_checkpointing: Annotated[bool, Option("--gradient-checkpointing", help="Memory for time.")] = False,
    freeze: Annotated[list[str] | None, Option(help="Don't train parameters with this beginning; repeatable.")] = None,
    bf16: Annotated[bool, Option("--bf16", help="Compute in bfloat16.")] = False,
    validation: Annotated[Path | None, Option(help="Shards of held-out pairs to measure the loss on.")] = None,
    validate_every: Annotated[int, Option(min=1, help="Steps between two measurements.")] = 100,
    stop_on: Annotated[str, Option(help="What is best on held-out pairs: loss or mAP.")] = "loss",
    patience: Annotated[int | None, Option(min=1, help="Stop after so many measurements without a new best.")] = None,
    save_every: Annotated[int, Option(min=1, help="Steps between two checkpoints, to resume from.")] = 100,
    tensorboard: Annotated[Path | None, Option(help="Folder for TensorBoard's event files.")] = None,
    device: Annotated[str, Option(help="cpu, cuda, cuda:1 …; auto takes a GPU where there is one.")] = "auto",
    seed: Annotated[int, Option(min=0, help="Seed of dropout.")] = 1,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a result made with other settings.")] = False,
    json: Annotated[bool, Option("--json", help="Print the counts and losses as JSON.")] = False,
) -> None:
    """Train a dual encoder on shards; a killed run goes on from its last checkpoint.

    Several processes (torchrun -m mtqa.cli.main train …, or accelerate launch) share each batch: the same steps.

    Example: mtqa train shards/hybrid --encoder demo --learning-rate 3e-4 --out model/hybrid
    """
    values: dict[str, Any] = {k: v for k, v in locals().items() if k not in ("shards", "out", "overwrite", "json")}
    from mtqa.core.recipe import parse
    from mtqa.train.run import train
    from mtqa.train.settings import TrainSettings
    from mtqa.train.summary import as_json, as_text

    values |= {"max_grad_norm": max_grad_norm or None, "freeze": freeze or []}
    manifest = train(shards, parse(TrainSettings, values, "mtqa train"), out, overwrite=overwrite)
    echo(as_json(manifest) if json else as_text(manifest, out))
