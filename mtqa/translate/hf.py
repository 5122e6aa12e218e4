"""The reference engine: transformers' own `generate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial

import numpy as np
import torch
from transformers import AutoModelForSeq2SeqLM

from mtqa.core.errors import UsageError
from mtqa.core.quiet import quiet_transformers
from mtqa.translate.engine import Batch, Decoding, Forced, Output, Outputs, Wait, finished
from mtqa.translate.heads import Heads, attentions, measure
from mtqa.translate.model import ModelFiles
from mtqa.translate.tokens import Tokens, reference_tokens


class TransformersEngine:
    """A model in torch."""

    def __init__(self, files: ModelFiles, tokens: Tokens, place: str, compute_type: str) -> None:
        dtype = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[compute_type]
        try:
            with quiet_transformers():
                model = AutoModelForSeq2SeqLM.from_pretrained(files.path, dtype=dtype, local_files_only=True)
        except Exception as error:  # torch, safetensors and json each raise their own
            raise UsageError(
                f"The model cannot be read: {error}", where=files.path, next_step="copy the model again"
            ) from error
        self._model = model.to(place).eval()
        self._files, self._tokens = files, tokens
        tokenizer = tokens.tokenizer
        self._names = tokens.names()
        self._eos, self._pad, self._unk = tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id

    def start(self, batches: Sequence[Batch], decoding: Decoding) -> Outputs:
        """See Engine; torch computes at once."""
        made = [self._batch(batch, decoding) for batch in batches]
        return lambda: made

    def attention(self, batches: Sequence[Sequence[Forced]]) -> Callable[[], list[np.ndarray]]:
        """See Engine."""
        usual = self._model.config._attn_implementation
        self._model.set_attn_implementation("eager")  # the fast ones do not give their weights
        try:
            chosen = self._heads
            prefix = len(self._tokens.target_prefix)
            maps = [
                attentions(self._model, self._tokens, p.source, p.target[prefix:])[chosen.layer, list(chosen.heads)]
                for batch in batches
                for p in batch
            ]
        finally:
            self._model.set_attn_implementation(usual)
        return lambda: [m.mean(0) for m in maps]

    @cached_property
    def _heads(self) -> Heads:
        return measure(self._model, reference_tokens(self._files, self._tokens))

    def _batch(self, batch: Batch, decoding: Decoding) -> list[Output]:
        def begin(sources: Sequence[list[str]]) -> Wait[Output]:
            return partial(self._generate, batch._replace(sources=list(sources)), decoding)

        outputs, halved = finished(batch.sources, begin(batch.sources), begin)
        return [output._replace(halved=halved) for output in outputs]

    @torch.inference_mode()
    def _generate(self, batch: Batch, decoding: Decoding) -> list[Output]:
        prefix = self._tokens.ids(batch.prefix)
        sources = [torch.tensor(self._tokens.ids(source)) for source in batch.sources]
        inputs = torch.nn.utils.rnn.pad_sequence(sources, batch_first=True, padding_value=self._pad)
        inputs = inputs.to(self._model.device)
        made = self._model.generate(
            input_ids=inputs,
            attention_mask=(inputs != self._pad).long(),
            num_beams=decoding.beam_size,
            do_sample=False,
            early_stopping=decoding.beam_size > 1,
            length_penalty=1.0,
            repetition_penalty=decoding.repetition_penalty,
            no_repeat_ngram_size=decoding.no_repeat_ngram_size,
            max_new_tokens=batch.limit + len(prefix),
            min_new_tokens=len(prefix) + 1,
            max_length=None,
            forced_bos_token_id=prefix[0] if prefix else None,
            forced_eos_token_id=None,
            suppress_tokens=[self._unk],
            renormalize_logits=True,
            return_dict_in_generate=True,
            output_scores=True,
        )
        steps = self._model.compute_transition_scores(made.sequences, made.scores, getattr(made, "beam_indices", None))
        rows = zip(made.sequences[:, 1:].tolist(), steps.tolist(), strict=True)
        return [self._output(ids[len(prefix) :], scores[len(prefix) :]) for ids, scores in rows]

    def _output(self, ids: list[int], scores: list[float]) -> Output:
        finished = self._eos in ids
        end = ids.index(self._eos) if finished else len(ids)
        counted = scores[: end + finished]
        return Output([self._names[i] for i in ids[:end]], sum(counted) / max(len(counted), 1), not finished)
