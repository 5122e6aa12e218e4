"""`mtqa study`: arms × seeds on the same data, and what the differences are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option


def command(
    recipe: Annotated[Path, typer.Argument(help="The study's recipe, a YAML file.")],
    out: Annotated[Path | None, Option(help="The study's folder.", show_default="runs/<the recipe's name>")] = None,
    data: Annotated[Path, Option(help="Folder that the recipe's relative places of data start from.")] = Path(),
    seeds: Annotated[
        int | None, Option(min=1, help="Run only the first so many seeds for now.", show_default="all")
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Check the recipe, list the runs, do nothing.")] = False,
    json: Annotated[bool, Option("--json", help="Print results.json instead of tables.")] = False,
) -> None:
    """Train mono, cross, hybrid and English-only with several seeds on the same items, and say what wins.

    Writes results.json, study.md, curves.svg and languages.svg; what is done is skipped, an interrupted study goes on
    where it stopped, and results stand after every whole seed.

    Example: mtqa study recipes/study-cpu.yaml --data data --out runs/study-cpu
    """
    from mtqa.study.run import pending, run_study
    from mtqa.study.settings import load_study

    study = load_study(recipe, data)
    folder = out or Path("runs") / study.name
    if dry_run:
        for name, done in pending(study, folder, seeds):
            typer.echo(f"{'done' if done else 'to do':<6} {name}")
        return
    content = run_study(study, folder, seeds)
    if json:
        from json import dumps

        typer.echo(dumps(content, indent=1))
        return
    from mtqa.study.text import summary

    typer.echo(summary(content))
    typer.echo(f"\nAll tables: {folder / 'study.md'}")
