"""`mtqa filter`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtqa.core.errors import UsageError


def command(
    corpus: Annotated[Path, typer.Argument(help="A translated corpus.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    profile: Annotated[str, typer.Option(help="'default', or a profile file (YAML).")] = "default",
    threshold: Annotated[
        list[str] | None, typer.Option("--threshold", help="FIELD.CHECK=NUMBER, or =off; may be repeated.")
    ] = None,
    group: Annotated[
        str, typer.Option(help="any, all or min_languages:K: when an item leaves in all languages.")
    ] = "any",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the language identification.")] = 0,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Replace the result, deciding again from its stored scores.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result made otherwise.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Keep good translations; write the others, with reasons, to OUT/.rejected.

    Example: mtqa filter runs/x/translated --threshold passage.numbers=1 --out runs/x/filtered
    """
    from mtqa.core.recipe import parse
    from mtqa.filter.report import table
    from mtqa.filter.run import filter_corpus
    from mtqa.filter.settings import FilterSettings

    values = {"profile": profile, "thresholds": _thresholds(threshold or []), "group": group, "seed": seed}
    settings = parse(FilterSettings, values, "mtqa filter")
    manifest = filter_corpus(corpus, settings, out, overwrite=overwrite, rescore=rescore)
    counts = {lang: part.counts for lang, part in manifest.parts.items()}
    if as_json:
        import json

        typer.echo(json.dumps({"total": manifest.counts, "languages": counts}, ensure_ascii=False, indent=1))
    else:
        typer.echo(table(counts))


def _thresholds(options: list[str]) -> dict[str, str | None]:
    pairs = [option.partition("=") for option in options]
    for option, (_, sign, _) in zip(options, pairs, strict=True):
        if not sign:
            raise UsageError(f"'{option}' is no threshold.", where="--threshold", expected="FIELD.CHECK=NUMBER")
    return {name: None if value == "off" else value for name, _, value in pairs}
