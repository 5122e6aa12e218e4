"""Second attempts: how long they may be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from translate_corpora import SENTENCES

from mtqa.core.schema import Flag
from mtqa.translate.decode import RETRY_LIMIT, Decoder, Made, retry_limit
from mtqa.translate.engine import Batch, Decoding, Output, Outputs
from mtqa.translate.memory import Entry
from mtqa.translate.model import find_model
from mtqa.translate.tokens import load_tokens


def made(ratio: float, *flags: Flag) -> Made:
    return Made(Entry("x", -1.0, 1, ()), list(flags), ratio=ratio)


@pytest.mark.parametrize(
    ("ratios", "limit"),
    [
        ([], RETRY_LIMIT),
        ([0.9, 1.0, 1.1], (2.0, 20)),  # as long as the source: the limit of a first attempt
        ([1.4, 1.5, 9.0], (3.0, 20)),  # twice the median
        ([2.6, 2.8, 3.0], (4.0, 20)),
    ],
)
def test_the_limit_goes_by_what_is_usual(ratios: list[float], limit: tuple[float, int]) -> None:
    """Outputs with faults, however long, do not count."""
    assert retry_limit([*map(made, ratios), made(12.0, Flag.HIT_LIMIT), made(9.0, Flag.LOOP)]) == limit


class Long:
    """An engine that writes sources backwards, and forwards too if `twice`; the longest never ends at first."""

    def __init__(self, *, twice: bool) -> None:
        self.twice = twice
        self.asked: list[Batch] = []

    def start(self, batches: Sequence[Batch], decoding: Decoding) -> Outputs:
        self.asked += batches
        longest = max(len(source) for batch in batches for source in batch.sources)
        first = decoding.repetition_penalty == 1
        outputs = [[self._output(source, first and len(source) == longest) for source in b.sources] for b in batches]
        return lambda: outputs

    def _output(self, source: list[str], endless: bool) -> Output:
        return Output([*source[-2:0:-1], *source[1 : -1 if self.twice else 1]], -1.0, endless)

    def attention(self, batches: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(("twice", "least", "most"), [(False, 2.0, 2.0), (True, 3.4, 3.9)])
def test_only_a_language_with_long_outputs_gets_long_second_attempts(
    marian: Path, twice: bool, least: float, most: float
) -> None:
    tokens = load_tokens(find_model(str(marian), "deu_Latn"), "deu_Latn")
    engine = Long(twice=twice)
    texts = sorted(SENTENCES[:8], key=len)
    entries = Decoder(engine, tokens, "deu_Latn", 4, 512).translate(texts)
    assert [("retried" in entry.flags) for entry in entries].count(True) == 1
    last = engine.asked[-1]
    assert len(last.sources) == 1 and least <= (last.limit - 20) / len(last.sources[0]) <= most
