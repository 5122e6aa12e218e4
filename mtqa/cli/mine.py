"""`mtqa mine`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    corpora: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Corpora, as build-shards will read them.")],
    encoder: Annotated[str, typer.Option(help="'demo', a folder, or a Hub id.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    query_lang: Annotated[str, typer.Option(help="Language of the questions that are scored.")] = "eng_Latn",
    passage_lang: Annotated[str, typer.Option(help="Language of the passages that are scored.")] = "eng_Latn",
    negatives: Annotated[int, typer.Option(min=1, help="Most negatives a question.")] = 8,
    rank_from: Annotated[int, typer.Option(min=1, help="First rank to take.")] = 1,
    rank_to: Annotated[int, typer.Option(min=1, help="Last rank to take.")] = 100,
    margin: Annotated[float, typer.Option(min=0, help="Least distance to the positive's cosine.")] = 0.0,
    most_of_positive: Annotated[float, typer.Option(max=1, help="Highest share of the positive's cosine.")] = 0.95,
    near: Annotated[float, typer.Option(max=1, help="Cosine of passages that are near-duplicates.")] = 0.95,
    pick: Annotated[Literal["top", "random"], typer.Option(help="The hardest of the range, or random ones.")] = "top",
    search: Annotated[Literal["exact", "faiss"], typer.Option(help="faiss: faster, misses some.")] = "exact",
    split: Annotated[Literal["train", "validation", "test"], typer.Option(help="Split to take.")] = "train",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps.")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Seed of random picks.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result of other settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Find hard negatives: passages that an encoder takes for answers and that are none.

    They are found in one language and hold in all: build-shards writes each pair's in the language of its passage.
    Passages that answer the question in any item or language and near-duplicates of these are left out.

    Example:

    mtqa mine filtered --encoder intfloat/multilingual-e5-base --out negatives

    mtqa build-shards filtered --negatives negatives --epochs 1 --out shards
    """
    given = dict(locals())
    import json

    from mtqa.core.recipe import parse
    from mtqa.mine.run import mine
    from mtqa.mine.settings import MineSettings

    settings = parse(MineSettings, {name: given[name] for name in MineSettings.model_fields}, "options")
    counts = mine(corpora, settings, out, overwrite=overwrite).counts
    by_number = ", ".join(f"{n:,} with {k}" for k, n in counts["questions_by_negatives"].items())
    text = f"{counts['negatives']:,} hard negatives among {counts['passages']:,} passages; questions: {by_number}."
    typer.echo(json.dumps(counts, indent=1) if as_json else text)
