"""`mtqa status`: what a run has done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which stages of a run are done, with rows, sizes and seconds.

    Example: mtqa status runs/quickstart
    """
    from mtqa.pipeline.status import run_status, status_table

    typer.echo(json.dumps(run_status(run), indent=1) if as_json else status_table(run))
