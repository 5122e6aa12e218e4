"""`mtqa filter`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mtqa.core.errors import UsageError


def command(
    out: Annotated[Path, typer.Option("--out", help="Folder to write; with --pairs a JSONL file.")],
    corpus: Annotated[Path | None, typer.Argument(help="A translated corpus.", metavar="[DIR]")] = None,
    pairs: Annotated[Path | None, typer.Option(help="Judge a table: id, source, translation, lang, field.")] = None,
    profile: Annotated[str, typer.Option(help="'default', or a profile file (YAML).")] = "default",
    threshold: Annotated[
        list[str] | None, typer.Option("--threshold", help="FIELD.CHECK=NUMBER, or =off; may be repeated.")
    ] = None,
    group: Annotated[
        str, typer.Option(help="any, all or min_languages:K: when an item leaves in all languages.")
    ] = "any",
    lengths: Annotated[str | None, typer.Option(help="Length bounds, as calibrate-filter writes them.")] = None,
    identifiers: Annotated[
        list[str] | None, typer.Option(help="Language identifier, or a fastText model; may be repeated.")
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="Compare meanings: demo, a Hub id or a model folder.")] = None,
    device: Annotated[str, typer.Option(help="Where the encoder runs: cpu, cuda, cuda:1, mps.")] = "cpu",
    workers: Annotated[int, typer.Option(min=1, help="Processes that judge texts.")] = 1,
    contamination: Annotated[
        list[str] | None, typer.Option(help="Test set that must not be trained on; may be repeated.")
    ] = None,
    round_trip: Annotated[str | None, typer.Option(help="Table of translations back into English.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of whatever is sampled.")] = 0,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Replace the result, deciding again from its stored scores.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result made otherwise.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Keep good translations; write the others, with reasons, to OUT/.rejected.

    Example: mtqa filter runs/x/translated --threshold passage.numbers=1 --out runs/x/filtered

    Example: mtqa filter --pairs pairs.tsv --encoder demo --out decisions.jsonl
    """
    from mtqa.core.recipe import parse
    from mtqa.filter.settings import FilterSettings

    values: dict[str, Any] = {"profile": profile, "group": group, "lengths": lengths, "encoder": encoder}
    values |= {
        "device": device,
        "workers": workers,
        "contamination": contamination,
        "round_trip": round_trip,
        "seed": seed,
    }
    values |= {"thresholds": _thresholds(threshold or [])} | ({"identifiers": identifiers} if identifiers else {})
    settings = parse(FilterSettings, values, "mtqa filter")
    if (corpus is None) == (pairs is None):
        raise UsageError("Give a corpus or a table of pairs, one of the two.", expected="DIR, or --pairs FILE")
    if pairs is not None:
        asked = {"--group": group != "any", "--contamination": contamination, "--round-trip": round_trip}
        if useless := [name for name, given in (asked | {"--rescore": rescore}).items() if given]:
            raise UsageError(f"A table of pairs is judged row by row: {useless[0]} needs a corpus.", expected="DIR")
        from mtqa.filter.pairs import judge_pairs, table

        judged = judge_pairs(pairs, settings, out)
        shown, text = judged.as_dict(), table(judged)
    else:
        from mtqa.filter.report import table as table_of_parts
        from mtqa.filter.run import filter_corpus

        manifest = filter_corpus(Path(str(corpus)), settings, out, overwrite=overwrite, rescore=rescore)
        counts = {lang: part.counts for lang, part in manifest.parts.items()}
        shown, text = {"total": manifest.counts, "languages": counts}, table_of_parts(counts)
    if as_json:
        import json

        text = json.dumps(shown, ensure_ascii=False, indent=1)
    typer.echo(text)


def _thresholds(options: list[str]) -> dict[str, str | None]:
    pairs = [option.partition("=") for option in options]
    for option, (_, sign, _) in zip(options, pairs, strict=True):
        if not sign:
            raise UsageError(f"'{option}' is no threshold.", where="--threshold", expected="FIELD.CHECK=NUMBER")
    return {name: None if value == "off" else value for name, _, value in pairs}
