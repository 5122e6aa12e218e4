"""Evaluate an encoder, BM25 or a given ranking on a collection: metrics with intervals, rankings, one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtqa import __version__
from mtqa.bundled import XQUAD_SAMPLE
from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.core.evaluations import COLLECTION_STAGE, METRICS_FILE, PER_QUERY_FILE
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.languages import ENGLISH
from mtqa.core.lineage import model_lineage
from mtqa.core.manifest import Manifest, write_text_atomic
from mtqa.core.output import Building, Work, building, guard, up_to_date
from mtqa.core.progress import say
from mtqa.evaluate.collection import bm25
from mtqa.evaluate.collection.compare import QRELS_FILE
from mtqa.evaluate.collection.layouts import licence, sources, usual_split
from mtqa.evaluate.collection.ranking import Ranked, rank
from mtqa.evaluate.collection.retrieve import Lexical, dense
from mtqa.evaluate.collection.source import Source, Task
from mtqa.evaluate.collection.summary import Measured, measured, summarise, write_per_query
from mtqa.evaluate.collection.tasks import Translator, languages_of, load_tasks, translated
from mtqa.evaluate.collection.trec import Judged, Run, read_qrels, read_run, write_qrels, write_run
from mtqa.evaluate.lareqa import data_files
from mtqa.evaluate.settings import BENCHMARKS, CollectionSettings

VERSION = 3
RUN_FILE = "run.trec"
SIMILARITY = {"exact": "dot", "faiss": "dot-by-faiss"}
"""What signatures say an encoder's documents are ranked by."""


def evaluate_collection(
    model: str,
    settings: CollectionSettings,
    out: Path,
    *,
    overwrite: bool = False,
    translator: Translator | None = None,
) -> Manifest:
    """Evaluate a model (name, folder, 'demo' or 'bm25') on a collection into the folder `out`.

    Writes `metrics.json` and `per_query.parquet` (see `summary`), the ranking `run.trec` and the judgements
    `qrels.trec` (in a folder a language where there are several), and the manifest. Vectors lie in `settings.cache`, or
    beside `out` until it stands, so that a killed job goes on. Returns at once where `out` holds this evaluation. With
    a `translator` (of the model `settings.translate`) queries are asked in the documents' language. Raises UsageError
    for wrong data or model, before anything is encoded.
    """
    if (translator is None) != (settings.translate is None):
        raise ValueError("settings.translate names the translator's model: give both or neither")
    if model == bm25.NAME and settings.search != "exact":
        raise UsageError("BM25 has no vectors to search approximately.", where="search", expected="exact")
    found = _sources(model, settings)
    hashes = {path: file_sha256(path) for source in found for path in source.files}
    data = fingerprint({str(source.lang): [hashes[path] for path in source.files] for source in found})
    inputs = {"data": data, "model": _model_fingerprint(model)}
    if translator is not None:
        pairs = [languages_of(source) for source in found]
        inputs["translator"] = fingerprint({"+".join(pair): translator.revision(*pair) for pair in pairs})
    work = Work(COLLECTION_STAGE, VERSION, settings.record(), inputs)
    if done := _done(out, work, overwrite=overwrite):
        return done
    tasks = load_tasks(found)
    if translator is not None:
        tasks = [translated(task, translator) for task in tasks]
    parking = out.with_name(f".{out.name}.vectors")
    place = Path(settings.cache) if settings.cache else parking
    lexical = model == bm25.NAME
    retrieve = Lexical(settings.depth) if lexical else dense(model, work.inputs["model"], settings, place, parking)
    system = model if lexical else Path(model).name
    with building(out, work, overwrite=overwrite) as build:

        def write(task: Task, run: Run) -> None:
            folder = build.path / (str(task.source.lang) if len(tasks) > 1 else "")
            _write_rankings(folder, run, task.judged, system)

        ranked = rank(tasks, retrieve, settings.metrics, write)
        about = _about(settings, ranked.counts, ranked.lines, ranked.pool)
        about["sim"] = bm25.SIGNATURE if lexical else SIMILARITY[settings.search]
        about |= {"mt": settings.translate} if settings.translate else {}
        manifest = _finish(
            build, ranked, settings, about, {"model": system, **({} if lexical else model_lineage(model))}
        )
    shutil.rmtree(parking, ignore_errors=True)
    return manifest


def evaluate_run(settings: CollectionSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Evaluate the ranking `settings.run` against `settings.qrels` (both TREC files) into the folder `out`.

    As `trec_eval -c`: a judged query that the ranking lacks counts with 0. Raises UsageError where a file is missing
    or wrong, or the two have no query in common.
    """
    run_file, qrels_file = Path(str(settings.run)), Path(str(settings.qrels))
    run, judged = read_run(run_file), read_qrels(qrels_file)
    inputs = {"run": file_sha256(run_file), "qrels": file_sha256(qrels_file)}
    work = Work(COLLECTION_STAGE, VERSION, settings.record(), inputs)
    if done := _done(out, work, overwrite=overwrite):
        return done
    answered = {query: texts for query, texts in judged.items() if any(value > 0 for value in texts.values())}
    if not run.keys() & answered.keys():
        raise UsageError("The run and the judgements have no query in common.", where=f"{run_file}, {qrels_file}")
    with building(out, work, overwrite=overwrite) as build:
        lang = settings.languages[0] if settings.languages else None
        line = measured(lang, answered, run, settings.metrics, None)
        counts = {
            "queries": len(answered),
            "queries_without_relevant": len(judged) - len(answered),
            "queries_not_in_run": len(answered.keys() - run.keys()),
            "queries_not_judged": len(run.keys() - judged.keys()),
        }
        about = {"run": run_file.name, "qrels": qrels_file.name, "queries": str(len(answered))}
        about |= {"langs": lang or "unknown", "tie": "trec_eval"}
        return _finish(build, Ranked([line], counts, {}), settings, about, {"run": run_file.name})


def _done(out: Path, work: Work, *, overwrite: bool) -> Manifest | None:
    done = up_to_date(out, work)
    if done is None:
        guard(out, work, overwrite=overwrite)
    else:
        say(f"{out}: up to date")
    return done


def _sources(model: str, settings: CollectionSettings) -> list[Source]:
    folder = Path(settings.data)
    if settings.benchmark not in BENCHMARKS:
        return sources(settings.benchmark, folder, settings.split, settings.languages)
    if model != bm25.NAME:
        raise ValueError(f"{settings.benchmark} is a collection for BM25 only")
    folder = XQUAD_SAMPLE if (settings.benchmark, settings.data) == ("xquad-r", "sample") else folder
    files = data_files(folder, settings.benchmark, settings.languages)
    if settings.translate is None:
        return [Source("lareqa", lang, lang, lang, path, (path,), (path,)) for lang, path in files.items()]
    if ENGLISH not in files or len(files) < 2:
        raise UsageError(
            "Translated are the English questions, into the other languages.",
            where=folder,
            expected=f"{ENGLISH} and another language",
        )
    english = files.pop(ENGLISH)
    return [Source("lareqa", lang, ENGLISH, lang, english, (english,), (path,)) for lang, path in files.items()]


def _model_fingerprint(model: str) -> str:
    if model == bm25.NAME:
        return bm25.fingerprint()
    from mtqa.core.encode import model_fingerprint
    from mtqa.core.encoder_files import is_by_dot_product

    return model_fingerprint(model) + ("+dot" if is_by_dot_product(model) else "")


def _write_rankings(folder: Path, run: Run, judged: Judged, system: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_run(run, folder / RUN_FILE, system)
        write_qrels(judged, folder / QRELS_FILE)
    except OSError as error:
        raise disk_error(folder, error) from error


def _about(
    settings: CollectionSettings, counts: Mapping[str, int], lines: Sequence[Measured], pool: Mapping[str, int]
) -> dict[str, str]:
    """Return what signatures say: data and their size, split, languages of queries, and of documents where these are a
    pool, text of a document, depth, order of ties."""
    folder = Path(settings.data).resolve().name
    data = settings.benchmark if settings.benchmark in BENCHMARKS else f"{settings.benchmark}-{folder}"
    split = settings.split or ("all" if settings.benchmark in BENCHMARKS else usual_split(settings.benchmark))
    return {
        "data": f"{data}-{counts['documents']}",
        "split": split,
        "langs": "+".join(str(line.lang) for line in lines if line.lang) or "unknown",
        **({"pool": "+".join(pool)} if pool else {}),
        "queries": str(counts["queries"]),
        "doc": "sentence" if settings.benchmark in BENCHMARKS else "title+text",
        "cut": str(settings.depth),
        "tie": "trec_eval",
    }


def _finish(
    build: Building,
    ranked: Ranked,
    settings: CollectionSettings,
    about: Mapping[str, str],
    info: Mapping[str, Any],
) -> Manifest:
    """Write metrics and per-query values, and the manifest."""
    metrics = summarise(ranked.lines, settings, about, ranked.counts, ranked.pool)
    try:
        rows = write_per_query(ranked.lines, settings.metrics, build.path / PER_QUERY_FILE)
        write_text_atomic(build.path / METRICS_FILE, json.dumps(metrics, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise disk_error(build.path, error) from error
    return build.finish(
        {"all": build.record_rest(build.work.fingerprint, {PER_QUERY_FILE: rows})},
        counts=metrics["counts"],
        licences=[] if settings.run else [BENCHMARKS.get(settings.benchmark) or licence(settings.benchmark)],
        info={
            **info,
            "mtqa": __version__,
            "metrics": metrics["metrics"],
            "intervals": {name: metrics["intervals"][name] for name in metrics["metrics"]},
            "signatures": metrics["signatures"],
        },
    )
