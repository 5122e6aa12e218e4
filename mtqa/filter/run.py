"""Filter a corpus: score every row, decide by the profile, write kept and rejected rows apart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, TableWriter, config_files, open_corpus, write_readme
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import fingerprint
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, Part, check_files, load_manifest
from mtqa.core.output import Building, Work, building, guard, up_to_date
from mtqa.core.progress import Progress, progress, say
from mtqa.core.schema import CORPUS, ENGLISH, REJECTED, SCORES
from mtqa.filter.decide import dropping, failures, group_drops, reasons
from mtqa.filter.language import identifiers_for
from mtqa.filter.profiles import Rule, load_rules
from mtqa.filter.report import Tally, total
from mtqa.filter.score import ScoreReader, score_language
from mtqa.filter.settings import FilterSettings
from mtqa.filter.target import target

STAGE, VERSION = "filter", 1
IDENTIFIERS = ("py3langid", "langdetect")
Rows = Iterator[tuple[str, pa.Table, np.ndarray]]


@dataclass(frozen=True)
class Job:
    """What is filtered, and by which rules."""

    corpus: Corpus
    rules: list[Rule]
    settings: FilterSettings

    def score_fingerprint(self, lang: str) -> str:
        """The fingerprint of what a language's scores depend on: not thresholds."""
        return fingerprint(
            {
                "version": VERSION,
                "scores": [rule.name for rule in self.rules],
                "seed": self.settings.seed,
                "identifiers": {name: version(name) for name in IDENTIFIERS},
                "length": asdict(target(lang).length),
                "inputs": self._inputs(lang),
            }
        )

    def part_fingerprint(self, lang: str, work: Work) -> str:
        """The fingerprint of a language's part; with a group mode it depends on all languages."""
        codes = [] if self.settings.group == "any" else self.corpus.languages
        grouped = {f"scores of {code}": self.score_fingerprint(code) for code in codes}
        rules = {rule.name: [rule.threshold, rule.drops] for rule in self.rules}
        settings = {"rules": rules, "group": self.settings.group, "scores": self.score_fingerprint(lang)}
        return work.part_fingerprint(settings, {**self._inputs(lang), **grouped})

    def _inputs(self, lang: str) -> dict[str, str]:
        parts = self.corpus.manifest.parts
        return {code: parts[code].content for code in sorted({lang, ENGLISH} & parts.keys())}


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
    recorded = settings.record() | {
        "profile": name,
        "rules": {rule.name: rule.threshold for rule in rules},
        "drop": list(dict.fromkeys(rule.field for rule in rules if rule.drops)),
        "identifiers": {package: version(package) for package in IDENTIFIERS},
    }
    work = Work(STAGE, VERSION, recorded, {"corpus": source.manifest.content})
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
            next_step="run the command with --overwrite instead of --rescore",
        )
    with building(out, work, overwrite=overwrite or rescore) as build:
        return _build(job, work, build, stored)


def _build(job: Job, work: Work, build: Building, stored: dict[str, list[str]]) -> Manifest:
    corpus = job.corpus
    parts: dict[str, Part] = {}
    scores: dict[str, dict[str, int]] = {}
    rows = sum(corpus.rows(lang) for lang in corpus.languages)
    with progress("filter", rows, "rows") as bar:
        for lang in corpus.languages:
            if part := build.reuse(lang, job.part_fingerprint(lang, work)):
                parts[lang] = part
                bar.update(corpus.rows(lang))
            else:
                scores[lang] = _scores(job, lang, build, stored, bar)
    dropped_items = _group(job, build) if job.settings.group != "any" else {}
    for lang, files in scores.items():
        written, counts = _decide(job, lang, build, dropped_items)
        parts[lang] = build.record_part(job.part_fingerprint(lang, work), files | written, counts)
    parts = dict(sorted(parts.items()))
    files_of = {lang: splits for lang, splits in config_files(parts).items() if any(splits.values())}
    write_readme(build.path, "Filtered question answering corpus", files_of)
    facts = {lang: target(lang) for lang in parts if lang != ENGLISH}
    return build.finish(
        parts,
        counts=total({lang: part.counts for lang, part in parts.items()}),
        licences=corpus.manifest.licences,
        info={
            "lineage": lineage(corpus.manifest),
            "scores": {lang: job.score_fingerprint(lang) for lang in parts},
            "length": {lang: fact.length.basis for lang, fact in facts.items()},
            "unfitted": [lang for lang, fact in facts.items() if not fact.fitted],
            "identifiers": {lang: [i.name for i in identifiers_for(fact)] for lang, fact in facts.items()},
        },
    )


def _scores(job: Job, lang: str, build: Building, stored: dict[str, list[str]], bar: Progress) -> dict[str, int]:
    """Write a language's scores below `.scores/`, or take stored ones over; return their files' rows."""
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
        for split, batch in score_language(job.corpus, target(lang, job.settings.seed), job.rules, bar):
            if split not in writers:
                writers[split] = stack.enter_context(TableWriter(build.path, f".scores/{lang}/{split}", SCORES))
            writers[split].write(batch)
    return {name: n for writer in writers.values() for name, n in writer.rows.items()}


def _rows(job: Job, lang: str, folder: Path) -> Rows:
    """Yield (split, rows, scores (n, rules)) of a language from the corpus and the scores below `folder`."""
    for split in job.corpus.splits(lang):
        reader = ScoreReader(sorted((folder / ".scores" / lang).glob(f"{split}-*.parquet")), len(job.rules))
        for batch in job.corpus.batches(lang, split):
            yield split, pa.Table.from_batches([batch]).cast(CORPUS), reader.take(batch.num_rows)


def _group(job: Job, build: Building) -> dict[str, int]:
    """Return the items that leave in all languages, from the scores of all of them."""
    failed: dict[str, list[str]] = {}
    kept: dict[str, list[str]] = {}
    for lang in job.corpus.languages:
        for _, rows, scores in _rows(job, lang, build.path):
            bad = (failures(scores, job.rules) & dropping(job.rules)).any(axis=1)
            for item, is_bad in zip(rows["item_id"].to_pylist(), bad, strict=True):
                (failed if is_bad else kept).setdefault(lang, []).append(item)
    return group_drops(job.settings.group, failed, kept)


def _decide(
    job: Job, lang: str, build: Building, dropped_items: dict[str, int]
) -> tuple[dict[str, int], dict[str, Any]]:
    """Write a language's kept and rejected rows; return the files' rows and the counts."""
    tally = Tally(job.rules)
    drops = dropping(job.rules)
    written: dict[str, int] = {}
    for split in job.corpus.splits(lang):
        kept = TableWriter(build.path, f"{lang}/{split}", CORPUS)
        rejected = TableWriter(build.path, f".rejected/{lang}/{split}", REJECTED)
        with kept, rejected:
            for _, rows, scores in (found for found in _rows(job, lang, build.path) if found[0] == split):
                failed = failures(scores, job.rules)
                group = np.array([dropped_items.get(item, -1) for item in rows["item_id"].to_pylist()], np.int64)
                leaves = (failed & drops).any(axis=1) | (group >= 0)
                tally.add(split, scores, failed, group >= 0)
                kept.write(rows.filter(pa.array(~leaves)))
                why = [reasons(scores[n], failed[n], job.rules, int(group[n])) for n in np.flatnonzero(leaves)]
                bad = rows.filter(pa.array(leaves))
                rejected.write(
                    bad.append_column(REJECTED.field("reasons"), pa.array(why, REJECTED.field("reasons").type))
                )
        _check_sum(lang, split, job.corpus.rows(lang, split), sum(kept.rows.values()), sum(rejected.rows.values()))
        written |= kept.rows | rejected.rows
    return written, tally.counts()


def _check_sum(lang: str, split: str, rows: int, kept: int, rejected: int) -> None:
    if kept + rejected != rows:
        raise MtqaError(
            "Rows were lost while filtering.",
            where=f"{lang}/{split}",
            expected=f"{rows:,} rows, found {kept:,} kept + {rejected:,} rejected",
            next_step="report this as a bug",
        )


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
