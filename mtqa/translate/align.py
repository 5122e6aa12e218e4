"""Answers that do not stand literally in the translated passage, found by a forced pass over their segment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mtqa.translate.engine import Engine, Forced
from mtqa.translate.memory import KEY_BYTES
from mtqa.translate.plan import make_batches
from mtqa.translate.spans import project
from mtqa.translate.tokens import Tokens

VERSION = 1
BATCH_FACTOR = 4
"""A forced pass has no beams: this many times the tokens of a decoding batch fit."""


class Question(NamedTuple):
    """Where does the part `answer` (start, end) of a source segment stand in its translation?"""

    source: str
    target: str
    answer: tuple[int, int]

    @property
    def key(self) -> bytes:
        """Return what the place is remembered by."""
        text = "\0".join([self.source, self.target, *map(str, self.answer)])
        return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]


def align(
    questions: Sequence[Question], engine: Engine, tokens: Tokens, batch_tokens: int
) -> Callable[[], list[tuple[int, int] | None]]:
    """Begin to align; what is returned waits for (start, end) in the target of each question, or None.

    Each distinct pair of segments is passed once, sorted by length; pairs beyond the model's limit have no answer.
    """
    pairs = sorted({(q.source, q.target) for q in questions})
    sources = tokens.encode([source for source, _ in pairs])
    targets = tokens.places([target for _, target in pairs], target=True)
    prefix = list(tokens.target_prefix)
    room = tokens.limit - len(prefix) - 1
    order = [i for i in range(len(pairs)) if 0 < len(targets[i]) < room and len(sources[i]) <= tokens.limit]
    order.sort(key=lambda i: (len(targets[i]), len(sources[i])))
    lengths = [max(len(targets[i]), 1) for i in order]
    batches = [[order[n] for n in rows] for rows in make_batches(lengths, batch_tokens * BATCH_FACTOR)]
    forced = [[Forced(sources[i], [*prefix, *(p.token for p in targets[i])]) for i in batch] for batch in batches]
    wait = engine.attention(forced)

    def places() -> list[tuple[int, int] | None]:
        maps = dict(zip([pairs[i] for batch in batches for i in batch], wait(), strict=True))
        number = {pair: i for i, pair in enumerate(pairs)}
        own = tokens.places([source for source, _ in pairs])
        lead = len(tokens.source_prefix)
        found: list[tuple[int, int] | None] = []
        for question in questions:
            pair = (question.source, question.target)
            i = number[pair]
            attention = maps[pair][:, lead:-1] if pair in maps else None
            if attention is None or attention.shape != (len(targets[i]), len(own[i])):
                found.append(None)
            else:
                found.append(project(attention, own[i], targets[i], question.answer, question.target))
        return found

    return places
