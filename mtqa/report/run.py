"""The report of a run: what a recipe of `mtqa run` made, from data to results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa.core.corpus import open_corpus
from mtqa.core.manifest import MANIFEST, Manifest, load_manifest
from mtqa.report import data
from mtqa.report.histograms import histograms
from mtqa.report.page import flat, json_file
from mtqa.report.results import results
from mtqa.report.training import batches, curves

JOURNAL = "run.json"
NC_NOTICE = "A source or model is for non-commercial use only: so is everything made from it."


def run_content(run: Path) -> dict[str, Any]:
    """Return the content of a run's page; raises UsageError where the run has not got as far as `filter`."""
    recipe = json_file(run / JOURNAL)["recipe"]
    manifests = {name: load_manifest(run / name) for name in ("collected", "translated", "filtered")}
    corpus = open_corpus(run / "filtered")
    english = data.english_rows(open_corpus(run / "translated"), data.rejected_ids(corpus))
    benchmarks, claims = results(run)
    trained = [arm for arm in recipe["arms"] if (run / "model" / arm / MANIFEST).is_file()]
    shards = {arm: run / "shards" / arm for arm in recipe["arms"] if (run / "shards" / arm / MANIFEST).is_file()}
    content = {
        "name": recipe["name"],
        "description": recipe["description"],
        "claims": claims,
        "benchmarks": benchmarks,
        "collected": data.collected(manifests["collected"]),
        "languages": data.languages(manifests["translated"], manifests["filtered"]),
        "reasons": {"rows": data.reasons(manifests["filtered"])},
        "histograms": histograms(manifests["filtered"]),
        "rejected": data.rejected(corpus, english),
        "samples": data.samples(corpus, recipe["seed"]),
        "batches": batches(shards),
        "curves": curves(run, trained),
        "stages": _stages(run, manifests, shards, trained),
        "licences": ", ".join(manifests["filtered"].licences),
        "notices": [NC_NOTICE] if any("NC" in licence for licence in manifests["filtered"].licences) else [],
    }
    return content | {"sections": _sections(content)}


def _sections(content: dict[str, Any]) -> list[tuple[str, str]]:
    sections = [(bench["id"], f"Results on {bench['title']}") for bench in content["benchmarks"]]
    sections += [("data", "Data"), ("rows", "Translated rows")]
    sections += [("batches", "Batches")] if content["batches"] else []
    sections += [("training", "Training")] if content["curves"] else []
    return [*sections, ("how", "How it was made")]


def _stages(
    run: Path, manifests: dict[str, Manifest], shards: dict[str, Path], trained: list[str]
) -> list[dict[str, Any]]:
    """Return every stage's settings, as recorded in its manifest."""
    every = dict(manifests)
    if (run / "negatives" / MANIFEST).is_file():
        every["negatives"] = load_manifest(run / "negatives")
    every |= {f"shards {arm}": load_manifest(path) for arm, path in shards.items()}
    every |= {f"model {arm}": load_manifest(run / "model" / arm) for arm in trained}
    return [{"name": name, "settings": sorted(flat(manifest.settings))} for name, manifest in every.items()]
