"""`mtqa memory`: what a translation memory holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtqa.core.errors import UsageError


def command(
    folder: Annotated[Path | None, typer.Argument(help="The --memory of translate; by default its default.")] = None,
    prune: Annotated[str, typer.Option(help="Delete these keys (or their first digits), commas between.")] = "",
    older_than: Annotated[float | None, typer.Option(min=0, help="Delete keys not used for so many days.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it, only show what would go.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a translation memory holds, by language and model, and delete what is not wanted any more.

    A deleted translation costs only the time to make it again.

    Example: mtqa memory ~/.cache/mtqa/memory --older-than 90 --yes
    """
    from json import dumps

    from mtqa.translate import contents
    from mtqa.translate.model import cache_root

    root = folder or cache_root() / "memory"
    keys = [key.strip() for key in prune.split(",") if key.strip()]
    held = contents.contents(root)
    done = ""
    if keys or older_than is not None:
        if not yes:
            held, done = contents.chosen(root, keys, older_than), " would be deleted (say --yes)"
        else:
            held, done = contents.prune(root, keys, older_than), " deleted"
    elif yes:
        raise UsageError("Nothing says what to delete.", where="--yes", expected="--prune KEY or --older-than DAYS")
    typer.echo(dumps(contents.as_records(held), indent=1) if json else contents.show(held, done))
