"""Croissant metadata (MLCommons Croissant 1.0, http://mlcommons.org/croissant/1.0): files with hashes, and records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.publish.dataset_facts import DatasetFacts
from mtqa.publish.facts import hub_languages
from mtqa.publish.parallel import NAME as PARALLEL
from mtqa.publish.settings import PublishSettings

CROISSANT = "croissant.json"
REPO = "repo"
TEXTS = ("item_id", "passage_id", "question_id", "dataset", "licence", "split", "lang", "question", "passage", "title")
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_croissant(folder: Path, facts: DatasetFacts, settings: PublishSettings, hashes: Mapping[str, str]) -> None:
    """Write croissant.json of a published data set; `hashes` maps each data file to its sha256."""
    content = json.dumps(croissant(folder, facts, settings, hashes), indent=1, ensure_ascii=False) + "\n"
    (folder / CROISSANT).write_text(content, encoding="utf-8", newline="\n")


def croissant(
    folder: Path, facts: DatasetFacts, settings: PublishSettings, hashes: Mapping[str, str]
) -> dict[str, Any]:
    """Return the metadata: every data file with size and sha256, and a record set a configuration."""
    address = f"https://huggingface.co/datasets/{settings.repo}"
    repository = {
        "@type": "cr:FileObject",
        "@id": REPO,
        "name": REPO,
        "contentUrl": f"{address}/tree/main",
        "encodingFormat": "git+https",
        "sha256": "https://github.com/mlcommons/croissant/issues/80",  # a repository has none: what the Hub writes
    }
    files = [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{(folder / name).stat().st_size} B",
            "encodingFormat": "application/x-parquet",
            "sha256": digest,
        }
        for name, digest in sorted(hashes.items())
    ]
    names = [*facts.rows, *([PARALLEL] if facts.parallel.rows else [])]
    sets = [
        {
            "@type": "cr:FileSet",
            "@id": f"files-{name}",
            "name": f"files-{name}",
            "containedIn": {"@id": REPO},
            "encodingFormat": "application/x-parquet",
            "includes": f"data/{name}/*.parquet",
        }
        for name in names
    ]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": settings.name,
        "description": f"{settings.shown_title}: questions, passages and answers, one configuration a language.",
        "url": address,
        "license": facts.verdict.hub if facts.verdict.hub != "other" else f"{address}/blob/main/LICENSE.md",
        "inLanguage": hub_languages(facts.rows),
        "citeAs": "; ".join(dict.fromkeys(source.citation for source in facts.sources if source.citation)),
        "distribution": [repository, *files, *sets],
        "recordSet": [_records(name, list(facts.rows)) for name in names],
    }


def _records(name: str, languages: list[str]) -> dict[str, Any]:
    fields = _parallel_fields(languages) if name == PARALLEL else _corpus_fields(name)
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "key": {"@id": f"{name}/item_id"}, "field": fields}


def _corpus_fields(name: str) -> list[dict[str, Any]]:
    answers = {
        "@type": "cr:Field",
        "@id": f"{name}/answers",
        "name": f"{name}/answers",
        "repeated": True,
        "subField": [
            _field(name, "answers", "text", "sc:Text"),
            _field(name, "answers", "start", "sc:Integer"),
        ],
    }
    return [*(_field(name, column) for column in TEXTS), answers]


def _parallel_fields(languages: list[str]) -> list[dict[str, Any]]:
    fields = [_field(PARALLEL, column) for column in ("item_id", "dataset", "licence")]
    for column in ("question", "passage"):
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"{PARALLEL}/{column}",
                "name": f"{PARALLEL}/{column}",
                "subField": [_field(PARALLEL, column, lang) for lang in languages],
            }
        )
    return fields


def _field(name: str, column: str, inside: str | None = None, kind: str = "sc:Text") -> dict[str, Any]:
    full = f"{name}/{column}" + (f"/{inside}" if inside else "")
    source: dict[str, Any] = {"fileSet": {"@id": f"files-{name}"}, "extract": {"column": column}}
    if inside:
        source["transform"] = [{"jsonPath": inside}]
    return {"@type": "cr:Field", "@id": full, "name": full, "dataType": kind, "source": source}
