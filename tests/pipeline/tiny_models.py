"""Tiny real models with random weights: NLLB with its 202 codes, XLM-R, and LaBSE's chain of modules."""

from __future__ import annotations

import json
from pathlib import Path


def _sizes() -> dict[str, int]:
    return {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def nllb(folder: Path, texts: list[str]) -> Path:
    """An NLLB model whose outputs mean nothing and end early: `</s>` is made likely at every step."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False))
    raw = json.loads(made.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=raw["vocab"], merges=[tuple(m) for m in raw["merges"]], src_lang="eng_Latn")
    stacks = {f"{side}_{name}": n for side in ("encoder", "decoder")
              for name, n in (("layers", 1), ("ffn_dim", 32), ("attention_heads", 2))}  # fmt: skip
    config = M2M100Config(
        vocab_size=len(tokenizer), d_model=16, max_position_embeddings=256, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, decoder_start_token_id=2, scale_embedding=True, init_std=0.25, **stacks,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(2)
        model = M2M100ForConditionalGeneration(config)
        end = model.model.shared.weight[2]
        model.model.decoder.layer_norm.bias += 3.0 * end / end.square().sum()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def encoder(folder: Path, family: str, texts: list[str]) -> Path:
    """A plain transformers folder of a family, with a tokeniser of characters and common pieces of the texts."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False))
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **names).save_pretrained(folder)
    types = {"type_vocab_size": 1} if family == "xlm-roberta" else {}
    config = AutoConfig.for_model(
        family, vocab_size=len(made.get_vocab()), max_position_embeddings=80, pad_token_id=1, **_sizes(), **types
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModel.from_config(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def labse(folder: Path, texts: list[str]) -> Path:
    """LaBSE's modules: BERT, its first token, a dense layer with tanh, length 1."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    plain = encoder(folder.with_name(f"{folder.name}-bert"), "bert", texts)
    modules = [Transformer(str(plain)), Pooling(16, "cls"), Dense(16, 16), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder
