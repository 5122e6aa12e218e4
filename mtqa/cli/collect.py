"""`mtqa collect`: English QA from files and public data sets into one corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    sources: Annotated[list[str], typer.Argument(help="sample, a source (see mtqa sources), a file or folder.")],
    out: Annotated[Path, typer.Option(help="Folder to write the corpus to.")],
    map_: Annotated[str, typer.Option("--map", help="Columns of a table: question=COL,passage=COL,….")] = "",
    dataset: Annotated[str | None, typer.Option(help="Name of the data set; the file's name by default.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of your own files: SPDX id or name.")] = "unknown",
    language: Annotated[str, typer.Option(help="Language of your own files.")] = "eng_Latn",
    limit: Annotated[int | None, typer.Option(min=1, help="Keep this many items of each source at most.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw that --limit makes.")] = 1,
    validation: Annotated[float, typer.Option(min=0, max=0.99, help="Share of passages for validation.")] = 0.02,
    passage_unit: Annotated[str, typer.Option(help="passage, or sentence: that with the answer's start.")] = "passage",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a corpus made otherwise.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Collect question answering into one corpus: cleaned, without duplicates, every dropped row counted.

    Reads SQuAD JSON, PubMedQA, JSON lines, CSV, TSV (also .gz), Parquet, BEIR folders, and the sources of
    'mtqa sources' by name; NAME=FILE reads a downloaded file of such a source.

    Example: mtqa collect faq.csv --map question=q,passage=text --out runs/collected
    """
    from mtqa.collect.run import collect
    from mtqa.collect.settings import CollectSettings
    from mtqa.core.recipe import parse

    values = {
        "sources": sources,
        "map": map_,
        "dataset": dataset,
        "licence": licence,
        "language": language,
        "limit": limit,
        "seed": seed,
        "validation": validation,
        "passage_unit": passage_unit,
    }
    manifest = collect(parse(CollectSettings, values, "command line"), out, overwrite=overwrite)
    counts = manifest.counts
    if json:
        from json import dumps

        typer.echo(dumps(counts, indent=1))
        return
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in counts["dropped"].items())
    splits = ", ".join(f"{n:,} {split}" for split, n in counts["splits"].items())
    typer.echo(f"{out}: {counts['read']:,} rows read, {counts['kept']:,} kept ({splits})")
    typer.echo(f"dropped: {dropped or 'none'}")
    for note, n in counts["notes"].items():
        typer.echo(f"note: {n:,} {note.replace('_', ' ')}")
