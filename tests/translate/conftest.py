"""Tiny real models with real tokenizers: Marian (two targets, and a single pair), NLLB (202 codes), M2M-100."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from translate_corpora import SENTENCES, english_row, save_corpus


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Converted models go to a folder of the test session."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("MTQA_CACHE")
    os.environ["MTQA_CACHE"] = str(folder)
    yield folder
    os.environ.pop("MTQA_CACHE") if before is None else os.environ.update(MTQA_CACHE=before)


@pytest.fixture(scope="session")
def spm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentencepiece model of a few sentences."""
    import sentencepiece

    folder = tmp_path_factory.mktemp("spm")
    (folder / "text.txt").write_text("\n".join(SENTENCES * 3), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "spm"),
        vocab_size=180,
        character_coverage=1.0,
        model_type="unigram",
        minloglevel=2,
        hard_vocab_limit=False,
        num_threads=1,
    )
    return folder / "spm.model"


def build_marian(spm: Path, folder: Path, codes: tuple[str, ...], seed: int = 1) -> Path:
    """Save a random Marian model; `codes` are its `>>code<<` tokens (none: a single pair)."""
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir(parents=True)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    names = ["</s>", *(p for p in pieces if p not in ("<s>", "</s>")), *(f">>{c}<<" for c in codes), "<pad>"]
    vocabulary = {name: index for index, name in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(spm, folder / name)
    tokenizer = MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"), model_max_length=512
    )
    size, pad = len(names), len(names) - 1
    torch.manual_seed(seed)
    model = MarianMTModel(
        MarianConfig(
            vocab_size=size,
            decoder_vocab_size=size,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_ffn_dim=48,
            decoder_ffn_dim=48,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            scale_embedding=True,
            max_position_embeddings=512,
            pad_token_id=pad,
            eos_token_id=0,
            forced_eos_token_id=0,
            decoder_start_token_id=pad,
            init_std=0.35,
        )
    )
    # Trained in torch, the row of <pad>, with which the decoder starts, does not stay zero.
    with torch.no_grad():
        model.model.shared.weight[pad] = torch.randn(32)
    # Logits of both signs and a bias that ends most outputs before their limit, so that finished beams are compared.
    model.final_logits_bias[0] = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    model.final_logits_bias[0, 0] = 4.0
    model.generation_config.update(num_beams=4, max_length=512, bad_words_ids=[[pad]], forced_eos_token_id=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def marian(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model with two targets, >>deu<< and >>spa<<."""
    return build_marian(spm, tmp_path_factory.mktemp("marian") / "opus-mt-en-deu-spa", ("deu", "spa"))


@pytest.fixture(scope="session")
def marian_pair(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model of a single pair, without language tokens."""
    return build_marian(spm, tmp_path_factory.mktemp("marian") / "opus-mt-en-de", ())


@pytest.fixture(scope="session")
def marian_group(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model of a group of languages."""
    return build_marian(spm, tmp_path_factory.mktemp("marian") / "opus-mt-en-gmq", ("nob", "swe"))


def m2m_config(size: int) -> dict[str, object]:
    return {
        "vocab_size": size,
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "max_position_embeddings": 256,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "decoder_start_token_id": 2,
        "scale_embedding": True,
        "init_std": 0.25,
    }


def ending(model: Any, logit: float = 3.0) -> Any:
    """Raise the logit of `</s>` at every step, so that most outputs end before their limit."""
    import torch

    with torch.no_grad():
        end = model.model.shared.weight[2]
        model.model.decoder.layer_norm.bias += logit * end / end.square().sum()
    return model


@pytest.fixture(scope="session")
def nllb(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random NLLB model (M2M-100 architecture) whose tokenizer has the 202 codes."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder = tmp_path_factory.mktemp("nllb") / "nllb-tiny"
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False)
    trained.train_from_iterator(SENTENCES, trainer)
    raw = json.loads(trained.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=raw["vocab"], merges=[tuple(m) for m in raw["merges"]], src_lang="eng_Latn")
    torch.manual_seed(2)
    model = ending(M2M100ForConditionalGeneration(M2M100Config(**m2m_config(len(tokenizer)))))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def m2m(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random M2M-100 model with its own tokenizer (`__de__` codes, eight made-up words at the end)."""
    import sentencepiece
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder = tmp_path_factory.mktemp("m2m") / "m2m-tiny"
    folder.mkdir()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    names = ["<s>", "<pad>", "</s>", "<unk>", *(p for p in pieces if p not in ("<s>", "</s>", "<unk>"))]
    (folder / "vocab.json").write_text(json.dumps({n: i for i, n in enumerate(names)}, ensure_ascii=False), "utf-8")
    shutil.copyfile(spm, folder / "sentencepiece.bpe.model")
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"), src_lang="en")
    torch.manual_seed(3)
    size = len(names) + len(tokenizer.lang_token_to_id) + tokenizer.num_madeup_words
    model = ending(M2M100ForConditionalGeneration(M2M100Config(**m2m_config(size))))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


PASSAGE = "Marie Curie was born in Warsaw in 1867. She moved to Paris to study physics.\n\n- Music; painting\n1891"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Four items: two on one passage, one without passage and answers, one for validation."""
    rows = [
        english_row(0, "Where was she born?", PASSAGE, [("Warsaw", 24), ("in Warsaw", None)], "Marie Curie"),
        english_row(1, "When did she move to Paris?", PASSAGE, [("1867", 34)]),
        english_row(4, "Who wrote twelve novels? And two plays?"),
        {**english_row(6, "What is 12?", "12 % (34)", [("12", 0)]), "split": "validation"},
    ]
    return save_corpus(tmp_path / "collected", rows)


@pytest.fixture(scope="session")
def madlad(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random T5 as MADLAD-400 is one, with a real sentencepiece file and `<2xx>` tokens among its pieces."""
    import sentencepiece
    import torch
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    folder = tmp_path_factory.mktemp("madlad") / "madlad-tiny"
    folder.mkdir()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.get_piece_size())]
    own = [(piece, score) for piece, score in pieces if piece not in ("<unk>", "<s>", "</s>")]
    codes = [(f"<2{code}>", 0.0) for code in ("de", "es", "zh", "zh_Latn", "fil", "iw")]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *codes, *own]
    tokenizer = T5Tokenizer(vocab=vocabulary, extra_ids=0, additional_special_tokens=[])
    torch.manual_seed(4)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(vocabulary) + 6,
            d_model=32,
            d_kv=8,
            d_ff=48,
            num_layers=2,
            num_decoder_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
            initializer_factor=1.5,
        )
    )
    model.lm_head.weight = torch.nn.Parameter(torch.randn(len(vocabulary) + 6, 32) * 0.3)
    with torch.no_grad():  # most outputs end before their limit, none has ids that the tokenizer lacks
        model.lm_head.weight[1] *= 3
        model.lm_head.weight[len(vocabulary) :] = model.lm_head.weight[0] = 0
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}), "utf-8")
    tokenizer.save_pretrained(folder)
    return folder
