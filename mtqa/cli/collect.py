"""`mtqa collect`: English QA from files and public data sets into one corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    sources: Annotated[list[str], typer.Argument(help="sample, a source, NAME:LANGUAGE, a file or folder.")],
    out: Annotated[Path, typer.Option(help="Folder to write the corpus to.")],
    map_: Annotated[str, typer.Option("--map", help="Columns of a table: question=COL,passage=COL,….")] = "",
    dataset: Annotated[str | None, typer.Option(help="Name of the data set; the file's name by default.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of your own files: SPDX id or name.")] = "unknown",
    language: Annotated[str, typer.Option(help="Language of your own files.")] = "eng_Latn",
    splits: Annotated[str | None, typer.Option(help="Upstream splits of a source: train,validation,….")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Keep this many items of each source at most.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw that --limit makes.")] = 1,
    validation: Annotated[float, typer.Option(min=0, max=0.99, help="Share of passages for validation.")] = 0.02,
    passage_unit: Annotated[str, typer.Option(help="passage, or sentence: that with the answer's start.")] = "passage",
    passage_characters: Annotated[int | None, typer.Option(min=100, help="Cut longer passages to this.")] = None,
    pair_with: Annotated[str | None, typer.Option(help="Passages for items without one: file or BEIR folder.")] = None,
    pair_licence: Annotated[str, typer.Option(help="Licence of those passages.")] = "unknown",
    exclude: Annotated[list[str] | None, typer.Option(help="Benchmark to keep out: sample, file, folder.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result is the same.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a corpus made otherwise.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Collect question answering into one corpus: cleaned, without duplicates, every dropped row counted.

    Reads SQuAD and MRQA JSON, JSON lines, CSV, TSV (also .gz), Parquet, BEIR and TREC folders, and the sources of
    'mtqa sources' by name, in another of its languages as NAME:LANGUAGE; NAME=FILE reads a downloaded file of one.
    Documents are cut into passages.

    Example: mtqa collect faq.csv --map question=q,passage=text --out runs/collected
    """
    from mtqa.collect.report import report
    from mtqa.collect.run import collect
    from mtqa.collect.settings import CollectSettings
    from mtqa.core.recipe import parse

    given = {**locals(), "map": map_, "exclude": exclude or [], "splits": splits.split(",") if splits else None}
    values = {name: given[name] for name in CollectSettings.model_fields}
    manifest = collect(parse(CollectSettings, values, "command line"), out, overwrite=overwrite)
    for line in report(manifest, out, json=json):
        typer.echo(line)
