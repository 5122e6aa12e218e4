"""`mtqa translate`: English rows into rows of other languages."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from mtqa.core.errors import UsageError


def command(
    corpus: Annotated[Path, typer.Argument(help="A collected corpus, or a table of questions (see --map).")],
    to: Annotated[str, typer.Option(help="Target languages, with commas between: codes or names.")],
    out: Annotated[Path, typer.Option(help="Folder to write the translated corpus to.")],
    model: Annotated[str, typer.Option(help="demo, opus-mt, nllb-600m, madlad-3b, a Hub id, a folder.")] = "nllb-600m",
    memory: Annotated[Path | None, typer.Option(help="Folder of finished translations.", show_default=False)] = None,
    map_: Annotated[str, typer.Option("--map", help="Columns of a table: question=COL,passage=COL,….")] = "",
    engine: Annotated[str, typer.Option(help="ctranslate2 or transformers.")] = "ctranslate2",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    compute_type: Annotated[str, typer.Option(help="Number format: auto, float32, int8, float16, ….")] = "auto",
    beam_size: Annotated[int, typer.Option(min=1, max=32, help="Beams; 1 is greedy.")] = 4,
    batch_tokens: Annotated[int | None, typer.Option(min=64, max=1 << 20, help="Source tokens of a batch.")] = None,
    max_segment_tokens: Annotated[int, typer.Option(min=16, max=1000, help="Longer sentences are cut.")] = 250,
    devices: Annotated[str, typer.Option(help="GPUs, as 0,1; on CPU a process each.")] = "",
    executor: Annotated[str, typer.Option(help="local, or ray.")] = "local",
    ray_address: Annotated[str | None, typer.Option(help="A running Ray cluster; else one starts here.")] = None,
    worker: Annotated[str, typer.Option(help="K/N: only fill the memory, with every N-th chunk.")] = "",
    round_trip: Annotated[bool, typer.Option("--round-trip", help="Translate --to back, into the table OUT.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take; write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result of other settings.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the counts by language as JSON.")] = False,
) -> None:
    """Translate a corpus sentence by sentence; finished sentences are remembered, also after a crash.

    A table (CSV, TSV, JSON lines, Parquet) is collected to OUT.collected first, where rows without a question and
    duplicates are dropped; --map says which column holds what: question, passage, answers, answer_start, title.
    OUT gets a Parquet table a language, English's too: 'mtqa inspect OUT' shows them side by side.

    'mtqa languages' lists codes and names. The model demo knows German and Spanish and needs no download;
    nllb-600m knows 202 languages (not for commercial use); opus-mt picks the pair's own model. The memory is
    $MTQA_CACHE/memory, by default ~/.cache/mtqa/memory. Several machines share the work with --worker 1/3, 2/3, 3/3
    and one --memory; then the command without it. --round-trip translates a translated corpus back into English, as a
    Parquet table for 'mtqa filter --round-trip'.

    Example: mtqa translate faq.csv --map question=q,passage=text --to de,es --model demo --out faq-de-es
    """
    from mtqa.core.recipe import parse
    from mtqa.translate import report
    from mtqa.translate.model import cache_root
    from mtqa.translate.settings import TranslateSettings

    values: dict[str, Any] = {"to": to, "model": model, "engine": engine, "device": device}
    values |= {"compute_type": compute_type, "beam_size": beam_size}
    values |= {"batch_tokens": batch_tokens, "max_segment_tokens": max_segment_tokens}
    values |= {"devices": devices, "executor": executor, "ray_address": ray_address}
    settings = parse(TranslateSettings, values, "command line")
    share = report.share(worker)
    kept = memory or cache_root() / "memory"
    if dry_run and not round_trip:  # a table is collected to a folder that goes again: nothing is written
        with tempfile.TemporaryDirectory() as folder:
            found = _collected(corpus, map_, settings, Path(folder) / "collected", overwrite=False)
            typer.echo(report.plan(found, settings, kept, json=json))
        return
    corpus = _collected(corpus, map_, settings, out.with_name(f"{out.name}.collected"), overwrite=overwrite)
    if round_trip:
        report.refuse_with_round_trip(worker, dry_run=dry_run)
        typer.echo(report.back(corpus, settings, out, kept, json=json))
    elif share:
        typer.echo(report.filled(corpus, settings, share, kept, json=json))
    else:
        typer.echo(report.translated(corpus, settings, out, kept, overwrite=overwrite, json=json))


def _collected(corpus: Path, columns: str, settings: Any, collected: Path, *, overwrite: bool) -> Path:
    """Return a corpus as it is, else `collected`, where a table is collected to once the languages are seen to go."""
    from mtqa.core.recipe import parse

    if columns and corpus.is_dir():
        raise UsageError("A corpus has no columns to map.", where="--map", expected=f"a table; '{corpus}' is a folder")
    if not corpus.is_file() and (corpus.exists() or not corpus.suffix):
        return corpus
    from mtqa.collect.report import report
    from mtqa.collect.run import collect
    from mtqa.collect.settings import CollectSettings
    from mtqa.core.progress import say
    from mtqa.translate.run import check_models

    check_models(settings)
    given = parse(CollectSettings, {"sources": [str(corpus)], "map": columns, "validation": 0}, "command line")
    manifest = collect(given, collected, overwrite=overwrite)
    for line in report(manifest, corpus, json=False):  # the table's name: of a dry run the folder goes again
        say(line)
    return collected
