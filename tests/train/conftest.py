"""A tiny real XLM-R with random weights and a tokeniser made here, and shards of a task that it can learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mtqa.core.output import Work, building
from mtqa.core.schema import SHARD
from mtqa.core.shardfile import ShardWriter

WORDS = [f"w{i}" for i in range(60)]


def make_rows(batches: int, size: int, seed: int = 0) -> list[dict]:
    """Rows whose query holds two of the passage's words; lengths differ, so that batches need padding."""
    random = np.random.Generator(np.random.PCG64(seed))
    langs = ("eng_Latn", "deu_Latn")
    rows = []
    for batch in range(batches):
        kind = "mono" if batch % 2 == 0 else "cross"
        for row in range(size):
            words = random.choice(WORDS, size=2 + int(random.integers(7)), replace=False).tolist()
            n = f"{batch:04d}{row:04d}"
            rows.append(
                {
                    "batch": batch,
                    "kind": kind,
                    "item_id": f"i{n}",
                    "passage_id": f"p{n}",
                    "question_id": f"q{n}",
                    "dataset": "made-up",
                    "query": " ".join(words[:2]),
                    "passage": " ".join(words[::-1]),
                    "query_lang": langs[row % 2],
                    "passage_lang": langs[(row + (kind == "cross")) % 2],
                }
            )
    return rows


def write_shards(out: Path, rows: list[dict], size: int) -> Path:
    work = Work("build-shards", 1, {"batch_size": size}, {})
    with building(out, work) as build:
        with ShardWriter(build.path, size) as writer:
            writer.write(pa.Table.from_pylist(rows, schema=SHARD))
        build.finish({"all": build.record_part("x", writer.rows)}, licences=["CC0-1.0"])
    return out


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[dict]]:
    """`make_rows`, for a test that changes rows."""
    return make_rows


@pytest.fixture(scope="session")
def shards_of() -> Callable[[Path, list[dict], int], Path]:
    """`write_shards`, for a test with rows of its own."""
    return write_shards


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 batches of 8 pairs."""
    return write_shards(tmp_path_factory.mktemp("shards") / "train", make_rows(14, 8), 8)


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 batches of 8 other pairs."""
    return write_shards(tmp_path_factory.mktemp("shards") / "held-out", make_rows(2, 8, seed=1), 8)


def write_tokenizer(folder: Path) -> list[str]:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "Query:", "Passage:", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special).save_pretrained(folder)
    return vocabulary


@pytest.fixture(scope="session")
def make_family(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function of model type and dropout that writes a tiny encoder, a plain transformers folder."""

    def make(family: str, dropout: float = 0.1) -> Path:
        import torch
        from transformers import AutoConfig, AutoModel

        folder = tmp_path_factory.mktemp("encoder") / f"tiny-{family}"
        sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        if family == "distilbert":
            sizes = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
        rates = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout")
        config = AutoConfig.for_model(
            family,
            vocab_size=len(write_tokenizer(folder)),
            max_position_embeddings=40,
            pad_token_id=1,
            **sizes,
            **dict.fromkeys(rates[2:] if family == "distilbert" else rates[:2], dropout),
            **({"type_vocab_size": 1} if family == "xlm-roberta" else {}),
        )
        extra = {} if family == "distilbert" else {"add_pooling_layer": False}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            AutoModel.from_config(config, **extra).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def make_encoder(make_family: Callable[..., Path]) -> Callable[[float], Path]:
    """Return a function of the dropout that writes the tiny XLM-R."""
    return lambda dropout: make_family("xlm-roberta", dropout)


@pytest.fixture(scope="session")
def encoder(make_encoder: Callable[[float], Path]) -> Path:
    """The tiny encoder with dropout 0.1."""
    return make_encoder(0.1)
