"""Collect: read sources, clean, drop with reasons, split, write the corpus."""

from __future__ import annotations

import gc
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtqa.collect.batches import batches
from mtqa.collect.bm25 import collection_file, open_collection
from mtqa.collect.contamination import exclude_fingerprint, open_benchmarks
from mtqa.collect.dedup import Keep
from mtqa.collect.pending import Pending
from mtqa.collect.rows import NOTES, RowMaker, joined_licence
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import Source, open_sources
from mtqa.core.corpus import SPLITS, TableWriter, config_files, write_readme
from mtqa.core.errors import MtqaError
from mtqa.core.hashing import file_sha256
from mtqa.core.languages import get
from mtqa.core.manifest import Manifest, Part
from mtqa.core.output import Building, Work, building, up_to_date
from mtqa.core.progress import progress, say
from mtqa.core.schema import Drop

HELD_OUT = re.compile(r"(?<![a-z])(dev|valid|validation|test)(?![a-z])", re.IGNORECASE)
VERSION = 3
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
    _warn_of_licences(sources)
    _warn_of_held_out(settings)
    work = Work("collect", VERSION, _recorded(settings, sources), _inputs(settings, sources))
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
            licences=_licences(settings, sources),
            info={"sources": {source.dataset: _about(source) for source in sources}},
        )


def _recorded(settings: CollectSettings, sources: list[Source]) -> dict[str, Any]:
    """Return the settings for the manifest: names instead of paths, and no workers, which change nothing."""
    recorded = settings.record()
    del recorded["workers"]
    recorded["sources"] = [source.label for source in sources]
    recorded["exclude"] = [Path(name.rpartition("=")[2]).name for name in settings.exclude]
    if settings.pair_with:
        recorded["pair_with"] = Path(settings.pair_with).name
    return recorded


def _inputs(settings: CollectSettings, sources: list[Source]) -> dict[str, str]:
    inputs = {source.dataset: source.fingerprint for source in sources}
    inputs |= {f"exclude {n}": exclude_fingerprint(name) for n, name in enumerate(settings.exclude)}
    if settings.pair_with:
        inputs["pair_with"] = file_sha256(collection_file(Path(settings.pair_with)))
    return inputs


def _warn_of_licences(sources: list[Source]) -> None:
    for source in sources:
        if source.redistribution is False:
            say(
                f"note: the licence of '{source.dataset}' ({source.licence}) forbids redistribution: you may train on "
                "it, but 'mtqa publish' will refuse what is made of it"
            )


def _warn_of_held_out(settings: CollectSettings) -> None:
    """Say which files are named like a dev or test set: unlike a known source's splits, they become training rows."""
    for text in settings.sources:
        file = Path(text.rpartition("=")[2])
        if HELD_OUT.search(file.name) and file.exists():
            say(
                f"note: '{file.name}' is named like a dev or test set, and its rows may be trained on; where it is to "
                "measure with, leave it out here and name it in --exclude"
            )


def _write(
    sources: list[Source], settings: CollectSettings, build: Building
) -> tuple[dict[str, Count], dict[str, dict[str, int]]]:
    """Write all sources' rows; return counts by data set, and file → rows by language.

    All rows wait on disk first, as which of them are duplicates or beyond the limit is known only at the end.
    """
    counts = {source.dataset: Count() for source in sources}
    ranges: list[tuple[int, int]] = []
    makers = _makers(sources, settings)
    seed = None if settings.limit is None else settings.seed
    with Pending(build.path / ".pending") as pending:
        with _rare_collection(), progress("collect", None, "rows") as bar:
            for source, maker in zip(sources, makers, strict=True):
                count, start = counts[source.dataset], pending.rows
                for batch in batches(maker, source.read(), seed, settings.workers):
                    pending.add(batch)
                    count.read += batch.read
                    count.dropped.update(batch.dropped)
                    count.notes.update(batch.notes)
                    bar.update(batch.read)
                ranges.append((start, pending.rows))
        keep, duplicates, beyond = pending.decide(ranges, settings.limit)
        for source, twice, over in zip(sources, duplicates, beyond, strict=True):
            counts[source.dataset].dropped.update({Drop.DUPLICATE: twice, Drop.LIMIT: over})
        _check_not_empty(sources, counts, ranges)
        written = _write_kept(pending, keep, counts, build.path)
    shutil.rmtree(pending.folder)
    return counts, written


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Let the garbage collector look for cycles a hundred times less often: rows hold none, and it took an eighth."""
    usual = gc.get_threshold()
    gc.set_threshold(100 * usual[0], *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _makers(sources: list[Source], settings: CollectSettings) -> list[RowMaker]:
    """Return what makes each source's rows; benchmarks and the passage collection are read once."""
    known = open_benchmarks(settings.exclude)
    collection = open_collection(Path(settings.pair_with)) if settings.pair_with else None
    return [
        RowMaker(
            dataset=source.dataset,
            licence=source.licence,
            language=source.language,
            iso=get(source.language).iso1 or get(source.language).iso3,
            sentence=settings.passage_unit == "sentence",
            validation=settings.validation,
            characters=settings.passage_characters,
            benchmarks=known,
            collection=collection,
            paired_licence=joined_licence(source.licence, settings.pair_licence),
        )
        for source in sources
    ]


def _write_kept(pending: Pending, keep: Keep, counts: dict[str, Count], root: Path) -> dict[str, dict[str, int]]:
    """Write the rows that stay and count them; return file → rows by language."""
    writers: dict[tuple[str, str], TableWriter] = {}
    with ExitStack() as stack:
        for rows in pending.kept(keep):
            language, split = rows["lang"][0].as_py(), rows["split"][0].as_py()
            for entry in rows["dataset"].value_counts().to_pylist():
                counts[entry["values"]].kept[split] += entry["counts"]
            _writer(writers, stack, root, language, split).write(rows)
    by_language: dict[str, dict[str, int]] = {}
    for (language, _), writer in sorted(writers.items()):
        by_language.setdefault(language, {}).update(writer.rows)
    return by_language


def _writer(
    writers: dict[tuple[str, str], TableWriter], stack: ExitStack, root: Path, language: str, split: str
) -> TableWriter:
    if (language, split) not in writers:
        writers[language, split] = stack.enter_context(TableWriter(root, f"{language}/{split}"))
    return writers[language, split]


def _check_not_empty(sources: list[Source], counts: dict[str, Count], ranges: list[tuple[int, int]]) -> None:
    """Raise MtqaError where no item of a source is usable, duplicates of other sources' apart."""
    for source, (start, stop) in zip(sources, ranges, strict=True):
        dataset, count = source.dataset, counts[source.dataset]
        if start == stop:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in sorted(count.dropped.items()) if n)
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


def _licences(settings: CollectSettings, sources: list[Source]) -> list[str]:
    return [source.licence for source in sources] + ([settings.pair_licence] if settings.pair_with else [])


def _about(source: Source) -> dict[str, Any]:
    about: dict[str, Any] = {
        "licence": source.licence,
        "homepage": source.homepage,
        "citation": source.citation,
        "language": source.language,
        "files": source.files,
    }
    if source.revision:
        about["revision"] = source.revision
    if source.redistribution is False:
        about["redistribution"] = False
    return about
