"""`mtqa compare`: differences between evaluations, with intervals and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option


def command(
    runs: Annotated[list[Path], typer.Argument(help="Folders of evaluate, run or study; the first is the reference.")],
    resamples: Annotated[int, Option(min=100, help="Bootstrap resamples and sign flips.")] = 5000,
    seed: Annotated[int, Option(min=0, help="Seed of the resampling.")] = 7,
    languages: Annotated[bool, Option("--languages", help="Show the differences of each query language.")] = False,
    json: Annotated[bool, Option("--json", help="Print all differences as JSON.")] = False,
    report: Annotated[Path | None, Option(help="Write an HTML page as well: one file, readable offline.")] = None,
) -> None:
    """Compare the first system with each other one: differences, intervals, tests, Holm-corrected.

    A run's or study's folder stands for all its arms; seeds of an arm are taken together. Evaluations with other data,
    languages or candidate texts are refused.

    Example: mtqa compare runs/quickstart/evaluation/hybrid runs/quickstart/evaluation/mono --languages
    """
    from mtqa.study.compare import compare, find_systems, text

    systems = [one for path in runs for one in find_systems(path)]
    found = compare(systems, resamples=resamples, seed=seed)
    if report is not None:
        from mtqa.report.comparison import write_comparison

        write_comparison(found, {one.name: one.evaluations for one in systems}, report)
    if json:
        from json import dumps

        typer.echo(dumps(found, indent=1))
        return
    typer.echo(text(found, languages=languages))
