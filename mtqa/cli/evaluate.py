"""`mtqa evaluate`: retrieval across languages and in collections, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from mtqa.core.errors import UsageError

Count = Annotated[int, Option(min=100, max=1_000_000, help="Bootstrap resamples for the intervals.")]
Depth = Annotated[int | None, Option(min=1, help="Collections: documents kept of a ranking; 1000 by default.")]
Candidate = Annotated[str | None, Option(help="Found are: sentence (default), sentence+context or passage.")]
NAMES = "xquad-r, mlqa-r, belebele; beir, trec, miracl, mr-tydi, ciral, afriqa, amharicqa; multieup-v2, neuclir, mlir."


def command(
    model: Annotated[str | None, typer.Argument(help="A model: folder, Hub id, 'demo'; or 'bm25'.")] = None,
    benchmark: Annotated[str | None, Option(help=NAMES, show_default="xquad-r")] = None,
    data: Annotated[str | None, Option(help="Folder of the benchmark's files, or 'sample' (en, de, es).")] = None,
    out: Annotated[Path | None, Option(help="The result's folder.", show_default=False)] = None,
    languages: Annotated[str | None, Option(help="Languages, with commas between; all by default.")] = None,
    candidate: Candidate = None,
    vectors: Annotated[Path | None, Option(help="Evaluate these vectors (.npz), not a model.")] = None,
    write_texts: Annotated[Path | None, Option(help="Write the texts to encode (.parquet), then stop.")] = None,
    split: Annotated[str | None, Option(help="Collections: whose queries; the benchmark's usual split.")] = None,
    metrics: Annotated[str | None, Option(help="Collections: nDCG@10,Recall@100,MRR@10,MAP by default.")] = None,
    depth: Depth = None,
    search: Annotated[str | None, Option(help="Collections: exact (default), or faiss: faster, misses some.")] = None,
    translate: Annotated[str | None, Option(help="Collections: queries by this MT model (translate-test).")] = None,
    cache: Annotated[Path | None, Option(help="Collections: keep the documents' vectors here.")] = None,
    run: Annotated[Path | None, Option(help="Evaluate this ranking (TREC run), not a model.")] = None,
    qrels: Annotated[Path | None, Option(help="The judgements for --run (TREC or BEIR).")] = None,
    resamples: Count = 1000,
    seed: Annotated[int, Option(min=0, help="Seed of the bootstrap.")] = 7,
    device: Annotated[str, Option(help="Where the model runs: cpu, cuda, cuda:1, mps.")] = "cpu",
    devices: Annotated[str | None, Option(help="Collections: GPUs that encode, as 0,1; on CPU a process each.")] = None,
    executor: Annotated[str | None, Option(help="Collections: local (default), or ray, encodes documents.")] = None,
    ray_address: Annotated[str | None, Option(help="A running Ray cluster; else one starts here.")] = None,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a result of other settings.")] = False,
    json: Annotated[bool, Option("--json", help="Print metrics.json instead of a table.")] = False,
) -> None:
    """Measure retrieval across languages or in a collection, with 95 % intervals and a signature.

    Example: mtqa evaluate demo --benchmark xquad-r --data lareqa/xquad-r --languages en,de,es --out demo-xquad
    """
    from mtqa.cli.evaluate_parts import collection, sentences

    given: dict[str, Any] = {"benchmark": benchmark, "data": data, "candidate": candidate, "split": split}
    given |= {"languages": languages, "metrics": metrics, "depth": depth, "resamples": resamples, "seed": seed}
    paths = {"vectors": vectors, "cache": cache, "run": run, "qrels": qrels}
    given |= {"device": device, "devices": devices, "executor": executor, "ray_address": ray_address}
    given |= {"translate": translate, "search": search, **{name: path and str(path) for name, path in paths.items()}}
    work = collection(model, given) or sentences(model, given, write_texts)
    if work is not None:
        if out is None:
            raise UsageError("No output folder was given.", expected="--out DIR", next_step="or --write-texts FILE")
        typer.echo(work(out, overwrite, json), nl=not json)
