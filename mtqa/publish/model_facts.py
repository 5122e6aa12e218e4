"""What a model card states, gathered from the model folder and the manifests' lineage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.core.encoder_files import saved_config
from mtqa.core.languages import all_languages
from mtqa.core.manifest import Manifest
from mtqa.core.shardfile import SHARD_STAGE
from mtqa.publish import facts as read
from mtqa.publish.facts import Model, Source, Translator
from mtqa.publish.known import model_licence
from mtqa.publish.licences import Use, Verdict, combine
from mtqa.publish.scores import Result
from mtqa.publish.settings import PublishSettings

DEMO = "demo"
OWN = "sentence_transformers."


@dataclass(frozen=True)
class ModelFacts:
    """All that the card states; `own_modules` is true where plain SentenceTransformer(path) opens the folder.

    `by_dot_product`: its vectors are compared by dot product, not cosine.
    """

    encoder: Model
    sources: list[Source]
    translator: Translator
    languages: list[str]
    shards: Mapping[str, Any]
    training: Mapping[str, Any]
    prompts: Mapping[str, str]
    own_modules: bool
    by_dot_product: bool
    dimension: int | None
    results: list[Result]
    verdict: Verdict


def model_facts(folder: Path, manifest: Manifest, results: Sequence[Result], settings: PublishSettings) -> ModelFacts:
    """Gather the facts; what neither a manifest nor the settings say stays blank."""
    sources = read.sources(manifest, {})
    translator = read.translator(manifest, settings.translation_licence)
    start = encoder(manifest, settings.encoder_licence)
    uses = [Use(f"the source {s.name}", s.licence) for s in sources]
    uses += [] if sources else [Use("the training data", name) for name in manifest.licences]
    uses += [Use(f"the encoder {start.name}", start.licence)]
    return ModelFacts(
        encoder=start,
        sources=sources,
        translator=translator,
        languages=training_languages(manifest),
        shards=read.last(manifest, SHARD_STAGE),
        training=read.last(manifest, "train"),
        prompts=saved_config(folder).get("prompts") or {},
        own_modules=own_modules(folder),
        by_dot_product=saved_config(folder).get("similarity_fn_name") == "dot",
        dimension=_dimension(manifest),
        results=list(results),
        verdict=combine(uses + translator.uses()),
    )


def encoder(manifest: Manifest, licence: str | None) -> Model:
    """Return the encoder as train noted it (`owner/name@revision` for one of the Hub), with a licence if known."""
    named, _, revision = str(read.last(manifest, "train")["settings"].get("encoder", "")).partition("@")
    if named == DEMO:
        return Model("Universal Sentence Encoder multilingual v3", revision, licence or "Apache-2.0")
    return Model(named, revision, licence or model_licence(named))


def training_languages(manifest: Manifest) -> list[str]:
    """Return the FLORES-200 codes of the batches."""
    info = read.last(manifest, SHARD_STAGE)["info"]
    known = {language.code for language in all_languages()}
    return sorted(code for code in info.get("languages", []) if code in known)


def own_modules(folder: Path) -> bool:
    """Return whether every module of the model is sentence-transformers' own."""
    modules = _json(folder / "modules.json")
    entries = modules if isinstance(modules, list) else []
    return bool(entries) and all(str(entry.get("type", "")).startswith(OWN) for entry in entries)


def _dimension(manifest: Manifest) -> int | None:
    noted = manifest.info.get("encoder")
    value = noted.get("dimension") if isinstance(noted, Mapping) else None
    return value if isinstance(value, int) else None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
