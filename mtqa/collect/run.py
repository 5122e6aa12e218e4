"""Collect: read sources, clean, drop with reasons, split, write the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtqa.collect.choose import Seen, draw
from mtqa.collect.rows import NOTES, RowMaker
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import Source, open_sources
from mtqa.core.corpus import SPLITS, TableWriter, config_files, write_readme
from mtqa.core.errors import MtqaError
from mtqa.core.languages import get
from mtqa.core.manifest import Manifest, Part
from mtqa.core.output import Building, Work, building, up_to_date
from mtqa.core.progress import Progress, progress, say
from mtqa.core.schema import Drop

VERSION = 1
ROWS_AT_ONCE = 1024
TITLE = "Question answering collected by mtqa"


@dataclass
class Count:
    """What became of a source's rows: read = kept + dropped."""

    read: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def record(self) -> dict[str, Any]:
        """Return the counts for the manifest; raises AssertionError where a row was lost."""
        kept, dropped = self.kept.total(), self.dropped.total()
        if self.read != kept + dropped:
            raise AssertionError(f"{self.read} rows read, but {kept} kept and {dropped} dropped")
        return {
            "read": self.read,
            "kept": kept,
            "dropped": {reason.value: self.dropped[reason] for reason in Drop if self.dropped[reason]},
            "splits": {split: self.kept[split] for split in SPLITS if self.kept[split]},
            "notes": {note: self.notes[note] for note in NOTES if self.notes[note]},
        }


def collect(settings: CollectSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Collect the settings' sources into a corpus at `out` and return its manifest.

    Does nothing where `out` already holds this. Raises UsageError for sources that are missing or cannot be read and
    for an output folder that holds something else; MtqaError where no item is left.
    """
    sources = open_sources(settings)
    recorded = {**settings.record(), "sources": [source.label for source in sources]}
    work = Work("collect", VERSION, recorded, {s.dataset: s.fingerprint for s in sources})
    done = up_to_date(out, work)
    if done:
        say(f"collect: '{out}' is up to date")
        return done
    with building(out, work, overwrite=overwrite) as build:
        counts, rows = _write(sources, settings, build)
        parts = _parts(build, work, rows)
        write_readme(build.path, TITLE, config_files(parts))
        return build.finish(
            parts,
            counts=_totals(counts),
            licences=[source.licence for source in sources],
            info={"sources": {source.dataset: _about(source) for source in sources}},
        )


def _write(
    sources: list[Source], settings: CollectSettings, build: Building
) -> tuple[dict[str, Count], dict[str, dict[str, int]]]:
    """Write all sources' rows; return counts by data set, and file → rows by language."""
    counts: dict[str, Count] = {}
    writers: dict[tuple[str, str], TableWriter] = {}
    seen = Seen()
    with ExitStack() as stack, progress("collect", None, "rows") as bar:
        for source in sources:
            count = counts[source.dataset] = Count()
            rows = _rows(source, settings, seen, count, bar)
            if settings.limit is not None:
                rows = _limited(rows, settings.limit, settings.seed, count)
            waiting: dict[str, list[dict[str, Any]]] = {}
            for row in rows:
                split = row["split"]
                count.kept[split] += 1
                waiting.setdefault(split, []).append(row)
                if len(waiting[split]) == ROWS_AT_ONCE:
                    _writer(writers, stack, build.path, source.language, split).write(waiting.pop(split))
            for split, left in waiting.items():
                _writer(writers, stack, build.path, source.language, split).write(left)
    _check_not_empty(sources, counts)
    by_language: dict[str, dict[str, int]] = {}
    for (language, _), writer in sorted(writers.items()):
        by_language.setdefault(language, {}).update(writer.rows)
    return counts, by_language


def _rows(
    source: Source, settings: CollectSettings, seen: Seen, count: Count, bar: Progress
) -> Iterator[dict[str, Any]]:
    maker = RowMaker(
        dataset=source.dataset,
        licence=source.licence,
        language=source.language,
        iso=get(source.language).iso1 or get(source.language).iso3,
        sentence=settings.passage_unit == "sentence",
        validation=settings.validation,
    )
    for raw in source.read():
        count.read += 1
        bar.update()
        row = maker.make(raw, count.notes)
        if isinstance(row, Drop):
            count.dropped[row] += 1
        elif not seen.is_new(row):
            count.dropped[Drop.DUPLICATE] += 1
        else:
            yield row


def _limited(rows: Iterator[dict[str, Any]], limit: int, seed: int, count: Count) -> Iterator[dict[str, Any]]:
    drawn = draw(rows, limit, seed)
    count.dropped[Drop.LIMIT] = count.read - count.dropped.total() - len(drawn)
    yield from drawn


def _writer(
    writers: dict[tuple[str, str], TableWriter], stack: ExitStack, root: Path, language: str, split: str
) -> TableWriter:
    if (language, split) not in writers:
        writers[language, split] = stack.enter_context(TableWriter(root, f"{language}/{split}"))
    return writers[language, split]


def _check_not_empty(sources: list[Source], counts: dict[str, Count]) -> None:
    for source in sources:
        dataset, count = source.dataset, counts[source.dataset]
        if count.kept.total() + count.dropped[Drop.DUPLICATE] == 0:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in sorted(count.dropped.items()))
            raise MtqaError(
                f"No item of '{dataset}' is left." if count.read else f"'{dataset}' holds no rows.",
                where=source.label,
                expected=f"{count.read:,} rows were read" + (f"; dropped: {reasons}" if reasons else ""),
                next_step="look at the source, its columns (--map) and --passage-unit",
            )


def _parts(build: Building, work: Work, rows: dict[str, dict[str, int]]) -> dict[str, Part]:
    parts = {}
    for language, files in rows.items():
        splits = {
            split: sum(n for name, n in files.items() if name.startswith(f"{language}/{split}-")) for split in SPLITS
        }
        counts = {"rows": sum(files.values()), "splits": {split: n for split, n in splits.items() if n}}
        parts[language] = build.record_part(work.part_fingerprint(work.settings, work.inputs), files, counts)
    return parts


def _totals(counts: dict[str, Count]) -> dict[str, Any]:
    """Return the sums over all data sets, and each data set's own counts."""
    total = Count()
    for count in counts.values():
        total.read += count.read
        total.kept.update(count.kept)
        total.dropped.update(count.dropped)
        total.notes.update(count.notes)
    return {**total.record(), "datasets": {name: count.record() for name, count in counts.items()}}


def _about(source: Source) -> dict[str, Any]:
    return {
        "licence": source.licence,
        "homepage": source.homepage,
        "citation": source.citation,
        "language": source.language,
        "files": source.files,
    }
