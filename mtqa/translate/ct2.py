"""The default engine: CTranslate2, with models converted once into a cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ctranslate2

from mtqa.translate.convert import converted
from mtqa.translate.engine import Batch, Decoding, Output, cpu_threads
from mtqa.translate.model import ModelFiles
from mtqa.translate.tokens import Tokens


class CTranslate2Engine:
    """A converted model, and the batches' queue."""

    def __init__(self, files: ModelFiles, tokens: Tokens, device: str, compute_type: str) -> None:
        path = converted(files, tokens)
        self._eos = tokens.tokenizer.eos_token
        # Whole batches side by side keep cores busier than the same batch cut up; results do not depend on it.
        workers = cpu_threads() if device == "cpu" else 1
        self._translator = ctranslate2.Translator(
            str(path), device=device, compute_type=compute_type, inter_threads=workers, intra_threads=1
        )

    def decode(self, batches: Sequence[Batch], decoding: Decoding) -> list[list[Output]]:
        """See Engine. `<unk>` is never written: it would be lost in the text; nor is an output empty.

        Without the least length, CTranslate2 spends beams on a `</s>` straight after the prefix and differs from
        transformers.
        """
        waiting = [
            self._translator.translate_batch(
                batch.sources,
                [list(batch.prefix)] * len(batch.sources) if batch.prefix else None,
                asynchronous=True,
                beam_size=decoding.beam_size,
                repetition_penalty=decoding.repetition_penalty,
                no_repeat_ngram_size=decoding.no_repeat_ngram_size,
                max_input_length=0,
                min_decoding_length=len(batch.prefix) + 1,
                max_decoding_length=batch.limit + len(batch.prefix),
                return_scores=True,
                return_end_token=True,
                disable_unk=True,
            )
            for batch in batches
        ]
        return [
            [self._output(future.result(), len(batch.prefix)) for future in futures]
            for batch, futures in zip(batches, waiting, strict=True)
        ]

    def _output(self, result: Any, prefix: int) -> Output:
        """Return one output; CTranslate2 divides the sum of log-probabilities by a length that counts the prefix."""
        whole = result.hypotheses[0]
        tokens = whole[prefix:]
        score = float(result.scores[0]) * len(whole) / max(1, len(tokens))
        finished = bool(tokens) and tokens[-1] == self._eos
        return Output(tokens[:-1] if finished else tokens, score, not finished)
