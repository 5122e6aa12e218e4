"""One chunk of segments: decoded, examined, and where something is wrong decoded once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtqa.core.schema import Flag
from mtqa.translate import watch
from mtqa.translate.engine import Batch, Decoding, Engine, Output
from mtqa.translate.memory import Entry
from mtqa.translate.plan import make_batches
from mtqa.translate.tokens import Tokens

RETRY = Decoding(beam_size=4, repetition_penalty=1.2, no_repeat_ngram_size=4)
LIMIT, RETRY_LIMIT = (2.0, 20), (3.0, 50)
"""Most tokens of an output: factor × source tokens + constant."""


@dataclass(frozen=True)
class Decoder:
    """A loaded model with what it takes to use it for one target language."""

    engine: Engine
    tokens: Tokens
    lang: str
    beam_size: int
    batch_tokens: int

    def translate(self, texts: Sequence[str]) -> list[Entry]:
        """Return the translations of segments in their order.

        Outputs with visible faults are decoded again (beam 4 or more, repetitions penalised, a longer limit); of the
        two the one with fewer faults stays, the first where they are equal, and the entry is flagged.
        """
        first = self._decode(texts, Decoding(self.beam_size), LIMIT)
        faulty = [i for i, (_, flags) in enumerate(first) if flags]
        settings = replace(RETRY, beam_size=max(RETRY.beam_size, self.beam_size))
        second = dict(zip(faulty, self._decode([texts[i] for i in faulty], settings, RETRY_LIMIT), strict=True))
        entries = []
        for i, (entry, flags) in enumerate(first):
            if i in second:
                again, left = second[i]
                entry, flags = (again, left) if len(left) < len(flags) else (entry, flags)
                flags = [*flags, Flag.RETRIED]
            entries.append(entry._replace(flags=tuple(str(flag) for flag in flags)))
        return entries

    def _decode(
        self, texts: Sequence[str], decoding: Decoding, limit: tuple[float, int]
    ) -> list[tuple[Entry, list[Flag]]]:
        sources = self.tokens.encode(texts)
        ranges = make_batches([len(source) for source in sources], self.batch_tokens)
        prefix = self.tokens.target_prefix
        batches = [Batch([sources[i] for i in rows], prefix, self._limit(sources, rows, limit)) for rows in ranges]
        outputs: list[Output] = [output for batch in self.engine.decode(batches, decoding) for output in batch]
        targets = self.tokens.decode([output.tokens for output in outputs])
        return [
            (
                Entry(target, float(np.float32(output.score)), len(output.tokens), ()),
                watch.problems(source, target, output.hit_limit, self.lang),
            )
            for source, target, output in zip(texts, targets, outputs, strict=True)
        ]

    def _limit(self, sources: list[list[str]], rows: range, limit: tuple[float, int]) -> int:
        longest = max(len(sources[i]) for i in rows)
        return min(int(limit[0] * longest) + limit[1], self.tokens.limit - len(self.tokens.target_prefix) - 2)
