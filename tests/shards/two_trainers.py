"""One process of two that train with sentence-transformers on the batches of shards: SHARDS OUT."""

import json
import os
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models, pre_tokenizers

from mtqa.shards.sampler import HybridBatchSampler, training_dataset

shards, out, rank = Path(sys.argv[1]), Path(sys.argv[2]), os.environ["RANK"]
dataset, batch_size = training_dataset(shards, cache=str(out / f"cache-{rank}"))
tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "?": 1}, "[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
arguments = SentenceTransformerTrainingArguments(
    str(out / f"model-{rank}"), per_device_train_batch_size=batch_size, batch_sampler=HybridBatchSampler,
    num_train_epochs=1, report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True,
)  # fmt: skip
trainer = SentenceTransformerTrainer(model, arguments, dataset, loss=MultipleNegativesRankingLoss(model))
collate, seen = trainer.data_collator.__class__.__call__, []


def spy(self, features):
    seen.append([one["query"] for one in features])
    return collate(self, features)


trainer.data_collator.__class__.__call__ = spy
trainer.train()
(out / f"{rank}.json").write_text(json.dumps(seen), encoding="utf-8")
