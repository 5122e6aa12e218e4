"""The bundled model's architecture, vocabulary and file layout (Marian, as transformers and CTranslate2 read it)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from transformers import MarianConfig, MarianMTModel

LANGUAGE_TOKENS = (">>deu<<", ">>spa<<")
DROPOUT = 0.0  # five epochs of 284,000 pairs: a model of 5 million weights underfits, and masks cost time on a CPU


def load_vocabulary(data: Path) -> dict[str, int]:
    """Return piece → id: the sentencepiece pieces without <s>, then the language tokens, then <pad>."""
    pieces = [line.split("\t")[0] for line in (data / "spm.vocab").read_text(encoding="utf-8").splitlines()]
    names = ["</s>", *(p for p in pieces if p not in ("<s>", "</s>")), *LANGUAGE_TOKENS, "<pad>"]
    return {name: index for index, name in enumerate(names)}


def build_model(vocabulary_size: int) -> MarianMTModel:
    """Return the untrained model.

    Marian's default initialisation (0.02 everywhere) learns to ignore the source at this size; embeddings with
    standard deviation d_model^-0.5 (Vaswani et al. 2017, section 3.4, tied and scaled) and Xavier layers do not.
    """
    pad = vocabulary_size - 1
    config = MarianConfig(
        vocab_size=vocabulary_size,
        decoder_vocab_size=vocabulary_size,
        d_model=256,
        encoder_layers=3,
        decoder_layers=2,
        encoder_ffn_dim=768,
        decoder_ffn_dim=768,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        dropout=DROPOUT,
        attention_dropout=0.0,
        activation_dropout=0.0,
        activation_function="relu",
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        max_position_embeddings=512,
        pad_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        decoder_start_token_id=pad,
        use_cache=True,
    )
    model = MarianMTModel(config)
    for name, weight in model.named_parameters():
        if "embed_positions" in name:
            weight.requires_grad_(False)
        elif "shared" in name or "embed_tokens" in name:
            torch.nn.init.normal_(weight, std=config.d_model**-0.5)
            weight.data[pad].zero_()
        elif weight.ndim == 2:
            torch.nn.init.xavier_uniform_(weight)
    return model


def save_model(model: MarianMTModel, data: Path, out: Path) -> None:
    """Write config, fp16 safetensors and tokenizer files to `out`."""
    vocabulary = load_vocabulary(data)
    out.mkdir(parents=True, exist_ok=True)
    model.generation_config.update(num_beams=4, max_length=512, bad_words_ids=[[len(vocabulary) - 1]])
    model.half().save_pretrained(out)
    (out / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(data / "spm.model", out / name)
    languages = {"source_lang": "eng", "target_lang": "mul"}
    settings = {"tokenizer_class": "MarianTokenizer", "model_max_length": 512, **languages}
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
