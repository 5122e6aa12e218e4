"""The two halves of `mtqa evaluate`: sentences across languages, and collections of passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from mtqa.core.errors import UsageError

Work = Callable[[Path, bool, bool], str]
"""(output folder, overwrite, as JSON) → what is printed."""
BM25 = "bm25"


def collection(model: str | None, given: Mapping[str, Any]) -> Work | None:
    """Return the evaluation of a collection or a run, None where the options ask for another one."""
    from mtqa.core.recipe import parse
    from mtqa.evaluate.settings import BENCHMARKS, COLLECTIONS, CollectionSettings

    name, is_run = given["benchmark"], bool(given["run"] or given["qrels"])
    if name not in (None, *BENCHMARKS, *COLLECTIONS):
        known = ", ".join([*BENCHMARKS, *COLLECTIONS])
        raise UsageError(f"There is no benchmark '{name}'.", where="--benchmark", expected=f"one of {known}")
    if name not in COLLECTIONS and model != BM25 and not is_run:
        return None
    if (model is None) != is_run:
        expected = "MODEL (a name, a folder, 'demo' or 'bm25'), or --run FILE --qrels FILE"
        raise UsageError("Give either a model or a run to evaluate.", expected=expected)
    usual = {} if is_run or name in COLLECTIONS else {"benchmark": "xquad-r", "data": "sample"}
    settings = parse(CollectionSettings, usual | _values(given), "options")

    def work(out: Path, overwrite: bool, json: bool) -> str:
        from mtqa.cli.evaluate_translate import translator
        from mtqa.core.evaluations import METRICS_FILE, read_metrics
        from mtqa.evaluate.collection.run import evaluate_collection, evaluate_run
        from mtqa.evaluate.collection.summary import table

        if model is None:
            evaluate_run(settings, out, overwrite=overwrite)
        else:
            mt = None if settings.translate is None else translator(settings.translate)
            evaluate_collection(model, settings, out, overwrite=overwrite, translator=mt)
        return (out / METRICS_FILE).read_text(encoding="utf-8") if json else table(read_metrics(out))

    return work


def sentences(model: str | None, given: Mapping[str, Any], write_texts: Path | None) -> Work | None:
    """Return the evaluation of sentences across languages; writes their texts and returns None if so asked."""
    from mtqa.core.evaluations import METRICS_FILE, read_metrics
    from mtqa.core.recipe import parse
    from mtqa.evaluate.run import evaluate, export_texts
    from mtqa.evaluate.settings import EvaluateSettings
    from mtqa.evaluate.summary import table

    settings = parse(EvaluateSettings, _values(given), "options")
    if write_texts is not None:
        typer.echo(f"{write_texts}: {export_texts(settings, write_texts):,} texts")
        return None

    def work(out: Path, overwrite: bool, json: bool) -> str:
        evaluate(model, settings, out, overwrite=overwrite)
        return (out / METRICS_FILE).read_text(encoding="utf-8") if json else table(read_metrics(out))

    return work


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, lists as lists; an option of the other half is an unknown key there."""
    from mtqa.core.languages import resolve_list

    values = {name: value for name, value in given.items() if value is not None}
    if "languages" in values:
        values["languages"] = resolve_list(values["languages"])
    for name in values.keys() & {"metrics", "devices"}:
        values[name] = [item.strip() for item in values[name].split(",") if item.strip()]
    return values
