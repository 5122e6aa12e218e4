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
        threads = cpu_threads()
        self._prefix = list(tokens.target_prefix)
        self._translator = ctranslate2.Translator(
            str(path), device=device, compute_type=compute_type, inter_threads=1, intra_threads=threads
        )

    def decode(self, batches: Sequence[Batch], decoding: Decoding) -> list[list[Output]]:
        """See Engine. `<unk>` is never written: it would be lost in the text."""
        waiting = [
            self._translator.translate_batch(
                batch.sources,
                [self._prefix] * len(batch.sources) if self._prefix else None,
                asynchronous=True,
                beam_size=decoding.beam_size,
                repetition_penalty=decoding.repetition_penalty,
                no_repeat_ngram_size=decoding.no_repeat_ngram_size,
                max_input_length=0,
                max_decoding_length=batch.limit + len(self._prefix),
                return_scores=True,
                return_end_token=True,
                disable_unk=True,
            )
            for batch in batches
        ]
        return [[self._output(future.result()) for future in futures] for futures in waiting]

    def _output(self, result: Any) -> Output:
        tokens = result.hypotheses[0][len(self._prefix) :]
        finished = bool(tokens) and tokens[-1] == "</s>"
        return Output(tokens[:-1] if finished else tokens, float(result.scores[0]), not finished)
