"""What a micro-batch costs beside its tokens: the constant by which mtqa/train/cut.py weighs padding against cuts.

    OMP_NUM_THREADS=1 python benchmarks/train_micro_batch.py [--size xlm-r-base] [--device cuda] [--bf16]

An encoder of benchmarks/train.py (random weights) embeds rows × tokens random tokens and sends a gradient back, into
gradients that exist already, as those of a batch's second micro-batch do. Median time of each shape: the processor's on
a CPU, the clock's elsewhere. Least squares of relative errors fit seconds = a + b · tokens + c · rows · length²; the
overhead is a / b tokens, and with GradCache, which adds a forward pass, that of both passes together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from train import SIZES

from mtqa.train.encoder import use_sparse_gradients

SHAPES = [(rows, length) for length in (16, 64, 192) for rows in (1, 2, 4, 8, 16, 32) if rows * length <= 1536]


def seconds(work: Callable[[], object], device: str, repeats: int) -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    found = []
    for _ in range(repeats + 1):
        began = clock()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        found.append(clock() - began)
    return statistics.median(found[1:])


def fit(times: dict[tuple[int, int], float]) -> dict[str, float]:
    """Return the overhead in tokens, a token's time, and the largest relative error of the fit."""
    terms = np.array([[1, rows * length, rows * length**2] for rows, length in times])
    measured = np.array(list(times.values()))
    fixed, token, _ = solution = np.linalg.lstsq(terms / measured[:, None], np.ones(len(times)), rcond=None)[0]
    error = np.abs(terms @ solution / measured - 1).max()
    return {"overhead_tokens": fixed / token, "microseconds_a_token": token * 1e6, "largest_error": error}


def measure(size: str, vocabulary: int, device: str, bf16: bool, dense: bool, repeats: int) -> dict:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=vocabulary, **SIZES[size]), add_pooling_layer=False).to(device).train()
    if not dense:
        use_sparse_gradients(model)
    once, twice = {}, {}
    for rows, length in SHAPES:
        ids = torch.randint(4, vocabulary, (rows, length), device=device)
        features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

        def forward(features: dict = features) -> torch.Tensor:
            with torch.autocast(device, torch.bfloat16, enabled=bf16):
                return model(**features).last_hidden_state.mean()

        def both(forward: Callable[[], torch.Tensor] = forward) -> None:
            forward().backward()
            for parameter in model.parameters():
                if parameter.grad.is_sparse:  # a batch's grow by a micro-batch's, not by the whole table
                    parameter.grad = None

        once[rows, length] = seconds(both, device, repeats)
        with torch.no_grad():
            twice[rows, length] = once[rows, length] + seconds(forward, device, repeats)
    shapes = {f"{rows}x{length}": round(time, 5) for (rows, length), time in once.items()}
    asked = {"size": size, "vocabulary": vocabulary, "device": device, "bf16": bf16, "dense": dense}
    return {**asked, "plain": fit(once), "grad_cache": fit(twice), "times": shapes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="minilm")
    parser.add_argument("--vocabulary", type=int, default=20_000, help="250002 is XLM-R's")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--dense", action="store_true", help="embeddings with gradients as large as they are")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(measure(**vars(options)), indent=1))


if __name__ == "__main__":
    main()
