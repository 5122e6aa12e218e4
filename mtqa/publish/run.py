"""The publish stage: builds the exact folder that would be uploaded; `hub.upload` sends it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtqa import __version__
from mtqa.core.corpus import SPLITS, Corpus, open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, check_files, load_manifest
from mtqa.core.output import Work, building, up_to_date
from mtqa.core.progress import say
from mtqa.core.schema import ENGLISH
from mtqa.publish import facts as read
from mtqa.publish.croissant import write_croissant
from mtqa.publish.dataset_card import dataset_card
from mtqa.publish.dataset_facts import DatasetFacts
from mtqa.publish.layout import (
    CARD,
    CHECKSUMS,
    LICENCE_FILE,
    check_hashes,
    dataset_files,
    model_files,
    place,
    plain_bytes,
    write_checksums,
    write_provenance,
)
from mtqa.publish.licences import Use, Verdict, check, combine
from mtqa.publish.model_card import model_card
from mtqa.publish.model_facts import model_facts
from mtqa.publish.parallel import NAME as PARALLEL
from mtqa.publish.parallel import Parallel, UnorderedError, parallel_rows, write_parallel
from mtqa.publish.samples import sample_groups
from mtqa.publish.scan import scan, warning
from mtqa.publish.scores import evaluation_results
from mtqa.publish.sections import licence_text
from mtqa.publish.settings import PublishSettings

VERSION = 2


def publish_dataset(corpus: Path, settings: PublishSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Build the data set folder of a corpus in `out`: data, card, checksums, provenance. Nothing is uploaded.

    Raises UsageError where `corpus` is no corpus, a file of it has changed, or a licence forbids publishing and
    `settings.allow_restricted` is not set.
    """
    opened = open_corpus(corpus)
    work = _work("publish-dataset", settings, {"corpus": opened.manifest})
    done = up_to_date(out, work)
    if done:
        say(f"{out}: up to date")
        return done
    facts = dataset_facts(opened, settings)
    check(facts.verdict, allow_restricted=settings.allow_restricted, where=corpus)
    names = dataset_files(opened)
    recorded = {new: opened.manifest.parts[old.split("/")[0]].files[old] for new, old in names.items()}
    rows = {name: record.rows or 0 for name, record in recorded.items()}
    hashes = {new: file_sha256(corpus / old) for new, old in names.items()}
    check_hashes(corpus, opened.manifest, names, hashes)
    with building(out, work, overwrite=overwrite) as build:
        place(corpus, build.path, names)
        facts = replace(facts, parallel=_parallel(opened, settings, build.path), finds=scan(opened))
        if facts.finds:
            say(f"warning: {warning(list(facts.finds))}")
        rows |= parallel_rows(build.path, facts.parallel)
        _write(build.path / CARD, dataset_card(facts, settings))
        hashes |= {name: file_sha256(build.path / name) for each in facts.parallel.files.values() for name in each}
        write_croissant(build.path, facts, settings, hashes)
        if facts.verdict.hub == "other":
            _write(build.path / LICENCE_FILE, licence_text(facts.verdict, settings, facts.translator) + "\n")
        write_provenance(build.path, "dataset", opened.manifest)
        write_checksums(build.path, hashes)
        return build.finish(
            {"all": build.record_rest(work.fingerprint, rows)},
            counts={"rows": facts.total, "languages": len(facts.rows)},
            licences=opened.manifest.licences,
            info={
                **_info("dataset", settings, facts.verdict, opened.manifest),
                "finds": {find.kind: find.rows for find in facts.finds},
            },
        )


def publish_model(
    model: Path, evaluations: Sequence[Path], settings: PublishSettings, out: Path, *, overwrite: bool = False
) -> Manifest:
    """Build the model folder of a trained model in `out`, with a card that holds the given evaluations' results.

    Raises UsageError where a folder is not what it should be, an evaluation is of another model, a file has changed,
    or a licence forbids publishing and `settings.allow_restricted` is not set.
    """
    manifest = load_manifest(model)
    if manifest.stage != "train":
        raise UsageError(
            f"'{model}' is not a trained model but the result of '{manifest.stage}'.",
            where=model,
            expected="the output of mtqa train",
        )
    check_files(model, manifest)
    results = [load_manifest(path) for path in evaluations]
    work = _work("publish-model", settings, {"model": manifest} | {f"evaluation {i}": m for i, m in enumerate(results)})
    done = up_to_date(out, work)
    if done:
        say(f"{out}: up to date")
        return done
    scored = [evaluation_results(path, m, manifest) for path, m in zip(evaluations, results, strict=True)]
    facts = model_facts(model, manifest, scored, settings)
    check(facts.verdict, allow_restricted=settings.allow_restricted, where=model)
    names = model_files(model, manifest)
    with building(out, work, overwrite=overwrite) as build:
        place(model, build.path, names)
        _write(build.path / CARD, model_card(facts, settings))
        if facts.verdict.hub == "other":
            _write(
                build.path / LICENCE_FILE, licence_text(facts.verdict, settings, facts.translator, model=True) + "\n"
            )
        write_provenance(build.path, "model", manifest)
        check_hashes(model, manifest, names, write_checksums(build.path))
        return build.finish(
            {"all": build.record_rest(work.fingerprint)},
            counts={"files": len(names)},
            licences=manifest.licences,
            info=_info("model", settings, facts.verdict, manifest),
        )


def dataset_facts(corpus: Corpus, settings: PublishSettings) -> DatasetFacts:
    """Gather what the data set card states, from the corpus's rows and the manifests' lineage."""
    manifest = corpus.manifest
    languages = sorted((lang for lang in corpus.languages if corpus.rows(lang)), key=lambda i: (i != ENGLISH, i))
    names = sorted(dataset_files(corpus))
    sources = read.sources(manifest, read.row_sources(corpus))
    translator = read.translator(manifest, settings.translation_licence)
    uses = [Use(f"the source {s.name}", s.licence) for s in sources]
    return DatasetFacts(
        rows={lang: {s: corpus.rows(lang, s) for s in corpus.splits(lang)} for lang in languages},
        files={
            lang: {
                s: [n for n in names if n.startswith(f"data/{lang}/{s}-")] for s in SPLITS if s in corpus.splits(lang)
            }
            for lang in languages
        },
        file_bytes={lang: sum(path.stat().st_size for path in corpus.files(lang)) for lang in languages},
        plain_bytes={lang: {s: plain_bytes(corpus.files(lang, s)) for s in corpus.splits(lang)} for lang in languages},
        sources=sources,
        translator=translator,
        filtered=read.filtered(manifest),
        collect_run=read.last(manifest, "collect"),
        filter_run=read.last(manifest, "filter"),
        verdict=combine(uses + translator.uses()),
        samples=sample_groups(corpus, settings.samples),
    )


def _parallel(corpus: Corpus, settings: PublishSettings, root: Path) -> Parallel:
    """Write the parallel configuration, or say why there is none."""
    if not settings.parallel:
        return Parallel()
    try:
        return write_parallel(corpus, root)
    except UnorderedError as error:
        say(f"there will be no configuration 'parallel': {error.what}")
        shutil.rmtree(root / "data" / PARALLEL, ignore_errors=True)
        return Parallel()


def _work(stage: str, settings: PublishSettings, inputs: dict[str, Manifest]) -> Work:
    """Return the work; cards speak of settings and counts too, so an input is its content and its history."""
    prints = {
        name: fingerprint({"content": m.content, "history": lineage(m), "licences": m.licences})
        for name, m in inputs.items()
    }
    return Work(stage, VERSION, settings.record(), {**prints, "mtqa": __version__})


def _info(kind: str, settings: PublishSettings, verdict: Verdict, manifest: Manifest) -> dict[str, Any]:
    return {
        "kind": kind,
        "repo": settings.repo,
        "licence": verdict.hub,
        "override": list(verdict.refusals) if settings.allow_restricted else [],
        "checksums": CHECKSUMS,
        "lineage": lineage(manifest),
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
