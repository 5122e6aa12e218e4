"""Conversion of a model to CTranslate2's format, once, into a cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters.converter import Converter
from ctranslate2.converters.transformers import BartLoader, M2M100Loader, T5Loader
from ctranslate2.specs.model_spec import OPTIONAL

from mtqa.core.errors import UsageError
from mtqa.core.progress import say
from mtqa.core.quiet import quiet_transformers
from mtqa.translate.engine import engine_version
from mtqa.translate.heads import cross_attention, measure, put_first
from mtqa.translate.model import CONVERSION, ModelFiles, cache_root
from mtqa.translate.tokens import Tokens, reference_tokens, vocabulary

NEVER = -1e4  # a logit bias that no model overcomes, and that float16 can hold


def converted(files: ModelFiles, tokens: Tokens) -> Path:
    """Return the folder of the model in CTranslate2's format, converting it (in float32) where the cache lacks it.

    Raises UsageError where the weights cannot be read.
    """
    version = engine_version("ctranslate2").split()[1]
    target = cache_root() / "ctranslate2" / f"{files.revision[:24]}-{version}-{CONVERSION}"
    if (target / "model.bin").is_file():
        return target
    say(f"converting {files.name} for CTranslate2 (once)")
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            _Converter(files, tokens).convert(str(building), force=True)
        except Exception as error:  # torch, safetensors and the converter each raise their own
            raise UsageError(
                f"The model cannot be converted: {error}",
                where=files.path,
                expected="weights and vocabulary that fit together",
                next_step="copy the model again, or try --engine transformers",
            ) from error
        if not target.exists():
            building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


class _Converter(Converter):  # type: ignore[misc]
    """CTranslate2's converter with loaders of our own.

    Its M2M-100 loader takes the language codes from `special_tokens_map["additional_special_tokens"]`, which
    transformers 5 no longer fills, and fails.
    """

    def __init__(self, files: ModelFiles, tokens: Tokens) -> None:
        self._files, self._tokens = files, tokens

    def _load(self) -> Any:
        from transformers import AutoModelForSeq2SeqLM

        with torch.no_grad(), quiet_transformers():
            model = AutoModelForSeq2SeqLM.from_pretrained(
                self._files.path, dtype=torch.float32, local_files_only=True, attn_implementation="eager"
            ).eval()
            heads = measure(model, reference_tokens(self._files, self._tokens))
            found = f"{heads.accuracy:.0%} of {heads.anchors} anchors" if heads.accuracy else "too few anchors"
            say(f"{self._files.name}: layer {heads.layer}, heads {list(heads.heads)} align words ({found})")
            attention = cross_attention(model, heads.layer)
            put_first(attention, heads.heads, _count(model))
            spec = LOADERS[self._files.family]()(model, self._tokens.tokenizer)
        spec.decoder.alignment_layer = np.dtype("int16").type(heads.layer)
        spec.decoder.alignment_heads = np.dtype("int16").type(len(heads.heads))
        return spec


def _count(model: Any) -> int:
    """Return how many heads a decoder layer has."""
    return int(getattr(model.config, "decoder_attention_heads", None) or model.config.num_heads)


class _Marian(BartLoader):  # type: ignore[misc]
    """Marian as transformers computes it: the decoder starts from the embedding of `<pad>`.

    CTranslate2's own loader starts from zeros and removes `<pad>`, which is the same only where that row is zero; a
    model trained in torch moves it. Here `<pad>` stays, and its bias keeps it from being written.
    """

    def get_model_spec(self, model: Any) -> Any:
        model.config.normalize_before = False
        model.config.normalize_embedding = False
        model.final_logits_bias[0, model.config.pad_token_id] = NEVER
        return super().get_model_spec(model)

    def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
        config.eos_token = tokenizer.eos_token
        config.unk_token = tokenizer.unk_token
        config.decoder_start_token = tokenizer.convert_ids_to_tokens(model.config.decoder_start_token_id)

    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        return vocabulary(tokenizer, model.config.vocab_size)


class _M2M100(M2M100Loader):  # type: ignore[misc]
    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        return vocabulary(tokenizer, model.config.vocab_size)


class _T5(T5Loader):  # type: ignore[misc]
    """T5 as MADLAD-400 is one; every id keeps its place in the vocabulary.

    Under transformers 5 `tie_word_embeddings`, from which CTranslate2's loader concludes that outputs are scaled, is
    always true; `scale_decoder_outputs` tells.
    """

    def get_model_spec(self, model: Any) -> Any:
        spec = super().get_model_spec(model)
        scaled = getattr(model.config, "scale_decoder_outputs", model.config.tie_word_embeddings)
        spec.decoder.scale_outputs = model.config.d_model**-0.5 if scaled else OPTIONAL
        return spec

    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        return vocabulary(tokenizer, model.config.vocab_size)


LOADERS: dict[str, Any] = {"marian": _Marian, "m2m_100": _M2M100, "t5": _T5}
