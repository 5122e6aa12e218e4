"""`mtqa inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Any folder that an mtqa command wrote.")],
    batch: Annotated[int | None, typer.Option(min=0, help="Shards: show this batch.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Number of items or pairs to show.")] = 3,
    lang: Annotated[str | None, typer.Option(help="Corpus: only these languages, with commas.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Show what a folder holds: counts, settings, and some of its rows in readable form.

    A corpus is shown item by item with all its languages side by side, shards with their composition against what was
    asked for, other folders with their manifest.

    Example:

    mtqa inspect shards --batch 7 --rows 5
    """
    from mtqa.core.languages import resolve_list
    from mtqa.pipeline.inspect import Look, as_json_text, inspect, render

    look = Look(batch=batch, rows=rows, languages=tuple(resolve_list(lang)) if lang else None)
    seen = inspect(path, look)
    typer.echo(as_json_text(seen) if as_json else render(seen))
