"""The work for one target language: its segments, what the memory knows of them, and the decoding of the rest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mtqa.core.corpus import Corpus
from mtqa.core.executor import Where, run
from mtqa.core.progress import progress, say
from mtqa.translate.assemble import TEXTS, texts_of
from mtqa.translate.buckets import Buckets
from mtqa.translate.compact import compact
from mtqa.translate.index import Index
from mtqa.translate.jobs import Job, Segment, unfinished
from mtqa.translate.memory import KEY_BYTES, Entry, Memory, segment_key
from mtqa.translate.segment import translatable
from mtqa.translate.target import Stream, Target

COLUMNS = (*TEXTS, "answers")
ROWS_READ = 256
TEXTS_KNOWN = 1 << 15
JOB_DIGITS = 24


@dataclass
class Scan:
    """What a corpus holds for one language: its distinct segments by key, and counts."""

    segments: Buckets
    folder: Path
    rows: int = 0
    texts: int = 0
    cuts: Counter[int] = field(default_factory=Counter)
    """Distinct sentences that were too long, by the number of parts they were cut into."""


@dataclass
class Plan:
    """What is to be done: the name of the set of segments, how many there are, and those that the memory lacks."""

    name: str
    distinct: int
    missing: Buckets
    tokens: int

    def segments(self) -> Iterator[Segment]:
        """Yield the missing segments in the order of decoding: by tokens, then by key."""
        return (unpack(record) for record in self.missing.records())


def unpack(record: bytes) -> Segment:
    """Return the segment of a bucket's record: key, then text."""
    return Segment(record[:KEY_BYTES], record[KEY_BYTES:].decode())


def scan(source: Corpus, target: Target, folder: Path, columns: Sequence[str] = COLUMNS) -> Scan:
    """Read the corpus once and collect the segments that need translation; `folder` takes what memory cannot hold."""
    found = Scan(Buckets(folder / "segments"), folder)
    known: set[bytes] = set()
    spooled: set[bytes] = set()
    for batch in source.batches(target.source, columns=columns, size=ROWS_READ):
        for row in batch.to_pylist():
            found.rows += 1
            for text in texts_of(row):
                found.texts += 1
                key = segment_key(text)
                if key not in known:
                    known.add(key)
                    _segments(text, target, found, spooled)
            if len(known) + len(spooled) > TEXTS_KNOWN:  # they only save work: what comes twice is found out later
                known.clear()
                spooled.clear()
    return found


def _segments(text: str, target: Target, found: Scan, spooled: set[bytes]) -> None:
    spans = target.split(text)
    for pieces in (span.pieces for span in spans if span.pieces > 0):
        found.cuts[pieces] += 1
    for span in spans:
        segment = text[span.start : span.end]
        if translatable(segment):
            key = segment_key(segment)
            if key not in spooled:
                spooled.add(key)
                found.segments.add(key[0], key + segment.encode())


def make_plan(found: Scan, target: Target, memory: Memory, index: Index | None = None) -> Plan:
    """Take out what the memory has (into `index`, if given) and order the rest by tokens and key."""
    missing = Buckets(found.folder / "missing")
    name = hashlib.sha256()
    distinct = tokens = 0
    for group in found.segments.groups():
        records = sorted(set(group))
        keys = [record[:KEY_BYTES] for record in records]
        distinct += len(keys)
        name.update(b"".join(keys))
        have = memory.lookup(keys)
        if index is not None:
            index.add(have.items())
        todo = [record for record, key in zip(records, keys, strict=True) if key not in have]
        for record, count in zip(todo, target.tokens.count([unpack(r).text for r in todo]), strict=True):
            missing.add(count, record)
            tokens += count + target.tokens.overhead
    return Plan(name.hexdigest()[:JOB_DIGITS], distinct, missing, tokens)


def translations(
    found: Scan, target: Target, memory: Memory, where: Where, load: Callable[[str], Stream]
) -> tuple[Index, Plan]:
    """Return the translations of all segments: from the memory, else decoded, chunk by chunk, and remembered.

    Hold `memory.lock()` around this and around the use of the index.
    """
    compact(memory)
    index = Index(found.folder / "index.sqlite")
    before = unfinished(memory)
    plan = make_plan(found, target, memory, index)
    say(f"{target.lang}: {plan.distinct:,} distinct segments, {plan.distinct - len(plan.missing):,} in the memory")
    job = Job(memory, plan.name)
    if len(plan.missing):
        pending = _pending(job, plan, before)
        with progress(target.lang, job.size(pending), "segments") as bar:
            for made in decode(job, pending, where, load):
                index.add(made.items())
                bar.update(len(made))
        compact(memory)
    job.end()
    return index, plan


def fill(
    found: Scan, target: Target, memory: Memory, worker: tuple[int, int], where: Where, load: Callable[[str], Stream]
) -> int:
    """Decode this worker's share of the chunks into the memory; return how many segments it translated.

    The first worker makes the plan, the others find it; so all decode the batches that a single process would.
    """
    with memory.lock():
        before = unfinished(memory)
        plan = make_plan(found, target, memory)
        job = Job(memory, plan.name)
        if not len(plan.missing):
            return 0
        whole = _pending(job, plan, before)
        mine = set(job.pending(worker))
        pending = [n for n in whole if n in mine]
    done = 0
    with progress(f"{target.lang} {worker[0]}/{worker[1]}", job.size(pending), "segments") as bar:
        for made in decode(job, pending, where, load):
            done += len(made)
            bar.update(len(made))
    return done


def decode(job: Job, chunks: list[int], where: Where, load: Callable[[str], Stream]) -> Iterator[dict[bytes, Entry]]:
    """Decode chunks wherever the executor puts them; yield each chunk's entries once they are in the memory."""
    keys: dict[int, list[bytes]] = {}

    def tasks() -> Iterable[list[str]]:
        for number, chunk in enumerate(job.read(chunks)):
            keys[number] = [segment.key for segment in chunk]
            yield [segment.text for segment in chunk]

    for number, entries in run(load, tasks(), where):
        made = dict(zip(keys.pop(number), entries, strict=True))
        job.memory.append(job.part(chunks[number]), made)
        yield made


def _pending(job: Job, plan: Plan, before: Mapping[str, list[int]]) -> list[int]:
    """Return the chunks to decode, planning where there is no plan or one that no longer covers what is missing.

    `before` are the unfinished jobs as they were when the look into the memory began: other workers finish chunks
    meanwhile, and what they finished may be among what is missing.
    """
    pending = before.get(job.name)
    if pending is not None and job.size(pending) >= len(plan.missing):
        return pending
    job.plan(plan.segments(), len(plan.missing))
    return job.pending()
