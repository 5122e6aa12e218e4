"""`mtqa report`: the HTML report of a run, a study or an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(run: Annotated[Path, typer.Argument(help="The folder of a run, a study or an evaluation.")]) -> None:
    """Write RUN/report.html anew from what the folder holds: one file, no network needed to read it.

    The report of a comparison is written by `mtqa compare … --report FILE`.

    Example: mtqa report runs/quickstart
    """
    from mtqa.report.html import write_report

    typer.echo(write_report(run))
