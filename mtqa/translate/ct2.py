"""The default engine: CTranslate2, with models converted once into a cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ctranslate2
import numpy as np

from mtqa.translate.convert import converted
from mtqa.translate.engine import Batch, Decoding, Forced, Output, Outputs, Wait, cpu_threads, finished
from mtqa.translate.model import ModelFiles
from mtqa.translate.tokens import Tokens


class CTranslate2Engine:
    """A converted model, and the batches' queue."""

    def __init__(self, files: ModelFiles, tokens: Tokens, place: str, compute_type: str) -> None:
        path = converted(files, tokens)
        self._eos = tokens.tokenizer.eos_token
        self._prefix = len(tokens.target_prefix)
        device, _, number = place.partition(":")
        # Whole batches side by side keep cores busier than the same batch cut up; results do not depend on it.
        workers = cpu_threads() if device == "cpu" else 1
        self._translator = ctranslate2.Translator(
            str(path),
            device=device,
            device_index=int(number or 0),
            compute_type=compute_type,
            inter_threads=workers,
            intra_threads=1,
            max_queued_batches=-1,
        )

    def start(self, batches: Sequence[Batch], decoding: Decoding) -> Outputs:
        """See Engine. A batch that does not fit into the device's memory is halved until it does."""
        # The longest batches first: no core is left with one of them when the others are done.
        order = sorted(range(len(batches)), key=lambda i: -len(batches[i].sources[-1]))
        waiting = {i: self._submit(batches[i], decoding) for i in order}
        return lambda: [self._collect(batch, waiting[i], decoding) for i, batch in enumerate(batches)]

    def attention(self, batches: Sequence[Sequence[Forced]]) -> Callable[[], list[np.ndarray]]:
        """See Engine."""
        waiting = [self._force(batch) for batch in batches]

        def wait() -> list[np.ndarray]:
            found: list[np.ndarray] = []
            for batch, futures in zip(batches, waiting, strict=True):
                results, _ = finished(batch, partial(_results, futures), lambda p: partial(_results, self._force(p)))
                for pair, result in zip(batch, results, strict=True):
                    found.append(np.array(result.attention[0][self._prefix : len(pair.target)], dtype=np.float32))
            return found

        return wait

    def _submit(self, batch: Batch, decoding: Decoding) -> list[Any]:
        """Queue a batch. `<unk>` is never written: it would be lost in the text; nor is an output empty.

        Without the least length, CTranslate2 spends beams on a `</s>` straight after the prefix and differs from
        transformers.
        """
        return list(
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
        )

    def _collect(self, batch: Batch, futures: list[Any], decoding: Decoding) -> list[Output]:
        def begin(sources: Sequence[list[str]]) -> Wait[Any]:
            return partial(_results, self._submit(batch._replace(sources=list(sources)), decoding))

        results, halved = finished(batch.sources, partial(_results, futures), begin)
        return [self._output(result, len(batch.prefix))._replace(halved=halved) for result in results]

    def _force(self, pairs: Sequence[Forced]) -> list[Any]:
        return list(
            self._translator.translate_batch(
                [pair.source for pair in pairs],
                [pair.target for pair in pairs],
                asynchronous=True,
                beam_size=1,
                max_input_length=0,
                max_decoding_length=max(len(pair.target) for pair in pairs) + 1,
                return_attention=True,
            )
        )

    def _output(self, result: Any, prefix: int) -> Output:
        """Return one output; CTranslate2 divides the sum of log-probabilities by a length that counts the prefix."""
        whole = result.hypotheses[0]
        tokens = whole[prefix:]
        score = float(result.scores[0]) * len(whole) / max(1, len(tokens))
        finished = bool(tokens) and tokens[-1] == self._eos
        return Output(tokens[:-1] if finished else tokens, score, not finished)


def _results(futures: Sequence[Any]) -> list[Any]:
    """Wait for the results of an asynchronous call."""
    return [future.result() for future in futures]
