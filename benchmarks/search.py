"""Time and peak memory of exact search in a collection that lies on disk, and whether it finds what brute force finds.

Run:  python benchmarks/search.py [--vectors 1000000] [--dimensions 384] [--queries 1000] [--folder DIR] [--whole]

Random vectors of length 1 are written to the folder, in shards as `mtqa evaluate` writes them. A process of its own
searches them for each query's best 1,000, and says its time and peak memory, interpreter and libraries included; `bare`
is the time of the products alone, with reading. Then, without shards, every score of the first queries (100, or fewer)
is computed and sorted whole, and compared. `--whole` measures instead the whole command, `mtqa evaluate`, on as many
short texts with a small random model: reading, encoding, search, metrics. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.evaluate.collection.search import BLOCK, search
from mtqa.evaluate.collection.vectors import SHARD

DEPTH, CHECKED = 1000, 100
ROUNDING = 1e-6
"""Of documents whose scores differ by less at the end of the list, float32 says no more which one belongs there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the vectors are written; a temporary folder by default")
    parser.add_argument("--part", choices=("search", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--whole", action="store_true", help="measure mtqa evaluate, from texts to metrics")
    args = parser.parse_args()
    if args.part:
        print(json.dumps(_part(args)))
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        args.folder = Path(folder)
        if args.whole:
            print(json.dumps(_whole(args), indent=1))
            return
        _write(args)
        size = {"vectors": args.vectors, "dimensions": args.dimensions, "queries": args.queries, "depth": DEPTH}
        parts = {part: _measure(part, args) for part in ("search", "bare")}
        print(json.dumps({**size, **parts, "brute_force": _compare(args)}, indent=1))


def _unit(rows: int, dimensions: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimensions), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _write(args: argparse.Namespace) -> None:
    for number, first in enumerate(range(0, args.vectors, SHARD)):
        np.save(args.folder / f"{number:05d}.npy", _unit(min(SHARD, args.vectors - first), args.dimensions, number + 1))


def _shards(folder: Path) -> Iterator[np.ndarray]:
    return (np.load(path) for path in sorted(folder.glob("[0-9]*.npy")))


def _measure(part: str, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--folder", str(args.folder)]
    command += [f"--{name}={getattr(args, name)}" for name in ("vectors", "dimensions", "queries")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _part(args: argparse.Namespace) -> dict[str, Any]:
    import torch

    queries = _unit(args.queries, args.dimensions, 0)
    torch.zeros(1)
    began, cpu = time.perf_counter(), time.process_time()
    if args.part == "search":
        scores, places = search(queries, _shards(args.folder), DEPTH)
    else:
        asked = torch.from_numpy(queries)
        for shard in _shards(args.folder):
            for first in range(0, len(asked), BLOCK):
                asked[first : first + BLOCK] @ torch.from_numpy(shard).T
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = int(Path("/proc/self/status").read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) / 1024
    if args.part == "search":
        np.savez(args.folder / "found.npz", scores=scores, places=places)
    return {"s": round(seconds, 1), "cpu_s": round(cpu, 1), "peak_mb": round(peak)}


def _compare(args: argparse.Namespace) -> dict[str, Any]:
    """Compare with all scores of some queries, sorted whole; products of other shapes differ in their last bits."""
    count = min(CHECKED, args.queries)
    queries = _unit(args.queries, args.dimensions, 0)[:count]
    scores = np.concatenate([queries @ shard.T for shard in _shards(args.folder)], axis=1)
    depth = min(DEPTH, scores.shape[1])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    best = np.take_along_axis(scores, order, 1)
    with np.load(args.folder / "found.npz") as found:
        places, values = found["places"][:count], found["scores"][:count]
    other = [
        np.abs(row[sorted(set(a) ^ set(b))] - line[-1])
        for row, line, a, b in zip(scores, best, order.tolist(), places.tolist(), strict=True)
    ]
    same = [len(set(a) & set(b)) / depth for a, b in zip(order.tolist(), places.tolist(), strict=True)]
    return {
        "queries": count,
        "same_documents": round(float(np.mean(same)), 6),
        "same_places": round(float((order == places).mean()), 6),
        "wrong_documents": int((np.concatenate(other) > ROUNDING).sum()),
        "greatest_difference_of_scores": float(np.abs(best - values).max()),
    }


def _whole(args: argparse.Namespace) -> dict[str, Any]:
    """Peak memory and time of `mtqa evaluate` on texts of 12 words out of 30,000."""
    words = [f"w{number}" for number in range(30_000)]
    _model(words, args.dimensions, args.folder / "model")
    draw, data = random.Random(0), args.folder / "data"
    data.mkdir()
    with (data / "docs.jsonl").open("w", encoding="utf-8") as file:
        for number in range(args.vectors):
            file.write(json.dumps({"docid": f"d{number}", "text": " ".join(draw.choices(words, k=12))}) + "\n")
    with (data / "topics.tsv").open("w", encoding="utf-8") as topics, (data / "qrels.txt").open("w") as qrels:
        for number in range(args.queries):
            topics.write(f"q{number}\t{' '.join(draw.choices(words, k=6))}\n")
            qrels.write(f"q{number} 0 d{draw.randrange(args.vectors)} 1\n")
    options = ["--benchmark", "trec", "--data", str(data), "--out", str(args.folder / "out")]
    began = time.perf_counter()
    subprocess.run(["mtqa", "evaluate", str(args.folder / "model"), *options], check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "documents": args.vectors,
        "dimensions": args.dimensions,
        "queries": args.queries,
        "s": round(time.perf_counter() - began, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def _model(words: list[str], dimensions: int, folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    numbers = {word: number for number, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=dimensions)]).save(str(folder))


if __name__ == "__main__":
    main()
