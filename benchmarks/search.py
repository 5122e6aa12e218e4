"""Time and peak memory of search in a collection that lies on disk, and whether it finds what brute force finds.

Run:  python benchmarks/search.py [--vectors 1000000] [--dimensions 384] [--queries 1000] [--folder DIR]
          [--faiss] [--centres 10000] [--whole]

Random vectors of length 1 are written to the folder, in shards as `mtqa evaluate` writes them. A process of its own
searches them for each query's best 1,000, and says its time and peak memory, interpreter and libraries included; `bare`
is the time of the products alone, with reading. Then, without shards, every score of the first queries (100, or fewer)
is computed and sorted whole, and compared. `--faiss` searches FAISS's inverted lists as well, says how long building
them takes, and how many of the exact search's first 10, 100 and 1,000 are found. Random vectors have no
neighbourhoods, which is hardest for it; with `--centres` vectors and queries lie around so many points. `--whole`
measures instead the whole command, `mtqa evaluate` (with `--search faiss` if asked), on as many short texts with a
small random model: reading, encoding, search, metrics. Prints one JSON object.
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
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.vector_search import BLOCK, PART, approximate, exact

DEPTH, CHECKED = 1000, 100
CUTS = (10, 100, 1000)
SPREAD = 0.6
"""Length of the noise around a centre, which has length 1."""
ROUNDING = 1e-6
"""Of documents whose scores differ by less at the end of the list, float32 says no more which one belongs there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the vectors are written; a temporary folder by default")
    parser.add_argument("--faiss", action="store_true", help="search FAISS's inverted lists as well")
    parser.add_argument("--centres", type=int, default=0, help="points that vectors lie around; 0: anywhere")
    parser.add_argument("--part", choices=("search", "bare", "faiss"), help=argparse.SUPPRESS)
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
        size |= {"centres": args.centres} if args.centres else {}
        names = ("search", "bare", "faiss") if args.faiss else ("search", "bare")
        parts = {part: _measure(part, args) for part in names}
        print(json.dumps({**size, **parts, "brute_force": _compare(args)}, indent=1))


def _unit(rows: int, args: argparse.Namespace, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    vectors = _scaled(generator.standard_normal((rows, args.dimensions), np.float32))
    if args.centres:
        centres = np.random.default_rng(12).standard_normal((args.centres, args.dimensions), np.float32)
        vectors = _scaled(_scaled(centres)[generator.integers(0, args.centres, rows)] + np.float32(SPREAD) * vectors)
    return vectors


def _scaled(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _write(args: argparse.Namespace) -> None:
    for number, first in enumerate(range(0, args.vectors, PART)):
        np.save(args.folder / f"{number:05d}.npy", _unit(min(PART, args.vectors - first), args, number + 1))


def _shards(folder: Path) -> Iterator[np.ndarray]:
    return (np.load(path) for path in sorted(folder.glob("[0-9]*.npy")))


def _measure(part: str, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--folder", str(args.folder)]
    command += [f"--{name}={getattr(args, name)}" for name in ("vectors", "dimensions", "queries", "centres")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _part(args: argparse.Namespace) -> dict[str, Any]:
    import torch

    queries = _unit(args.queries, args, 0)
    parts = [partial(np.load, path) for path in sorted(args.folder.glob("[0-9]*.npy"))]
    torch.zeros(1)
    began, cpu = time.perf_counter(), time.process_time()
    if args.part == "search":
        scores, places = exact(parts)(queries, DEPTH)
    elif args.part == "faiss":
        search = approximate(parts, args.folder, 7)
        built = {"build_s": round(time.perf_counter() - began, 1), "build_cpu_s": round(time.process_time() - cpu, 1)}
        began, cpu = time.perf_counter(), time.process_time()
        places = search(queries, DEPTH)[1]
    else:
        asked = torch.from_numpy(queries)
        for shard in _shards(args.folder):
            for first in range(0, len(asked), BLOCK):
                asked[first : first + BLOCK] @ torch.from_numpy(shard).T
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = int(Path("/proc/self/status").read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) / 1024
    if args.part == "search":
        np.savez(args.folder / "found.npz", scores=scores, places=places)
    if args.part == "faiss":
        return {
            **built,
            "s": round(seconds, 1),
            "cpu_s": round(cpu, 1),
            "peak_mb": round(peak),
            **_recall(args, places),
        }
    return {"s": round(seconds, 1), "cpu_s": round(cpu, 1), "peak_mb": round(peak)}


def _recall(args: argparse.Namespace, places: np.ndarray) -> dict[str, float]:
    """Share of the exact search's first k among this one's first k."""
    with np.load(args.folder / "found.npz") as found:
        truth = found["places"]
    shares = {
        k: np.mean([np.isin(own[:k], true[:k]).mean() for own, true in zip(places, truth, strict=True)]) for k in CUTS
    }
    return {f"recall_at_{k}": round(float(share), 4) for k, share in shares.items()}


def _compare(args: argparse.Namespace) -> dict[str, Any]:
    """Compare with all scores of some queries, sorted whole; products of other shapes differ in their last bits."""
    count = min(CHECKED, args.queries)
    queries = _unit(args.queries, args, 0)[:count]
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
    options += ["--search", "faiss"] if args.faiss else []
    command = str(Path(sys.executable).with_name("mtqa"))
    subprocess.run([command, "evaluate", str(args.folder / "model"), *options], check=True, stdout=subprocess.DEVNULL)
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
