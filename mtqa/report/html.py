"""`report.html`: one self-contained file made from what a run folder holds. All data are escaped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mtqa import __version__
from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest, load_manifest, write_text_atomic
from mtqa.report import data
from mtqa.report.results import results
from mtqa.report.training import batches, curves

TEMPLATE = Path(__file__).with_name("report.html.j2")
REPORT = "report.html"
NC_NOTICE = "A source or model is for non-commercial use only: so is everything made from it."


def write_report(run: Path) -> Path:
    """Write `report.html` into a run folder and return its path.

    Raises UsageError where the folder is no run or has not got as far as `filter`.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    path = run / REPORT
    write_text_atomic(path, template.render(**_content(run)))
    return path


def _content(run: Path) -> dict[str, Any]:
    journal = _journal(run)
    recipe = journal["recipe"]
    manifests = {name: load_manifest(run / name) for name in ("collected", "translated", "filtered")}
    corpus = open_corpus(run / "filtered")
    english = data.english_rows(open_corpus(run / "translated"), data.rejected_ids(corpus))
    benchmarks, claims = results(run)
    trained = [arm for arm in recipe["arms"] if (run / "model" / arm / "_manifest.json").is_file()]
    composed = [arm for arm in recipe["arms"] if (run / "shards" / arm / "_manifest.json").is_file()]
    content = {
        "name": recipe["name"],
        "description": recipe["description"],
        "claims": claims,
        "benchmarks": benchmarks,
        "collected": data.collected(manifests["collected"]),
        "languages": data.languages(manifests["translated"], manifests["filtered"]),
        "reasons": {"rows": data.reasons(manifests["filtered"])},
        "rejected": data.rejected(corpus, english),
        "samples": data.samples(corpus, recipe["seed"]),
        "batches": batches(run, composed),
        "curves": curves(run, trained),
        "stages": _stages(run, manifests, composed, trained),
        "licences": ", ".join(manifests["filtered"].licences),
        "notices": [NC_NOTICE] if any("NC" in licence for licence in manifests["filtered"].licences) else [],
        "version": __version__,
    }
    return content | {"sections": _sections(content)}


def _sections(content: dict[str, Any]) -> list[tuple[str, str]]:
    sections = [(bench["id"], f"Results on {bench['title']}") for bench in content["benchmarks"]]
    sections += [("data", "Data"), ("rows", "Translated rows")]
    sections += [("batches", "Batches")] if content["batches"] else []
    sections += [("training", "Training")] if content["curves"] else []
    return [*sections, ("how", "How it was made")]


def _stages(run: Path, manifests: dict[str, Manifest], composed: list[str], trained: list[str]) -> list[dict[str, Any]]:
    """Return every stage's settings, as recorded in its manifest."""
    every = dict(manifests)
    every |= {f"shards {arm}": load_manifest(run / "shards" / arm) for arm in composed}
    every |= {f"model {arm}": load_manifest(run / "model" / arm) for arm in trained}
    return [{"name": name, "settings": sorted(_flat(manifest.settings))} for name, manifest in every.items()]


def _flat(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    out = []
    for key, value in settings.items():
        if isinstance(value, dict):
            out += _flat(value, f"{prefix}{key}.")
        elif value not in (None, [], ""):
            out.append((f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return out


def _journal(run: Path) -> dict[str, Any]:
    path = run / "run.json"
    if not path.is_file():
        raise UsageError(f"'{run}' is not a run folder.", where=path, expected="a folder that `mtqa run` wrote")
    journal: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return journal
