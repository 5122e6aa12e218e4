"""`mtqa calibrate-filter`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    clean: Annotated[Path, typer.Option(help="Clean pairs: id, source, translation, lang, field.")],
    out: Annotated[Path, typer.Option(help="The file of length bounds to write (YAML).")],
    profile: Annotated[str, typer.Option(help="'default', or a profile file (YAML).")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print bounds and false rejections as JSON.")] = False,
) -> None:
    """Fit the filter's length bounds to your own clean pairs.

    One half of the pairs is fitted, the other is judged: what is rejected there is rejected wrongly.

    Example: mtqa calibrate-filter --clean reviewed.tsv --out lengths.yaml
    """
    from mtqa.core.recipe import parse
    from mtqa.filter.calibrate import calibrate
    from mtqa.filter.pairs import table
    from mtqa.filter.settings import FilterSettings

    found = calibrate(clean, parse(FilterSettings, {"profile": profile}, "mtqa calibrate-filter"), out)
    if as_json:
        import json

        shown = {"languages": found.languages, "pairs": found.rows, "left_out": found.left_out}
        typer.echo(json.dumps(shown | {"held_out": found.rejected.as_dict()}, ensure_ascii=False, indent=1))
        return
    for lang, bounds in found.languages.items():
        typer.echo(f"{lang}: {found.rows[lang]:,} pairs, median {bounds['median']:+.3f}, spread {bounds['spread']:.3f}")
    for lang, rows in found.left_out.items():
        typer.echo(f"{lang}: left out, {rows:,} pairs are too few")
    typer.echo("\nThe other half, all of it clean:\n" + table(found.rejected))
