"""The translate stage: a corpus with English rows in, the same corpus with the rows of other languages beside them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.corpus import Corpus, config_files, disk_error, open_corpus, write_readme
from mtqa.core.errors import UsageError
from mtqa.core.hashing import fingerprint
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, Part, load_manifest
from mtqa.core.output import Building, Work, building, guard, up_to_date
from mtqa.core.progress import say
from mtqa.core.schema import ENGLISH
from mtqa.translate.engine import engine_version
from mtqa.translate.job import fill, scan
from mtqa.translate.language import Engines, places_of, scratch, translate_language
from mtqa.translate.memory import Memory
from mtqa.translate.model import ModelFiles, find_model
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.target import Target, open_target
from mtqa.translate.tokens import load_tokens

STAGE, VERSION = "translate", 3


def translate(
    corpus: Path, settings: TranslateSettings, out: Path, *, memory: Path, overwrite: bool = False
) -> Manifest:
    """Translate a corpus's English rows into every language of `settings.to`; other languages' files are passed on.

    `memory` is the folder of finished segments: work that a crash interrupts goes on from there, and text that was
    translated before costs nothing. Languages of an older result at `out` with the same text, model and settings are
    taken over. Raises UsageError where corpus, model or languages do not fit; nothing is written then.
    """
    source, models = _checked(corpus, settings)
    revision = fingerprint({lang: files.revision for lang, files in models.items()})
    work = Work(STAGE, VERSION, settings.record(), {"corpus": source.manifest.content, "model": revision})
    done = up_to_date(out, work)
    if done:
        say(f"{out}: up to date")
        return done
    guard(out, work, overwrite=overwrite)
    found = _targets(models, settings)
    engines = Engines(places_of(settings, found[0].device), {})
    with building(out, work, overwrite=overwrite) as build:
        parts = {lang: _pass_on(source, lang, build) for lang in source.languages}
        for target in found:
            parts[target.lang] = _language(source, target, build, memory, engines)
        write_readme(build.path, "Translated corpus", config_files(parts))
        counts = {"rows": sum(part.counts["rows"] for part in parts.values()), "languages": len(parts)}
        info = {**_info(out, found, parts), "lineage": lineage(source.manifest)}
        return build.finish(parts, counts=counts, licences=source.manifest.licences, info=info)


def fill_memory(corpus: Path, settings: TranslateSettings, worker: tuple[int, int], *, memory: Path) -> dict[str, int]:
    """Translate the share of worker k of n (from 1) into the memory and nothing else; return segments by language.

    `translate` with the same memory afterwards translates what no worker did, and puts the corpus together.
    """
    source, models = _checked(corpus, settings)
    done = {}
    targets = _targets(models, settings)
    engines = Engines(places_of(settings, targets[0].device), {})
    for target in targets:
        kept = Memory(memory, target.key)
        with scratch(kept.folder) as folder:
            found = scan(source, target, folder)
            done[target.lang] = fill(found, target, kept, worker, engines.where, engines.load(target))
    return done


def targets(corpus: Path, settings: TranslateSettings) -> tuple[Corpus, list[Target]]:
    """Return the corpus and what would be translated into; raises UsageError as `translate` does."""
    source, models = _checked(corpus, settings)
    return source, _targets(models, settings)


def check_models(settings: TranslateSettings) -> None:
    """Raise UsageError where a model is missing or cannot write a language of `settings.to`."""
    for lang in settings.to:
        load_tokens(find_model(settings.model, lang), lang)


def _checked(corpus: Path, settings: TranslateSettings) -> tuple[Corpus, dict[str, ModelFiles]]:
    source = open_corpus(corpus)
    _check(source, settings)
    return source, {lang: find_model(settings.model, lang) for lang in settings.to}


def _targets(models: Mapping[str, ModelFiles], settings: TranslateSettings) -> list[Target]:
    return [open_target(files, settings, lang) for lang, files in models.items()]


def _check(source: Corpus, settings: TranslateSettings) -> None:
    if ENGLISH not in source.languages:
        raise UsageError(
            "The corpus has no English rows.",
            where=source.path,
            expected=ENGLISH,
            next_step="collect English data; it is what is translated",
        )
    there = sorted(set(settings.to) & set(source.languages))
    if there:
        raise UsageError(
            f"The corpus has rows in {', '.join(there)} already.", where=source.path, next_step="leave it out of --to"
        )


def _pass_on(source: Corpus, lang: str, build: Building) -> Part:
    """Copy a language's files as they are."""
    old = source.manifest.parts[lang]
    mark = build.work.part_fingerprint({}, {"corpus": old.content})
    files = source.files(lang)
    for path in files:
        copy = build.path / path.relative_to(source.path)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        except OSError as error:
            raise disk_error(copy, error) from error
    names = [path.relative_to(source.path).as_posix() for path in files]
    rows = {name: old.files[name].rows or 0 for name in names}
    return build.record_part(mark, rows, {**old.counts, "rows": sum(rows.values())})


def _language(source: Corpus, target: Target, build: Building, memory: Path, engines: Engines) -> Part:
    settings = {k: v for k, v in target.settings.record().items() if k != "to"}
    inputs = {"corpus": source.manifest.parts[ENGLISH].content, "model": target.files.revision}
    mark = build.work.part_fingerprint({**settings, "lang": target.lang}, inputs)
    old = build.reuse(target.lang, mark)
    if old is not None:
        say(f"{target.lang}: taken over from the older result")
        return old
    rows, counts = translate_language(source, target, memory, engines, build.path)
    return build.record_part(mark, rows, counts)


def _info(out: Path, targets: list[Target], parts: dict[str, Part]) -> dict[str, Any]:
    """Return models and versions; a language that was taken over keeps what its own manifest says."""
    from importlib.metadata import version

    old = load_manifest(out) if (out / "_manifest.json").is_file() else None
    models: dict[str, Any] = {}
    for t in targets:
        taken = old.parts.get(t.lang) if old else None
        if old and taken and taken.fingerprint == parts[t.lang].fingerprint and t.lang in old.info.get("models", {}):
            models[t.lang] = old.info["models"][t.lang]
            continue
        models[t.lang] = {
            "name": t.files.name,
            "revision": t.files.revision,
            "licence": t.files.licence,
            "engine": engine_version(t.settings.engine),
            "device": t.device,
            "compute_type": t.compute_type,
            "sentencex": version("sentencex"),
            "transformers": version("transformers"),
        }
    first = models[targets[0].lang]
    names = {k: ", ".join(dict.fromkeys(m[k] for m in models.values())) for k in ("name", "revision", "licence")}
    return {"model": names, "models": models, **{k: first[k] for k in ("engine", "device", "compute_type")}}
