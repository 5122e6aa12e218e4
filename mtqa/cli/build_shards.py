"""`mtqa build-shards`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mtqa.core.errors import UsageError


def command(
    corpora: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Corpora, usually written by filter.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    mode: Annotated[Literal["mono", "cross", "hybrid"], typer.Option(help="Kind of batches.")] = "hybrid",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Probability that a hybrid batch is mono.")] = 0.5,
    batch_size: Annotated[int, typer.Option(min=2, help="Pairs a batch.")] = 100,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of batches; or give --epochs.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Uses of each item; or give --steps.")] = None,
    languages: Annotated[str | None, typer.Option(help="Languages to use, with commas; default: all.")] = None,
    common_items: Annotated[bool, typer.Option(help="Only items that exist in all languages of the corpus.")] = False,
    sampling: Annotated[Literal["uniform", "temperature"], typer.Option(help="How languages are drawn.")] = "uniform",
    temperature: Annotated[float, typer.Option(min=0.01, help="For --sampling temperature: 1 is by size.")] = 5.0,
    weights: Annotated[str | None, typer.Option(help="Factors of languages' draws: deu=2,swh=0.5.")] = None,
    pairs: Annotated[str | None, typer.Option(help="Only these cross pairs: 'eng>deu,*>eng'.")] = None,
    exclude_pairs: Annotated[str | None, typer.Option(help="Cross pairs to leave out.")] = None,
    pair_with: Annotated[str | None, typer.Option(help="Second version of each pair: a language, or 'other'.")] = None,
    negatives: Annotated[Path | None, typer.Option(help="Hard negatives, written by mine.")] = None,
    negatives_per_pair: Annotated[int, typer.Option(min=1, help="Most hard negatives a pair.")] = 4,
    split: Annotated[Literal["train", "validation", "test"], typer.Option(help="Split to take.")] = "train",
    last: Annotated[Literal["refill", "drop"], typer.Option(help="What becomes of an epoch's last batch.")] = "refill",
    seed: Annotated[int, typer.Option(min=0, help="Seed of order and draws.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result of other settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Make batches for contrastive training: mono (X-X), cross (X-Y) or hybrid.

    Give either --steps or --epochs. Arms to be compared get equal items in equal order from the same --seed and
    --common-items, whatever their mode and languages.

    Example: mtqa build-shards filtered --mode hybrid --alpha 0.5 --epochs 1 --out shards
    """
    given = dict(locals())
    if (steps is None) == (epochs is None):
        raise UsageError("Give either --steps or --epochs.", where="--steps, --epochs", next_step="e.g. --epochs 1")
    from mtqa.core.languages import resolve_list
    from mtqa.core.recipe import parse
    from mtqa.pipeline.inspect import as_json_text
    from mtqa.pipeline.shard_view import composition_text
    from mtqa.shards.run import build_shards
    from mtqa.shards.settings import ShardSettings

    options = {name: given[name] for name in ShardSettings.model_fields if given[name] is not None}
    if languages:
        options["languages"] = resolve_list(languages)
    settings = parse(ShardSettings, options, "options")
    manifest = build_shards(corpora, settings, out, negatives=negatives, overwrite=overwrite)
    typer.echo(as_json_text(manifest.counts) if as_json else composition_text(manifest.counts))
