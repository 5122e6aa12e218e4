"""One target language of a corpus, from English rows to its files: segments, translations, rows with their answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mtqa.core.corpus import Corpus, TableWriter
from mtqa.core.executor import Where
from mtqa.core.schema import ENGLISH, Flag
from mtqa.translate import align as alignment
from mtqa.translate.align import Question, align
from mtqa.translate.assemble import Assembler, Draft
from mtqa.translate.compact import compact
from mtqa.translate.engine import Engine
from mtqa.translate.index import Index
from mtqa.translate.job import ROWS_READ, Plan, Scan, scan, translations
from mtqa.translate.memory import Entry, Memory, scratch_name
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.target import Stream, Target, load_stream

Places = dict[bytes, tuple[int, int] | None]


@dataclass
class Engines:
    """The models of this process, each loaded once and only when it is needed."""

    where: Where
    loaded: dict[str, Engine]

    def of(self, target: Target) -> Engine:
        """Return a target's model at the first place."""
        if target.files.revision not in self.loaded:
            self.loaded.clear()
            self.loaded[target.files.revision] = target.engine(self.where.places[0])
        return self.loaded[target.files.revision]

    def load(self, target: Target) -> Callable[[str], Stream]:
        """Return what the executor calls to get a decoder: here the model that is loaded, elsewhere a new one."""
        if self.where.kind == "local" and len(self.where.places) == 1:
            return lambda place: target.decoder(self.of(target)).stream
        return partial(load_stream, target.spec)


def places_of(settings: TranslateSettings, device: str) -> Where:
    """Return where the settings put the work."""
    if settings.executor == "ray":
        return Where((device,), "ray", settings.ray_address, 1.0 if device == "cuda" else 0.0)
    if device == "cuda":
        return Where(tuple(f"cuda:{number}" for number in settings.devices) or ("cuda",))
    return Where(("cpu",) * max(1, len(settings.devices)))


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Yield a folder for what a job cannot hold in memory; it goes when the job ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=scratch_name(), suffix=".tmp", dir=folder, ignore_cleanup_errors=True
    ) as path:
        yield Path(path)


def translate_language(
    source: Corpus, target: Target, root: Path, engines: Engines, out: Path
) -> tuple[dict[str, int], dict[str, Any]]:
    """Write a language's files below `out`; return their rows by name, and the counts for the manifest.

    `root` is the folder of the memory.
    """
    memory = Memory(root, target.key)
    with memory.lock(), scratch(memory.folder) as folder:
        found = scan(source, target, folder)
        index, plan = translations(found, target, memory, engines.where, engines.load(target))
        answers = Memory(memory.folder / "answers", {"answers": alignment.VERSION})
        with answers.lock():
            compact(answers)
            known = Index(folder / "answers.sqlite")
            for path in answers.parts():
                known.add(answers.entries(path))
            assembler = Assembler(target.lang, target.files.label, target.split, index.get)
            writer = _Rows(source, target, assembler, engines, known, answers)
            rows = writer.write(out, plan.name)
            compact(answers)
            known.close()
        counts = _counts(sum(rows.values()), found, plan, index, assembler)
        index.close()
    return rows, counts


@dataclass
class _Rows:
    """Writes the rows; the alignment of one batch's answers is under way while the next is put together."""

    source: Corpus
    target: Target
    assembler: Assembler
    engines: Engines
    known: Index
    answers: Memory

    def write(self, out: Path, job: str) -> dict[str, int]:
        rows: dict[str, int] = {}
        for split in self.source.splits(ENGLISH):
            with TableWriter(out, f"{self.target.lang}/{split}") as writer:
                for made in self._batches(split, job):
                    writer.write(made)
            rows |= writer.rows
        return rows

    def _batches(self, split: str, job: str) -> Iterator[list[dict[str, Any]]]:
        waiting: tuple[list[Draft], Callable[[], Places]] | None = None
        for number, batch in enumerate(self.source.batches(ENGLISH, split, size=ROWS_READ)):
            drafts = self.assembler.drafts(batch.to_pylist())
            places = self._places(drafts, f"{job}-{split}-{number:07d}")
            if waiting:
                yield self._finished(*waiting)
            waiting = (drafts, places)
        if waiting:
            yield self._finished(*waiting)

    def _finished(self, drafts: list[Draft], places: Callable[[], Places]) -> list[dict[str, Any]]:
        found = places()
        return [self.assembler.finish(draft, found) for draft in drafts]

    def _places(self, drafts: list[Draft], part: str) -> Callable[[], Places]:
        """Begin to find the open answers of some rows: in the memory, else in the model's attention."""
        asked = {ask.question.key: ask.question for draft in drafts for ask in draft.open}
        found: Places = {key: _place(entry) for key, entry in self.known.get(asked).items()}
        todo: Mapping[bytes, Question] = {key: asked[key] for key in sorted(asked.keys() - found.keys())}
        if not todo:
            return lambda: found
        engine = self.engines.of(self.target)
        wait = align(list(todo.values()), engine, self.target.tokens, self.target.batch_tokens)

        def places() -> Places:
            made = dict(zip(todo, wait(), strict=True))
            entries = {key: _remembered(place) for key, place in made.items()}
            self.answers.append(part, entries)
            self.known.add(entries.items())
            return found | made

        return places


def _remembered(place: tuple[int, int] | None) -> Entry:
    return Entry("" if place is None else f"{place[0]} {place[1]}", 0.0, 0, ())


def _place(entry: Entry) -> tuple[int, int] | None:
    if not entry.text:
        return None
    start, end = entry.text.split()
    return int(start), int(end)


def _counts(rows: int, found: Scan, plan: Plan, index: Index, assembler: Assembler) -> dict[str, Any]:
    """Return what the manifest tells of a language: none of it depends on what the memory had before."""
    by_flag = {flag.value: 0 for flag in Flag}
    for flags, count in index.flags():
        for flag in flags.split():
            by_flag[flag] += count
    placed = assembler.answers["found"] + assembler.answers["aligned"]
    return {
        "rows": rows,
        "segments": plan.distinct,
        "retried": by_flag[Flag.RETRIED.value],
        "cut": {str(pieces): found.cuts[pieces] for pieces in sorted(found.cuts)},
        "segment_flags": {flag: count for flag, count in by_flag.items() if count},
        "flags": {flag.value: assembler.flags[flag.value] for flag in Flag if assembler.flags[flag.value]},
        "answers": {"found": placed, "lost": assembler.answers["lost"]},
        "aligned": assembler.answers["aligned"],
    }
