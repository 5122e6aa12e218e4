"""`mtqa report`: the HTML report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(run: Annotated[Path, typer.Argument(help="The run folder.")]) -> None:
    """Write RUN/report.html anew from what the run holds: one file, no network needed to read it.

    Example: mtqa report runs/quickstart
    """
    from mtqa.report.html import write_report

    typer.echo(write_report(run))
