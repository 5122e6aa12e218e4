"""The evaluate stage: encode a benchmark (or take vectors), rank exactly, write metrics and per-query values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa import __version__
from mtqa.bundled import XQUAD_SAMPLE
from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import EVALUATE_STAGE, METRICS_FILE, PER_QUERY_FILE
from mtqa.core.hashing import file_sha256
from mtqa.core.lineage import model_lineage, model_name
from mtqa.core.manifest import Manifest, write_text_atomic
from mtqa.core.output import Work, building, up_to_date
from mtqa.core.progress import say
from mtqa.core.search import gold_ranks
from mtqa.evaluate import perquery, summary
from mtqa.evaluate.correction import correction_of, method_of
from mtqa.evaluate.hub_rows import are_rows, load_rows
from mtqa.evaluate.lareqa import Benchmark, as_passages, candidate_texts, data_files, data_fingerprint, load
from mtqa.evaluate.mlir import mlir
from mtqa.evaluate.settings import BENCHMARKS, EvaluateSettings
from mtqa.evaluate.vectors import load_vectors, write_texts

VERSION = 2
SAMPLE = "sample"
Vectors = NDArray[np.float32]


def evaluate(model: str | None, settings: EvaluateSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Evaluate a model (name, folder or 'demo'), or `settings.vectors` with model None, into the folder `out`.

    Writes `metrics.json` (see `summary.summarise`), `per_query.parquet` (see `perquery`) and the manifest, with one
    part, `all`. Returns at once where `out` holds this very evaluation. Raises UsageError for wrong data, vectors or
    model, before anything is encoded.
    """
    if (model is None) == (settings.vectors is None):
        raise UsageError(
            "Give a model or vectors." if model is None else "Give a model or vectors, not both.",
            expected="MODEL (a name, a folder or 'demo') or --vectors FILE",
        )
    files = benchmark_files(settings)
    work = Work(
        EVALUATE_STAGE, VERSION, settings.record(), {"data": data_fingerprint(files), **_encoder_input(model, settings)}
    )
    done = up_to_date(out, work)
    if done is not None:
        say(f"{out}: up to date")
        return done
    benchmark = load_benchmark(settings, files)
    given = None if settings.vectors is None else load_vectors(Path(settings.vectors), benchmark)
    with building(out, work, overwrite=overwrite) as build:
        method = None if model is None else method_of(model)
        (queries, candidates), plain = (given, None) if given else _encode(str(model), benchmark, settings, method)
        metrics = write_results(build.path, benchmark, settings, queries, candidates, _uncorrected(benchmark, plain))
        part = build.record_rest(work.fingerprint, {PER_QUERY_FILE: len(benchmark.queries)})
        encoder = {"model": None if model is None else model_name(model), "dimensions": int(queries.shape[1])}
        return build.finish(
            {"all": part},
            counts=metrics["counts"],
            licences=[BENCHMARKS[settings.benchmark]],
            info={"encoder": encoder, **headline_info(metrics), **(model_lineage(model) if model else {})},
        )


def export_texts(settings: EvaluateSettings, path: Path) -> int:
    """Write the texts to encode, in evaluation order, to a Parquet file; returns the number of rows."""
    benchmark = load_benchmark(settings, benchmark_files(settings))
    return write_texts(benchmark, settings.candidate, path)


def load_benchmark(settings: EvaluateSettings, files: dict[str, Path]) -> Benchmark:
    """Return the benchmark of some files, with sentences or whole passages as candidates."""
    if are_rows(files):
        if settings.candidate != "passage":
            raise UsageError(
                "The files hold passages and do not say where sentences begin.",
                where=next(iter(files.values())),
                expected="the official files, or --candidate passage",
            )
        return load_rows(settings.benchmark, files)
    benchmark = load(settings.benchmark, files)
    return as_passages(benchmark) if settings.candidate == "passage" else benchmark


def benchmark_files(settings: EvaluateSettings) -> dict[str, Path]:
    """Return the benchmark's file of each language; raises UsageError where there are none."""
    if settings.data != SAMPLE:
        return data_files(Path(settings.data), settings.benchmark, settings.languages)
    if settings.benchmark != "xquad-r":
        raise UsageError(
            f"There is no sample of {settings.benchmark}.",
            expected="--benchmark xquad-r with --data sample, or a folder of the official files",
        )
    return data_files(XQUAD_SAMPLE, settings.benchmark, settings.languages)


def _encoder_input(model: str | None, settings: EvaluateSettings) -> dict[str, str]:
    """Return the fingerprint of what the vectors come from."""
    if settings.vectors is not None:
        path = Path(settings.vectors)
        if not path.is_file():
            raise UsageError(f"There is no file '{path}'.", where=path, expected="an .npz file of vectors")
        return {"vectors": file_sha256(path)}
    from mtqa.core.encode import model_fingerprint
    from mtqa.core.encoder_files import is_by_dot_product

    found = {"model": model_fingerprint(str(model))}
    return {**found, "similarity": "dot"} if is_by_dot_product(str(model)) else found


def _encode(
    model: str, benchmark: Benchmark, settings: EvaluateSettings, method: str | None
) -> tuple[tuple[Vectors, Vectors], tuple[Vectors, Vectors] | None]:
    """Return the vectors of queries and candidates, of length 1, so that dot product is cosine.

    Those of a model that is compared by dot product keep their length.
    Of a model that `mtqa debias` corrected by `method`, the corrected ones, and second the plain ones.
    """
    from mtqa.core.encode import encode_texts, load_encoder

    encoder = load_encoder(model, device=settings.device)
    queries = [query.text for query in benchmark.queries]
    candidates = candidate_texts(benchmark, settings.candidate)
    vectors = (
        encode_texts(encoder, queries, "query", label="encoding queries", own_length=True),
        encode_texts(encoder, candidates, "document", label="encoding candidates", own_length=True),
    )
    if method is None:
        return vectors, None
    correct = correction_of(encoder, method)
    asked = correct(vectors[0], [q.lang for q in benchmark.queries]) if correct.queries else vectors[0]
    return (asked, correct(vectors[1], [c.lang for c in benchmark.candidates])), vectors


def _uncorrected(benchmark: Benchmark, plain: tuple[Vectors, Vectors] | None) -> dict[str, Any] | None:
    """Return the headline numbers of the plain vectors of a corrected model."""
    if plain is None:
        return None
    values = perquery.from_ranks(benchmark, gold_ranks(*plain, benchmark.gold, benchmark.bounds))
    return summary.headline(values)


def write_results(
    folder: Path,
    benchmark: Benchmark,
    settings: EvaluateSettings,
    queries: Vectors,
    candidates: Vectors,
    uncorrected: dict[str, Any] | None,
) -> dict[str, Any]:
    """Rank, aggregate, write `metrics.json` and `per_query.parquet`; returns the metrics."""
    ranks = gold_ranks(queries, candidates, benchmark.gold, benchmark.bounds, top_k=summary.TOP_K)
    values = perquery.from_ranks(benchmark, ranks)
    metrics = summary.summarise(benchmark, values, settings)
    if settings.candidate == "passage":
        metrics["mlir"] = summary.without_nan(mlir(benchmark, values, queries, candidates))
    if uncorrected is not None:
        metrics["uncorrected"] = uncorrected
    try:
        perquery.write(values, folder / PER_QUERY_FILE)
        write_text_atomic(folder / METRICS_FILE, json.dumps(metrics, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise disk_error(folder, error) from error
    return metrics


def headline_info(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return what an evaluation's manifest says of its metrics: headline numbers, intervals, signatures."""
    return {
        "mtqa": __version__,
        **{key: metrics[key] for key in ("mAP", "bias", "signature", "signatures")},
        "intervals": {name: metrics["intervals"][name] for name in perquery.METRICS},
    }
