"""Train the bundled English → German/Spanish Marian model on the rows that prepare.py wrote.

One process, CPU, deterministic: batch n depends on (rows, seed, n) only, so a stopped run that is started again goes
on as if nothing had happened. The learning rate rises for 200 steps, stays, and falls linearly to zero over the
last part (--decay) of the steps; a run can therefore be prolonged as long as it has not begun to decay, and a finished
model trained on (--start). Every epoch has other names in its sentences (names.py) and other sentences joined.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import time
from pathlib import Path

import sentencepiece
import torch
from model import build_model, load_vocabulary, save_model
from muon import Muon
from names import EXCHANGED, copied, exchange, find_names, shared
from safetensors.torch import load_file, save_file

WARMUP, CLIP, SMOOTHING = 200, 1.0, 0.1
PEAK = {"hidden": 2e-3, "other": 1e-3}  # Muon for the linear layers (its rms matched to AdamW's), AdamW for the rest
JOINED = 0.1  # share of rows to which more sentences are joined: passages are longer than Tatoeba's sentences
BUFFER = 100_000  # rows sorted by length at a time


class Rows:
    """The rows of one file, encoded anew for every epoch: `>>lang<< … </s>` and `… </s>`."""

    def __init__(self, data: Path, name: str, vocabulary: dict[str, int]):
        self.rows = [json.loads(line) for line in (data / name).open(encoding="utf-8")]
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(data / "spm.model"))
        self.vocabulary = vocabulary
        sources = [row["source"] for row in self.rows]
        names = find_names(sources)
        self.shared = [shared(row["source"], row["targets"][0], names) for row in self.rows]
        self.names = copied(sources, self.shared, names)
        self.parts = sorted(piece for piece in vocabulary if re.fullmatch("[a-z]{2,4}", piece))

    def _ids(self, text: str) -> list[int]:
        unknown = self.vocabulary["<unk>"]
        return [self.vocabulary.get(piece, unknown) for piece in self.pieces.encode(text, out_type=str)]

    def encode(self, rng: random.Random | None) -> list[tuple[list[int], list[int]]]:
        """Return (source ids, target ids) a row; with `rng`, names and numbers exchanged in a share of them."""
        end, out = self.vocabulary["</s>"], []
        for row, words in zip(self.rows, self.shared, strict=True):
            source, target = row["source"], row["targets"][0]
            if rng and words and rng.random() < EXCHANGED:
                source, target = exchange(source, target, words, rng, self.names, self.parts)
            language = self.vocabulary[f">>{row['lang']}<<"]
            out.append(([language, *self._ids(source), end], [*self._ids(target), end]))
        return out


def join_some(rows: list[tuple[list[int], list[int]]], rng: random.Random) -> list[tuple[list[int], list[int]]]:
    """Append one to four more pairs of the same language to a share of the rows."""
    by_language: dict[int, list[tuple[list[int], list[int]]]] = {}
    for row in rows:
        by_language.setdefault(row[0][0], []).append(row)
    out = []
    for source, target in rows:
        if rng.random() < JOINED:
            for _ in range(rng.randint(1, 4)):
                more = rng.choice(by_language[source[0]])
                source, target = source[:-1] + more[0][1:], target[:-1] + more[1]
        out.append((source, target))
    return out


def epoch_batches(rows: Rows, seed: int, epoch: int, tokens: int) -> list[list]:
    """Return an epoch's batches in training order: rows of similar length, at most `tokens` padded tokens a side."""
    rng = random.Random(seed * 1_000_003 + epoch)
    order = join_some(rows.encode(rng), rng)
    rng.shuffle(order)
    batches: list[list] = []
    for start in range(0, len(order), BUFFER):
        batch: list = []
        width = 0
        for row in sorted(order[start : start + BUFFER], key=lambda r: (len(r[1]), len(r[0]))):
            width = max(width, len(row[0]), len(row[1]))
            if batch and width * (len(batch) + 1) > tokens:
                batches.append(batch)
                batch, width = [], max(len(row[0]), len(row[1]))
            batch.append(row)
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def padded(rows: list[list[int]], fill: int) -> torch.Tensor:
    """Return the id lists as one tensor (rows, longest), filled up on the right."""
    width = max(map(len, rows))
    return torch.tensor([row + [fill] * (width - len(row)) for row in rows])


def batch_loss(model, batch: list, smoothing: float) -> tuple[torch.Tensor, int]:
    """Return the label-smoothed cross-entropy per target token, and the number of target tokens."""
    pad = model.config.pad_token_id
    source, target = padded([s for s, _ in batch], pad), padded([t for _, t in batch], pad)
    shifted = torch.cat([torch.full((len(batch), 1), pad), target[:, :-1]], dim=1)
    hidden = model.model(
        input_ids=source, attention_mask=(source != pad).long(), decoder_input_ids=shifted, use_cache=False
    )[0]
    real = target != pad
    logits = model.lm_head(hidden[real])
    return torch.nn.functional.cross_entropy(logits, target[real], label_smoothing=smoothing), int(real.sum())


@torch.no_grad()
def zero_padding(model) -> None:
    """Keep the embedding of <pad> at zero: CTranslate2, as Marian, starts the decoder from zeros."""
    model.model.shared.weight[model.config.pad_token_id].zero_()


def optimizers(model) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers and AdamW for embeddings, norms and biases."""
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n]
    other = [p for n, p in model.named_parameters() if p.requires_grad and not (p.ndim == 2 and "layers" in n)]
    return [
        Muon(hidden, lr=PEAK["hidden"]),
        torch.optim.AdamW(other, lr=PEAK["other"], betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate(step: int, steps: int, decay: float) -> float:
    """Return the share of the peak learning rate at a step: warm-up, plateau, linear decay to zero."""
    return min(1.0, (step + 1) / WARMUP, (steps - step) / max(1.0, decay * steps))


def save_checkpoint(folder: Path, model, optims: list[torch.optim.Optimizer], step: int, tokens: int) -> None:
    """Write weights and optimizer state beside the last checkpoint, then swap."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"optims": [o.state_dict() for o in optims], "step": step, "tokens": tokens}
    torch.save(state, folder / "state.pt.tmp")
    save_file({n: p.detach().clone() for n, p in model.named_parameters()}, folder / "weights.safetensors.tmp")
    (folder / "weights.safetensors.tmp").replace(folder / "weights.safetensors")
    (folder / "state.pt.tmp").replace(folder / "state.pt")


def load_checkpoint(folder: Path, model, optims: list[torch.optim.Optimizer]) -> tuple[int, int]:
    """Restore what save_checkpoint wrote; return (steps done, target tokens seen), zeros where there is nothing."""
    if not (folder / "state.pt").exists():
        return 0, 0
    state = torch.load(folder / "state.pt", weights_only=True)
    model.load_state_dict(load_file(folder / "weights.safetensors"), strict=False)
    for optim, saved in zip(optims, state["optims"], strict=True):
        optim.load_state_dict(saved)
    return state["step"], state["tokens"]


def load_weights(folder: Path, model) -> None:
    """Take the weights of a finished model (fp16); its vocabulary must be that of the data."""
    weights = load_file(folder / "model.safetensors")
    size = tuple(weights["model.shared.weight"].shape)
    if size != tuple(model.model.shared.weight.shape):
        raise SystemExit(f"{folder}: embeddings of {size}, the data's vocabulary needs another size; prepare it anew")
    model.load_state_dict({n: w.float() for n, w in weights.items()}, strict=False)


@torch.no_grad()
def dev_loss(model, rows: list) -> float:
    """Return the mean cross-entropy (nats) per target token of the development rows."""
    model.eval()
    total = count = 0.0
    for start in range(0, len(rows), 64):
        loss, tokens = batch_loss(model, rows[start : start + 64], 0.0)
        total, count = total + float(loss) * tokens, count + tokens
    model.train()
    return total / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and log")
    parser.add_argument("--out", type=Path, required=True, help="the finished model, fp16")
    parser.add_argument("--start", type=Path, help="a finished model to train on, in place of random weights")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--decay", type=float, default=0.3, help="share of the steps over which the rate falls to zero")
    parser.add_argument("--batch-tokens", type=int, default=3500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    vocabulary = load_vocabulary(args.data)
    rows = Rows(args.data, "train.jsonl", vocabulary)
    dev = Rows(args.data, "dev.jsonl", vocabulary).encode(None)
    dev.sort(key=lambda r: len(r[1]))
    model = build_model(len(vocabulary))
    if args.start:
        load_weights(args.start, model)
    model.train()
    optims = optimizers(model)
    step, tokens = load_checkpoint(args.work, model, optims)
    zero_padding(model)
    began, first_tokens = time.time(), tokens
    args.work.mkdir(parents=True, exist_ok=True)
    log = (args.work / "log.jsonl").open("a", encoding="utf-8")
    epoch, offset = 0, 0
    batches = epoch_batches(rows, args.seed, 0, args.batch_tokens)
    while step < args.steps:
        while step - offset >= len(batches):
            epoch, offset = epoch + 1, offset + len(batches)
            batches = epoch_batches(rows, args.seed, epoch, args.batch_tokens)
        for optim, name in zip(optims, PEAK, strict=True):
            for group in optim.param_groups:
                group["lr"] = PEAK[name] * rate(step, args.steps, args.decay)
        loss, count = batch_loss(model, batches[step - offset], SMOOTHING)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optim in optims:
            optim.step()
            optim.zero_grad()
        zero_padding(model)
        step, tokens = step + 1, tokens + count
        if step % 100 == 0 or step == args.steps:
            record = {"step": step, "epoch": epoch, "tokens": tokens, "loss": round(loss.item(), 4)}
            record |= {"dev_loss": round(dev_loss(model, dev), 4)} if step % 500 == 0 or step == args.steps else {}
            record["tokens_per_second"] = round((tokens - first_tokens) / (time.time() - began))
            line = json.dumps(record)
            print(line, file=log, flush=True)
            print(line, flush=True)
            if not math.isfinite(record["loss"]):
                raise SystemExit(f"loss is not finite at step {step}")
        if step % 250 == 0 or step == args.steps:
            save_checkpoint(args.work, model, optims, step, tokens)
    save_model(model, args.data, args.out)


if __name__ == "__main__":
    main()
