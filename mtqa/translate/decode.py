"""Chunks of segments: decoded, examined, and where something is wrong decoded once more."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mtqa.core.schema import Flag
from mtqa.translate import protect, watch
from mtqa.translate.engine import Batch, Decoding, Engine, Output
from mtqa.translate.memory import Entry
from mtqa.translate.plan import make_batches
from mtqa.translate.tokens import Tokens

RETRY = Decoding(beam_size=4, repetition_penalty=1.2, no_repeat_ngram_size=4)
VERSION = 2
"""Of the rules below for limits and second attempts."""
LIMIT, RETRY_LIMIT = (2.0, 20), (3.0, 50)
"""Most tokens of an output: factor × source tokens + constant; of a second attempt where nothing finished before."""
RETRY_SHARE = 2
"""Second attempts are long, so that their beams fill a batch's memory: it has this many times fewer source tokens."""
USUAL, LEAST_FACTOR, MOST_FACTOR = 2.0, 2.0, 4.0
"""A second attempt may have this many times the tokens that are usual for such a source."""
AHEAD = 2
"""Chunks that are under way while another is examined, so that the engine never waits."""


class Attempt(NamedTuple):
    """How texts are decoded: settings, the limit of outputs (factor, constant), source tokens of a batch."""

    decoding: Decoding
    limit: tuple[float, int]
    batch_tokens: int


class Made(NamedTuple):
    """An output as text, with the faults that can be seen; `halved` as in Output, which is none.

    `ratio` is that of output tokens to source tokens, marks counted.
    """

    entry: Entry
    flags: list[Flag]
    halved: bool = False
    ratio: float = 0.0


class Started(NamedTuple):
    """A chunk under way: what waits for its outputs."""

    texts: Sequence[str]
    wait: Callable[[], list[Made]]


class Retried(NamedTuple):
    """A chunk whose faulty segments are under way again: their numbers, and the pieces around what was lost."""

    texts: Sequence[str]
    first: list[Made]
    faulty: list[int]
    again: Callable[[], list[Made]]
    broken: list[int]
    pieces: Callable[[], list[Made]]


@dataclass(frozen=True)
class Decoder:
    """A loaded model with what it takes to use it for one target language."""

    engine: Engine
    tokens: Tokens
    lang: str
    beam_size: int
    batch_tokens: int

    def stream(self, chunks: Iterable[Sequence[str]]) -> Iterator[list[Entry]]:
        """Yield the translations of each chunk of segments, in order; the next chunks are under way meanwhile.

        Outputs with visible faults are decoded again (beam 4 or more, repetitions penalised, another limit); of the
        two the one with fewer faults stays, the first where they are equal, and the entry is flagged. A segment that
        lost an URL or other protected text is decoded in pieces around it. All that a segment becomes depends on its
        chunk alone.
        """
        first: deque[Started] = deque()
        second: deque[Retried] = deque()
        for texts in chunks:
            first.append(Started(texts, self._start(texts, self._usual)))
            if len(first) > AHEAD - 1:
                second.append(self._retry(first.popleft()))
            if len(second) > 1:
                yield self._finish(second.popleft())
        while first or second:
            if first:
                second.append(self._retry(first.popleft()))
            yield self._finish(second.popleft())

    def translate(self, texts: Sequence[str]) -> list[Entry]:
        """Return the translations of one chunk."""
        return next(self.stream([texts]))

    def _retry(self, chunk: Started) -> Retried:
        first = chunk.wait()
        faulty = [i for i, made in enumerate(first) if made.flags]
        broken = [i for i, made in enumerate(first) if protect.lost(chunk.texts[i], made.entry.text)]
        decoding = replace(RETRY, beam_size=max(RETRY.beam_size, self.beam_size))
        attempt = Attempt(decoding, retry_limit(first), self.batch_tokens // RETRY_SHARE)
        again = self._start([chunk.texts[i] for i in faulty], attempt)
        pieces = [piece for i in broken for piece in protect.translatable_pieces(chunk.texts[i])]
        return Retried(chunk.texts, first, faulty, again, broken, self._start(pieces, self._usual))

    def _finish(self, chunk: Retried) -> list[Entry]:
        made = list(chunk.first)
        for i, again in zip(chunk.faulty, chunk.again(), strict=True):
            best = again if len(again.flags) < len(made[i].flags) else made[i]
            made[i] = best._replace(flags=[*best.flags, Flag.RETRIED])
        pieces = iter(chunk.pieces())
        for i in chunk.broken:
            parts = [next(pieces) for _ in protect.translatable_pieces(chunk.texts[i])]
            if protect.lost(chunk.texts[i], made[i].entry.text):
                made[i] = _restored(chunk.texts[i], parts)
        return [self._entry(text, m) for text, m in zip(chunk.texts, made, strict=True)]

    def _entry(self, source: str, made: Made) -> Entry:
        """Return the entry with its flags; numbers that the model changed are put right where that is safe."""
        text, flags = protect.numbers(source, made.entry.text, self.lang)
        raised = {*made.flags, *flags, *([Flag.HALVED] if made.halved else [])}
        names = tuple(flag.value for flag in Flag if flag in raised) if raised else ()
        return made.entry._replace(text=text, flags=names)

    @property
    def _usual(self) -> Attempt:
        return Attempt(Decoding(self.beam_size), LIMIT, self.batch_tokens)

    def _start(self, texts: Sequence[str], attempt: Attempt) -> Callable[[], list[Made]]:
        if not texts:
            return list
        sources = self.tokens.encode(texts)
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        ranges = make_batches([len(sources[i]) for i in order], attempt.batch_tokens)
        rows = [[order[i] for i in some] for some in ranges]
        batches = [
            Batch([sources[i] for i in some], self.tokens.target_prefix, self._limit(sources, some, attempt.limit))
            for some in rows
        ]
        outputs = self.engine.start(batches, attempt.decoding)

        def wait() -> list[Made]:
            made = [output for batch in outputs() for output in batch]
            targets = self.tokens.decode([output.tokens for output in made])
            numbers = [i for some in rows for i in some]
            by_number = {i: (o, t) for i, o, t in zip(numbers, made, targets, strict=True)}
            return [self._made(text, *by_number[i], len(sources[i])) for i, text in enumerate(texts)]

        return wait

    def _made(self, source: str, output: Output, target: str, source_tokens: int) -> Made:
        entry = Entry(target, float(np.float32(output.score)), len(output.tokens), ())
        flags = watch.problems(source, target, output.hit_limit, self.lang)
        return Made(entry, flags, output.halved, (entry.tokens + 1) / source_tokens)

    def _limit(self, sources: list[list[str]], rows: Sequence[int], limit: tuple[float, int]) -> int:
        longest = max(len(sources[i]) for i in rows)
        return min(int(limit[0] * longest) + limit[1], self.tokens.limit - len(self.tokens.target_prefix) - 2)


def retry_limit(first: Sequence[Made]) -> tuple[float, int]:
    """Return the limit (factor, constant) of second attempts in a chunk, from the outputs that had no fault.

    Some languages take three tokens for one of English, most about one: a limit for the former lets the babble of the
    latter grow, and the time of an output grows faster than its length.
    """
    usual = [made.ratio for made in first if not made.flags]
    if not usual:
        return RETRY_LIMIT
    return min(MOST_FACTOR, max(LEAST_FACTOR, USUAL * statistics.median(usual))), LIMIT[1]


def _restored(source: str, parts: list[Made]) -> Made:
    """Return a segment put together from the translations of its pieces and the protected text between them."""
    text = protect.around(source, [part.entry.text for part in parts])
    tokens = sum(part.entry.tokens for part in parts)
    total = sum(part.entry.score * (part.entry.tokens + 1) for part in parts)
    score = float(np.float32(total / max(1, tokens + len(parts))))
    flags = {flag for part in parts for flag in part.flags}
    faults = [*(flag for flag in Flag if flag in flags), Flag.RESTORED]
    return Made(Entry(text, score, tokens, ()), faults, any(part.halved for part in parts))
