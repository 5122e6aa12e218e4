"""The same batches in sentence-transformers' trainer, in streams of `datasets`, and in Tevatron's format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from shard_corpora import make_corpus, plain_items
from typer.testing import CliRunner

from mtqa.core.corpus import TableWriter
from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.mined import MINE_STAGE, MINED
from mtqa.core.output import Work, building
from mtqa.core.shardfile import open_shards
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings
from mtqa.shards.stream import stream_batches
from mtqa.shards.tevatron import export_tevatron


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven batches of eight pairs with two hard negatives each, in three files."""
    folder = tmp_path_factory.mktemp("elsewhere")
    corpus = make_corpus(folder / "corpus", plain_items(88))
    with building(folder / "mined", Work(MINE_STAGE, 1, {}, {})) as build:
        with TableWriter(build.path, "negatives", MINED) as writer:
            for n in range(88):
                negatives = [{"passage_id": content_id(f"p{(n + d) % 88}"), "rank": d, "score": 0.5} for d in (1, 2, 3)]
                writer.write([{"item_id": content_id(f"i{n}"), "negatives": negatives}])
        build.finish({"all": build.record_part("f", writer.rows)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mtqa.core.shardfile.ShardWriter.__init__.__defaults__", ("batches", 4))
        settings = ShardSettings(batch_size=8, epochs=1, negatives_per_pair=2)
        build_shards([corpus], settings, folder / "shards", negatives=folder / "mined")
    return folder / "shards"


def columns(batch: dict[str, list[Any]]) -> tuple[list[str], list[str]]:
    return batch["query"], batch["passage"]


def test_a_stream_gives_whole_batches_in_order_and_shares_them_out(shards: Path) -> None:
    expected = [open_shards(shards).batch(n) for n in range(11)]
    whole = list(stream_batches(shards))
    assert [columns(b) for b in whole] == [(b.queries, b.passages) for b in expected]
    assert whole[3]["negatives"] == expected[3].column("negatives")
    for world in (2, 3):
        for rank in range(world):
            got = [columns(b) for b in stream_batches(shards, rank, world)]
            assert got == [(b.queries, b.passages) for b in expected[rank::world]]
    mixed = [columns(b) for b in stream_batches(shards).shuffle(seed=1, buffer_size=5)]
    assert mixed != [columns(b) for b in whole] and sorted(mixed) == sorted(columns(b) for b in whole)
    with pytest.raises(ValueError):
        stream_batches(shards, 2, 2)


def test_workers_of_a_dataloader_take_whole_batches(shards: Path) -> None:
    from torch.utils.data import DataLoader

    expected = sorted((b["query"], b["passage"]) for b in stream_batches(shards))
    loader = DataLoader(stream_batches(shards), batch_size=None, num_workers=2)
    assert sorted(columns(b) for b in loader) == expected


@pytest.mark.parametrize("world", [1, 2, 3])
def test_load_dataset_keeps_batches_whole_if_they_are_made_before_the_split(shards: Path, world: int) -> None:
    from datasets import load_dataset
    from datasets.distributed import split_dataset_by_node

    batches = load_dataset(str(shards), split="train", streaming=True).batch(8)
    got = [b for rank in range(world) for b in split_dataset_by_node(batches, rank, world)]
    assert all(len(set(b["batch"])) == 1 for b in got)
    assert sorted(columns(b) for b in got) == sorted(columns(b) for b in stream_batches(shards))


def test_the_trainer_of_sentence_transformers_sees_the_same_batches(shards: Path, tmp_path: Path) -> None:
    import torch
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    from mtqa.shards.sampler import HybridBatchSampler, training_dataset

    dataset, batch_size = training_dataset(shards, cache=str(tmp_path / "cache"))
    assert dataset.column_names == ["query", "passage", "negative_1", "negative_2"] and batch_size == 8
    words = sorted({word for row in dataset for text in row.values() for word in text.strip("?.").split()})
    vocabulary = {word: n for n, word in enumerate(["[UNK]", ".", "?", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    torch.manual_seed(1)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu")
    seen: list[tuple[list[str], list[str]]] = []

    def arguments(**changes: Any) -> SentenceTransformerTrainingArguments:
        options = {"per_device_train_batch_size": 8, "num_train_epochs": 2, "learning_rate": 0.1, **changes}
        return SentenceTransformerTrainingArguments(
            str(tmp_path / "out"), batch_sampler=HybridBatchSampler, report_to=[], save_strategy="no",
            disable_tqdm=True, use_cpu=True, **options,
        )  # fmt: skip

    trainer = SentenceTransformerTrainer(model, arguments(), dataset, loss=MultipleNegativesRankingLoss(model))
    collate = trainer.data_collator.__class__.__call__

    def spy(self: Any, features: list[dict[str, Any]]) -> Any:
        seen.append(([f["query"] for f in features], [f["passage"] for f in features]))
        return collate(self, features)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.data_collator.__class__, "__call__", spy)
        losses = [trainer.train().training_loss]
    expected = [(b["query"], b["passage"]) for b in stream_batches(shards)]
    assert seen[:11] == expected
    assert sorted(seen[11:]) == sorted(expected) and seen[11:] != expected
    assert losses[0] < 4
    with pytest.raises(UsageError, match="batches of 4"):
        wrong = SentenceTransformerTrainer(
            model, arguments(per_device_train_batch_size=4), dataset, loss=MultipleNegativesRankingLoss(model)
        )
        wrong.train()
    with pytest.raises(UsageError, match="3 hard negatives"):
        training_dataset(shards, negatives=3, cache=str(tmp_path / "cache"))


def test_processes_of_the_trainer_get_whole_batches(shards: Path, tmp_path: Path) -> None:
    """Two processes under torchrun, each of which notes the queries that its trainer hands to the model."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    program = Path(__file__).with_name("two_trainers.py")
    done = subprocess.run(
        [*command, str(program), str(shards), str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    batches = [list(batch["query"]) for batch in stream_batches(shards)]
    assert seen == [batches[0:10:2], batches[1:10:2]], "and the eleventh is left out, as it has no partner"


def test_tevatron_gets_ids_with_languages_and_all_texts(shards: Path, tmp_path: Path) -> None:
    from mtqa.cli import export

    app = typer.Typer(add_completion=False)
    app.command()(export.command)
    out = tmp_path / "new" / "train.jsonl"
    result = CliRunner().invoke(app, [str(shards), "--to", "tevatron", "--out", str(out)])
    assert result.exit_code == 0 and "88 pairs" in result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    rows = [row for n in range(11) for row in open_shards(shards).batch(n).table.to_pylist()]
    assert len(lines) == 88
    for line, row in zip(lines, rows, strict=True):
        assert line == {
            "query_id": f"{row['question_id']}-{row['query_lang']}",
            "query": row["query"],
            "positive_passages": [
                {"docid": f"{row['passage_id']}-{row['passage_lang']}", "title": "", "text": row["passage"]}
            ],
            "negative_passages": [
                {"docid": f"{n['passage_id']}-{n['lang']}", "title": "", "text": n["text"]} for n in row["negatives"]
            ],
        }
    with pytest.raises(UsageError, match="exists"):
        export_tevatron(shards, out)
    assert export_tevatron(shards, out, overwrite=True) == 88 and [p.name for p in out.parent.iterdir()] == [out.name]


def test_inspect_shows_second_versions_and_negatives(shards: Path) -> None:
    from mtqa.pipeline.inspect import Look, inspect, render

    text = render(inspect(shards, Look(batch=2, rows=1)))
    negative = open_shards(shards).batch(2).column("negatives")[0][0]
    assert f"{negative['lang']}  −  {negative['text']}" in text
    assert "Hard negatives: 88 pairs with 2." in text
