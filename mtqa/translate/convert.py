"""Conversion of a model to CTranslate2's format, once, into a cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from ctranslate2.converters.converter import Converter
from ctranslate2.converters.transformers import BartLoader, M2M100Loader

from mtqa.core.errors import UsageError
from mtqa.core.progress import say
from mtqa.core.quiet import quiet_transformers
from mtqa.translate.engine import engine_version
from mtqa.translate.model import ModelFiles, cache_root
from mtqa.translate.tokens import Tokens, vocabulary

CONVERSION = 1
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
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        loader = _Marian() if self._tokens.family == "marian" else _M2M100()
        with torch.no_grad(), quiet_transformers():
            model = AutoModelForSeq2SeqLM.from_pretrained(self._files.path, dtype=torch.float32, local_files_only=True)
            return loader(model, self._tokens.tokenizer)


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
