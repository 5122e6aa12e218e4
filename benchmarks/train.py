"""Training speed against sentence-transformers' own trainer: same encoder, batches, learning rate, precision.

    python benchmarks/train.py --data data [--size minilm] [--batch 64] [--steps 8]

Data: question and whole passage of SQuAD dev (one question a passage: no false negatives, so that the losses are the
same loss). Encoder: a transformer with random weights and no dropout, a BPE tokeniser made from the passages. Every way
of training runs in a process of its own, one after the other, so that peak memory is its own; the first step is not
timed, nor is the last. Prints JSON: pairs a second by the clock and by the processor's time (of all threads; on a
machine with other work only the latter means something), peak memory, losses, share of the time that our loop waits.
With `--device cuda` the clock counts, and peak memory is that of torch on the GPU.

Peers, batches in the same order where the option lets them be:
  mnrl            MultipleNegativesRankingLoss, each batch padded to its longest text
  cached          CachedMultipleNegativesRankingLoss, mini-batches of 16
  cached-tokens   the same with mini_batch_num_tokens: mini-batches by tokens, as ours

Their other ways to save padding are not to be had here: unpad_inputs needs flash attention (a GPU), and their trainer
takes batches from its own samplers, so that transformers' group_by_length has no effect on them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZES = {
    "minilm": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
    "xlm-r-base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
}
WAYS = ("mtqa", "mtqa-gradcache", "mnrl", "cached", "cached-tokens")
RATE, MOST_TOKENS = 5e-5, 512


Moment = tuple[float, float]


def now() -> Moment:
    """Return the time by the clock and the processor's time of this process."""
    return time.perf_counter(), time.process_time()


def between(clock: list[Moment], steps: int) -> dict[str, float]:
    """Return the time from the beginning of the second step to that of the last."""
    seconds, processor = (clock[steps - 1][i] - clock[1][i] for i in (0, 1))
    return {"steps_timed": steps - 2, "seconds": seconds, "processor_seconds": processor}


def pairs_of(data: Path) -> list[tuple[str, str]]:
    """Return a question for each passage, in the file's order of passages, shuffled by hash."""
    from mtqa.core.hashing import content_id

    found: dict[str, str] = {}
    with gzip.open(data / "parallel_qa/squad-dev.en.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            found.setdefault(row["passage"], row["question"])
    return sorted(((q, p) for p, q in found.items()), key=lambda pair: content_id(*pair))


def make_encoder(folder: Path, texts: list[str], size: str, vocabulary: int) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=20_000, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=MOST_TOKENS, **names).save_pretrained(folder)
    config = BertConfig(
        vocab_size=max(vocabulary, len(tokenizer.get_vocab())),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=MOST_TOKENS,
        **SIZES[size],
    )
    torch.manual_seed(0)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)


def write_shards(out: Path, pairs: list[tuple[str, str]], size: int) -> None:
    import pyarrow as pa

    from mtqa.core.output import Work, building
    from mtqa.core.schema import SHARD
    from mtqa.core.shardfile import ShardWriter

    rows = [
        {
            **{name: f"{name[0]}{i}" for name in ("item_id", "passage_id", "question_id")},
            **{"batch": i // size, "kind": "mono", "dataset": "squad", "query": q, "passage": p},
            **{"query_lang": "eng_Latn", "passage_lang": "eng_Latn"},
        }
        for i, (q, p) in enumerate(pairs)
    ]
    with building(out, Work("build-shards", 1, {"batch_size": size}, {})) as build:
        with ShardWriter(build.path, size) as writer:
            writer.write(pa.Table.from_pylist(rows, schema=SHARD))
        build.finish({"all": build.record_part("x", writer.rows)})


def run_ours(work: Path, steps: int, grad_cache: bool, device: str, bf16: bool) -> dict:
    import csv

    from mtqa.train import loop
    from mtqa.train.run import train
    from mtqa.train.settings import TrainSettings

    clock: list[Moment] = []
    waits: list[float] = []
    ahead, rate = loop.ahead, loop.learning_rate

    def timed_ahead(*arguments):
        batches = ahead(*arguments)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            waits.append(time.perf_counter() - began)
            if batch is None:
                clock.append(now())
                return
            yield batch

    def timed_rate(*arguments):
        clock.append(now())
        return rate(*arguments)

    loop.ahead, loop.learning_rate = timed_ahead, timed_rate
    settings = TrainSettings(
        encoder=str(work / "encoder"), learning_rate=RATE, warmup=0.0, schedule="constant", device=device, bf16=bf16,
        query_prompt="", passage_prompt="", steps=steps, grad_cache=grad_cache, micro_batch_tokens=4096,
        save_every=10**6,
    )  # fmt: skip
    train(work / "shards", settings, work / f"ours-{grad_cache}")
    with (work / f"ours-{grad_cache}" / "training.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # The last clock reading follows the last step's checkpoint: leave that step out at the end, the first at the start.
    timed = between(clock, steps)
    return {
        **timed,
        "losses": [float(row["loss"]) for row in rows],
        "padding": sum(float(row["padding"]) for row in rows) / len(rows),
        "waiting": sum(waits[2:steps]) / timed["seconds"],
    }


def run_theirs(work: Path, steps: int, batch: int, way: str, device: str, bf16: bool) -> dict:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from sentence_transformers.sentence_transformer import losses
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from torch.utils.data import SequentialSampler
    from transformers import TrainerCallback

    pairs = json.loads((work / "pairs.json").read_text(encoding="utf-8"))[: steps * batch]
    data = {"anchor": [q for q, _ in pairs], "positive": [p for _, p in pairs]}
    reader = Transformer(str(work / "encoder"))
    model = SentenceTransformer(modules=[reader, Pooling(reader.get_embedding_dimension(), "mean")], device=device)
    loss = {
        "mnrl": lambda: losses.MultipleNegativesRankingLoss(model),
        "cached": lambda: losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=16),
        "cached-tokens": lambda: losses.CachedMultipleNegativesRankingLoss(model, mini_batch_num_tokens=4096),
    }[way]()
    clock: list[Moment] = []

    def in_order(dataset, batch_size, drop_last, **_):
        return DefaultBatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=drop_last)

    class Clock(TrainerCallback):
        def on_step_begin(self, *_, **__):
            clock.append(now())

    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(work / way), max_steps=steps, per_device_train_batch_size=batch, learning_rate=RATE,
        weight_decay=0.01, max_grad_norm=1.0, lr_scheduler_type="constant", logging_steps=1, save_strategy="no",
        report_to=[], use_cpu=device == "cpu", bf16=bf16, disable_tqdm=True, seed=1, batch_sampler=in_order,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_dict(data), loss=loss, callbacks=[Clock()]
    )
    trainer.train()
    course = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {**between(clock, steps), "losses": [float(x) for x in course]}


def one(work: Path, way: str, options: argparse.Namespace) -> None:
    steps, batch, device, bf16 = options.steps, options.batch, options.device, options.bf16
    if way.startswith("mtqa"):
        found = run_ours(work, steps, way.endswith("gradcache"), device, bf16)
    else:
        found = run_theirs(work, steps, batch, way, device, bf16)
    for clock in ("second", "processor_second"):
        found[f"pairs_a_{clock}"] = found["steps_timed"] * batch / found[f"{clock}s"]
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if device != "cpu":
        import torch

        found["peak_gpu_mb"] = torch.cuda.max_memory_allocated() / 2**20
    (work / f"{way}.json").write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--size", choices=SIZES, default="minilm")
    parser.add_argument("--vocabulary", type=int, default=0, help="embeddings, of which the texts use 20,000 at most")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(Path(options.one[0]), options.one[1], options)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pairs = pairs_of(options.data)[: options.steps * options.batch]
        (work / "pairs.json").write_text(json.dumps(pairs), encoding="utf-8")
        make_encoder(work / "encoder", [text for pair in pairs for text in pair], options.size, options.vocabulary)
        write_shards(work / "shards", pairs, options.batch)
        results = {}
        for way in options.ways:
            command = [sys.executable, __file__, "--one", str(work), way]
            same = ["--steps", str(options.steps), "--batch", str(options.batch), "--device", options.device]
            same += ["--bf16"] * options.bf16
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
            subprocess.run([*command, *same], check=True, env=environment, stdout=sys.stderr)
            results[way] = json.loads((work / f"{way}.json").read_text(encoding="utf-8"))
    report = {
        "size": options.size, "vocabulary": options.vocabulary, "batch": options.batch, "steps": options.steps,
        "threads": os.environ.get("OMP_NUM_THREADS"), "device": options.device, "bf16": options.bf16,
        "ways": results,
        "times_as_fast_as_mnrl": {
            clock: {way: found[clock] / results["mnrl"][clock] for way, found in results.items()}
            for clock in ("pairs_a_second", "pairs_a_processor_second")
        } if "mnrl" in results else {},
    }  # fmt: skip
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
