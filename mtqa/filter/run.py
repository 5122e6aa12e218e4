"""Filter a corpus: score every row, decide by the profile, write kept and rejected rows apart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mtqa.core.corpus import TableWriter, config_files, open_corpus, write_readme
from mtqa.core.errors import UsageError
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, Part, check_files, load_manifest
from mtqa.core.output import Building, Work, building, guard, up_to_date
from mtqa.core.progress import Progress, progress, say
from mtqa.core.schema import ENGLISH, SCORES, Check
from mtqa.filter.job import STAGE, Job
from mtqa.filter.join import joined
from mtqa.filter.language import judges_for
from mtqa.filter.near import source_language
from mtqa.filter.profiles import load_rules
from mtqa.filter.report import total
from mtqa.filter.score import pairs_of, score_language, score_text
from mtqa.filter.semantic import Scale, Semantic
from mtqa.filter.settings import FilterSettings
from mtqa.filter.whole import Extra
from mtqa.filter.write import group_drops, write_groups, write_language


def filter_corpus(
    corpus: Path, settings: FilterSettings, out: Path, *, overwrite: bool = False, rescore: bool = False
) -> Manifest:
    """Filter the corpus folder into `out` and return its manifest.

    Stored scores of an older result in `out` are used again where only thresholds changed; `rescore` replaces that
    result and insists on it. Raises UsageError for a wrong profile, corpus or output folder before work starts.
    """
    source = open_corpus(corpus)
    name, rules = load_rules(settings)
    job = Job(source, rules, settings)
    work = job.work(name)
    if done := up_to_date(out, work):
        say("filter: up to date")
        return done
    guard(out, work, overwrite=overwrite or rescore)
    stored = _stored_scores(out, job)
    if rescore and (missing := [lang for lang in source.languages if lang not in stored]):
        raise UsageError(
            f"There are no scores to decide from for {', '.join(missing)}.",
            where=out,
            expected="an older result for the same corpus, with the same checks",
            next_step="run the command with --overwrite instead of --rescore; instead of off, a threshold that nothing "
            "reaches needs no new scores",
        )
    with building(out, work, overwrite=overwrite or rescore) as build:
        return _build(job, work, build, stored)


def _build(job: Job, work: Work, build: Building, stored: dict[str, list[str]]) -> Manifest:
    corpus = job.corpus
    parts: dict[str, Part] = {}
    scores: dict[str, dict[str, int]] = {}
    rows = sum(corpus.rows(lang) for lang in corpus.languages)
    extra = _extra(job, build.out)
    with progress("filter", rows, "rows") as bar:
        for lang in corpus.languages:
            if part := build.reuse(lang, job.part_fingerprint(lang, work)):
                parts[lang] = part
                bar.update(corpus.rows(lang))
            else:
                scores[lang] = _scores(job, lang, build, stored, bar, extra)
    if extra.semantic:
        extra.semantic.save()
    dropped = group_drops(job, build)
    for lang, files in scores.items():
        written, counts = write_language(job, lang, build, dropped)
        if lang == source_language(corpus):
            written |= write_groups(corpus, lang, build)
        parts[lang] = build.record_part(job.part_fingerprint(lang, work), files | written, counts)
    parts = dict(sorted(parts.items()))
    files_of = {lang: splits for lang, splits in config_files(parts).items() if any(splits.values())}
    write_readme(build.path, "Filtered question answering corpus", files_of)
    return build.finish(
        parts,
        counts=total({lang: part.counts for lang, part in parts.items()}),
        licences=corpus.manifest.licences,
        info=_info(job, extra, list(parts)),
    )


def _info(job: Job, extra: Extra, langs: list[str]) -> dict[str, object]:
    """Return what a reader of the manifest wants to know: who judged which language, and where bounds are pooled."""
    facts = {lang: job.target(lang) for lang in langs if lang != ENGLISH}
    judges = {lang: [judge.name for judge in judges_for(fact)[0]] for lang, fact in facts.items()}
    info: dict[str, object] = {
        "lineage": lineage(job.corpus.manifest),
        "scores": {lang: job.score_fingerprint(lang) for lang in langs},
        "length": {lang: fact.length.basis for lang, fact in facts.items()},
        "unfitted": [lang for lang, fact in facts.items() if not fact.fitted],
        "identifiers": judges,
        "unidentified": [lang for lang, names in judges.items() if not names],
    }
    if extra.semantic:
        scales = extra.semantic.scales
        info["semantic"] = {lang: _rounded(scales[lang]) for lang in facts if lang in scales}
    return info


def _rounded(scale: Scale) -> dict[str, object]:
    return {
        "random": round(scale.random, 3),
        "right": round(scale.right, 3),
        "area": round(scale.area, 3),
        "known": scale.known,
    }


def _extra(job: Job, out: Path) -> Extra:
    """Open what the settings name: the encoder, test sets, translations back."""
    checks = {rule.check for rule in job.rules}
    semantic = tests = back = None
    if job.settings.encoder and Check.SEMANTIC in checks:
        cache = out.parent / ".filter-cache" / f"{job.files['encoder'][:16].replace('/', '_')}.parquet"
        semantic = Semantic(job.settings.encoder, job.settings.device, cache)
    if job.settings.contamination and Check.CONTAMINATION in checks:
        from mtqa.filter.contamination import HeldOut, held_out_texts

        tests = HeldOut(held_out_texts(job.settings.contamination))
    if job.settings.round_trip and Check.ROUND_TRIP in checks:
        from mtqa.filter.roundtrip import read_back

        back = read_back(Path(job.settings.round_trip))
    return Extra(semantic, tests, back)


def _good_questions(job: Job, lang: str) -> Iterator[tuple[str, str]]:
    """Yield questions beside their translations that pass the rules on their text."""
    facts, rules = job.target(lang), [rule for rule in job.rules if rule.field == "question"]
    for split in job.corpus.splits(lang):
        for batch in joined(job.corpus, lang, split):
            for row, source in batch:
                for pair in pairs_of(row, source, "question"):
                    if not any(score_text(rule.check, pair, facts) > rule.threshold for rule in rules):
                        yield pair.source or "", pair.target


def _scores(
    job: Job, lang: str, build: Building, stored: dict[str, list[str]], bar: Progress, extra: Extra
) -> dict[str, int]:
    """Write a language's scores below `.scores/`, or take stored ones over; return their files' rows."""
    if extra.semantic and lang != ENGLISH:
        extra.semantic.learn(_good_questions(job, lang), job.target(lang), job.settings.seed)
    if lang in stored:
        rows: dict[str, int] = {}
        records = load_manifest(build.out).parts[lang].files
        for name in stored[lang]:
            (build.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(build.out / name, build.path / name)
            rows[name] = records[name].rows or 0
        bar.update(job.corpus.rows(lang))
        return rows
    writers: dict[str, TableWriter] = {}
    with ExitStack() as stack:
        workers = job.settings.workers
        for split, batch in score_language(job.corpus, job.target(lang), job.rules, bar, extra, build.path, workers):
            if split not in writers:
                writers[split] = stack.enter_context(TableWriter(build.path, f".scores/{lang}/{split}", SCORES))
            writers[split].write(batch)
    return {name: n for writer in writers.values() for name, n in writer.rows.items()}


def _stored_scores(out: Path, job: Job) -> dict[str, list[str]]:
    """Return the score files of an older output, for the languages whose scores would be the same."""
    try:
        old = load_manifest(out)
        check_files(out, old)
    except UsageError:
        return {}
    known = old.info.get("scores", {})
    return {
        lang: sorted(name for name in old.parts[lang].files if name.startswith(f".scores/{lang}/"))
        for lang in job.corpus.languages
        if old.stage == STAGE and lang in old.parts and known.get(lang) == job.score_fingerprint(lang)
    }
