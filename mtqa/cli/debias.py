"""`mtqa debias`: corrections of language bias without training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option


def command(
    model: Annotated[str, typer.Argument(help="A model: folder, Hub id or 'demo'.")],
    parallel: Annotated[Path, Option(help="A corpus of mtqa, or text files of parallel lines: en.txt, de.txt, …")],
    out: Annotated[Path, Option(help="The corrected model's folder.")],
    method: Annotated[str, Option(help="shift, centre or project.")] = "shift",
    rank: Annotated[int, Option(min=1, max=100, help="Directions a language that project removes.")] = 1,
    limit: Annotated[int, Option(min=1, help="Parallel items to estimate from, at most.")] = 5000,
    seed: Annotated[int, Option(min=0, help="Seed of the choice of items.")] = 1,
    device: Annotated[str, Option(help="Where the model runs: cpu, cuda, cuda:1, mps.")] = "cpu",
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a result made with other settings.")] = False,
    json: Annotated[bool, Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Correct language bias without training; SentenceTransformer(OUT).encode(texts, task="deu_Latn") applies it.

    Example: mtqa debias demo --parallel filtered --method centre --out demo-centred
    """
    from mtqa.core.recipe import parse
    from mtqa.debias.run import debias
    from mtqa.debias.settings import DebiasSettings

    values = {"method": method, "rank": rank, "limit": limit, "seed": seed, "device": device}
    manifest = debias(model, parallel, parse(DebiasSettings, values, "options"), out, overwrite=overwrite)
    if json:
        from json import dumps

        typer.echo(dumps(manifest.counts))
        return
    counts = manifest.counts
    typer.echo(
        f"{out}: {method} for {', '.join(manifest.info['languages'])}, from {counts['items']:,} parallel items; "
        f"distance of mean vectors to English {counts['distance_before']:.3f}, now {counts['distance_after']:.3f}"
    )
