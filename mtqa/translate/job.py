"""The work for one target language: its segments, what the memory knows of them, and the decoding of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from mtqa.core.corpus import Corpus
from mtqa.core.progress import progress, say
from mtqa.core.schema import ENGLISH
from mtqa.translate import watch
from mtqa.translate.decode import RETRY, Decoder
from mtqa.translate.engine import Engine, engine_version, load_engine
from mtqa.translate.memory import Entry, Memory, segment_key
from mtqa.translate.model import ModelFiles
from mtqa.translate.plan import job_name, make_chunks
from mtqa.translate.segment import Span, split, translatable
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.tokens import Tokens

COLUMNS = ("question", "passage", "title", "answers")
SPLITS_KEPT = 4096
CPU_BATCH, GPU_BATCH = 1024, 16_384


@dataclass(frozen=True)
class Target:
    """One target language: its model and tokenizer, and what its memory is keyed by."""

    lang: str
    files: ModelFiles
    tokens: Tokens
    settings: TranslateSettings
    device: str
    compute_type: str

    @property
    def batch_tokens(self) -> int:
        """Source tokens of a batch: as set, else what was fastest on one core, and room for a GPU to work."""
        return self.settings.batch_tokens or (CPU_BATCH if self.device == "cpu" else GPU_BATCH)

    @property
    def key(self) -> dict[str, Any]:
        """All that the translation of a segment depends on."""
        return {
            "engine": engine_version(self.settings.engine),
            "model": self.files.revision,
            "device": self.device,
            "compute_type": self.compute_type,
            "decoding": {"beam_size": self.settings.beam_size, "batch_tokens": self.batch_tokens},
            "retry": asdict(RETRY),
            "watch": watch.VERSION,
            "source": ENGLISH,
            "target": self.lang,
        }

    @cached_property
    def split(self) -> Callable[[str], list[Span]]:
        """The function from a text to its segments, remembering recent texts (questions share passages)."""
        room = self.tokens.limit - self.tokens.overhead - 2
        budget = min(self.settings.max_segment_tokens, room)
        return lru_cache(SPLITS_KEPT)(
            lambda text: split(text, lambda texts: [len(p) for p in self.tokens.pieces(texts)], budget)
        )

    def engine(self) -> Engine:
        """Load the model."""
        return load_engine(self.files, self.tokens, self.settings, self.device, self.compute_type)


def _texts(source: Corpus) -> Iterator[str]:
    """Yield every text to translate, in row order, repetitions included."""
    for batch in source.batches(ENGLISH, columns=COLUMNS):
        for row in batch.to_pylist():
            yield from (row[name] for name in ("question", "passage", "title") if row[name] is not None)
            yield from (answer["text"] for answer in row["answers"])


def segments_of(source: Corpus, target: Target) -> dict[bytes, str]:
    """Return the distinct segments that need translation, by key."""
    found: dict[bytes, str] = {}
    seen: set[bytes] = set()
    for text in _texts(source):
        key = segment_key(text)
        if key in seen:
            continue
        seen.add(key)
        for span in target.split(text):
            segment = text[span.start : span.end]
            if translatable(segment):
                found[segment_key(segment)] = segment
    return found


def translations(
    segments: dict[bytes, str], target: Target, memory: Memory, engine_of: Callable[[Target], Engine]
) -> dict[bytes, Entry]:
    """Return the translation of every segment: from the memory, else decoded, chunk by chunk, and remembered."""
    with memory.lock():
        entries = memory.lookup(segments)
        missing = segments.keys() - entries.keys()
        say(f"{target.lang}: {len(segments):,} distinct segments, {len(entries):,} of them in the memory")
        job = job_name(segments)
        chunks = memory.load_plan(job)
        if chunks is None or not missing <= {key for chunk in chunks for key in chunk}:
            keys = sorted(missing)
            lengths = target.tokens.encode([segments[key] for key in keys])
            chunks = make_chunks({key: len(tokens) for key, tokens in zip(keys, lengths, strict=True)})
            memory.save_plan(job, chunks)
        todo = [(n, chunk) for n, chunk in enumerate(chunks) if not missing.isdisjoint(chunk)]
        if todo:
            beams, room = target.settings.beam_size, target.batch_tokens
            decoder = Decoder(engine_of(target), target.tokens, target.lang, beams, room)
            with progress(target.lang, sum(len(chunk) for _, chunk in todo), "segments") as bar:
                for n, chunk in todo:
                    made = dict(zip(chunk, decoder.translate([segments[key] for key in chunk]), strict=True))
                    memory.append(f"{job}-{n:05d}", made)
                    entries = {**made, **entries}
                    bar.update(len(chunk))
        memory.end_job(job)
    return entries
