"""`mtqa export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder that build-shards wrote.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    to: Annotated[Literal["tevatron"], typer.Option(help="Format: tevatron writes JSON lines.")] = "tevatron",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Write shards for another trainer: one pair a line, with its hard negatives, in the order of the batches.

    A trainer that shuffles lines keeps the pairs but not the batches: let it read in order, with the same batch size.

    Example:

    mtqa export shards --to tevatron --out train.jsonl
    """
    from mtqa.shards.tevatron import export_tevatron

    pairs = export_tevatron(shards, out, overwrite=overwrite)
    typer.echo(f"{out}: {pairs:,} pairs")
