"""`mtqa evaluate`: mAP and language bias of an encoder, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtqa.core.errors import UsageError

Count = Annotated[int, typer.Option(min=100, max=1_000_000, help="Bootstrap resamples for the intervals.")]


def command(
    model: Annotated[str | None, typer.Argument(help="A model: folder, Hub id or 'demo'.", show_default=False)] = None,
    benchmark: Annotated[str, typer.Option(help="xquad-r or mlqa-r.")] = "xquad-r",
    data: Annotated[str, typer.Option(help="Folder of the official files, or 'sample' (en, de, es).")] = "sample",
    out: Annotated[Path | None, typer.Option(help="The result's folder.", show_default=False)] = None,
    languages: Annotated[str | None, typer.Option(help="Languages, with commas between; all by default.")] = None,
    candidate: Annotated[str, typer.Option(help="What is found: sentence, sentence+context or passage.")] = "sentence",
    vectors: Annotated[Path | None, typer.Option(help="Evaluate these vectors (.npz), not a model.")] = None,
    write_texts: Annotated[Path | None, typer.Option(help="Write the texts to encode (.parquet), then stop.")] = None,
    resamples: Count = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 7,
    device: Annotated[str, typer.Option(help="Where the model runs: cpu, cuda, cuda:1, mps.")] = "cpu",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result of other settings.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print metrics.json instead of a table.")] = False,
) -> None:
    """Measure retrieval across languages: mAP Mo, Cr and Mul, language bias, 95 % intervals, and a signature.

    Example: mtqa evaluate demo --benchmark xquad-r --data lareqa/xquad-r --languages en,de,es --out demo-xquad
    """
    from mtqa.core.languages import resolve_list
    from mtqa.core.recipe import parse
    from mtqa.evaluate.run import METRICS_FILE, evaluate, export_texts, read_metrics
    from mtqa.evaluate.settings import EvaluateSettings
    from mtqa.evaluate.summary import table

    values = {"benchmark": benchmark, "data": data, "candidate": candidate, "resamples": resamples, "seed": seed}
    values |= {"languages": None if languages is None else resolve_list(languages), "device": device}
    values |= {"vectors": None if vectors is None else str(vectors)}
    settings = parse(EvaluateSettings, values, "options")
    if write_texts is not None:
        typer.echo(f"{write_texts}: {export_texts(settings, write_texts):,} texts")
        return
    if out is None:
        raise UsageError("No output folder was given.", expected="--out DIR", next_step="or --write-texts FILE")
    evaluate(model, settings, out, overwrite=overwrite)
    if json:
        typer.echo((out / METRICS_FILE).read_text(encoding="utf-8"), nl=False)
    else:
        typer.echo(table(read_metrics(out)))
