"""`mtqa run`: all stages of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.")],
    out: Annotated[Path | None, typer.Option(help="The run folder.", show_default="runs/<the recipe's name>")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the recipe, list the stages, do nothing.")] = False,
) -> None:
    """Run all stages of a recipe; what is up to date is skipped, an interrupted run goes on where it stopped.

    Example: mtqa run recipes/quickstart.yaml --out runs/quickstart
    """
    from mtqa.pipeline.recipe import load_recipe

    loaded = load_recipe(recipe)
    folder = out or Path("runs") / loaded.name
    if dry_run:
        from mtqa.pipeline.status import status_table

        typer.echo(status_table(folder, loaded))
        return
    from mtqa.pipeline.run import run_recipe
    from mtqa.pipeline.summary import run_summary

    stages = run_recipe(loaded, folder)
    typer.echo(run_summary(folder, loaded, stages))
