"""Time and memory of the exact evaluation, against the bare score-matrix product, pytrec_eval-terrier and ranx.

Run:  python benchmarks/evaluate.py --data data/lareqa [--vectors DIR] [--encode 2000] [--no-libraries]

Without `--vectors` (a folder with xquad-r.npz and mlqa-r.npz, as `mtqa evaluate --vectors` takes them) the vectors are
random. The libraries are given the full ranking of a sample of queries (a run of all of XQuAD-R, 170 million entries,
does not fit into memory as the dictionary that they take), their time is scaled to all queries; building the run from
the scores is part of it. Prints one JSON object. Every figure of ours includes all that `mtqa evaluate` does with
vectors: ranks, metrics, intervals, per-query values, and the top-20 shares.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.search import BLOCK, gold_ranks
from mtqa.evaluate.lareqa import Benchmark, data_files, load
from mtqa.evaluate.perquery import from_ranks, mean

DIMENSIONS, SAMPLE, REPEATS = 512, 64, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/lareqa"))
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--encode", type=int, default=0, help="encode this many texts with the demo encoder")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="the fastest of so many rounds counts")
    parser.add_argument("--no-libraries", action="store_true")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        print(json.dumps(_memory(args.memory_of, args.data, args.vectors)))
        return
    result: dict[str, Any] = {"dimensions": DIMENSIONS, "vectors": "given" if args.vectors else "random"}
    for name in ("xquad-r", "mlqa-r"):
        result[name] = _benchmark(name, args)
    if args.encode:
        result["encode"] = _encoding(args)
    print(json.dumps(result, indent=1))


def _vectors(name: str, bench: Benchmark, folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    if folder is not None:
        with np.load(folder / f"{name}.npz") as file:
            return file["queries"], file["candidates"]
    generator = np.random.default_rng(7)
    sizes = len(bench.queries), len(bench.candidates)
    queries, candidates = (generator.standard_normal((n, DIMENSIONS), np.float32) for n in sizes)
    return queries, candidates


def _benchmark(name: str, args: argparse.Namespace) -> dict[str, Any]:
    bench = load(name, data_files(args.data, name))
    queries, candidates = _vectors(name, bench, args.vectors)
    rounds = [
        (*_times(_product, queries, candidates), *_times(_exact, bench, queries, candidates))
        for _ in range(args.repeats)
    ]
    bare, bare_cpu, exact, exact_cpu = (min(column) for column in zip(*rounds, strict=True))
    command = [sys.executable, __file__, "--data", str(args.data), "--memory-of", name]
    command += ["--vectors", str(args.vectors)] if args.vectors else []
    memory = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    out = {
        "product_s": round(bare, 2),
        "metrics_s": round(exact, 2),
        "times_product": round(exact / bare, 2),
        "product_cpu_s": round(bare_cpu, 2),
        "metrics_cpu_s": round(exact_cpu, 2),
        "times_product_cpu": round(exact_cpu / bare_cpu, 2),
        **memory,
    }
    if not args.no_libraries:
        for library, run in (("pytrec_eval", _pytrec), ("ranx", _ranx)):
            seconds, cpu = _library(run, bench, queries, candidates) or (None, None)
            out[f"{library}_s"] = None if seconds is None else round(seconds, 1)
            out[f"times_faster_than_{library}"] = None if seconds is None else round(seconds / exact, 1)
            out[f"times_faster_than_{library}_cpu"] = None if cpu is None else round(cpu / exact_cpu, 1)
    return out


def _product(queries: np.ndarray, candidates: np.ndarray) -> None:
    """The bare product, in blocks as the exact evaluation multiplies them."""
    out = np.empty((BLOCK, len(candidates)), np.float32)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        np.matmul(block, candidates.T, out=out[: len(block)])


def _exact(bench: Benchmark, queries: np.ndarray, candidates: np.ndarray) -> dict[str, float]:
    values = from_ranks(bench, gold_ranks(queries, candidates, bench.gold, bench.bounds, top_k=20))
    return {metric: mean(values.cells(metric)) for metric in ("Mo", "Cr", "Mul", "rank_distance", "max_at_r")}


def _memory(name: str, data: Path, vectors: Path | None) -> dict[str, float]:
    """Peak memory of a whole `mtqa evaluate` in a process of its own, files and imports included."""
    from mtqa.evaluate.run import evaluate
    from mtqa.evaluate.settings import EvaluateSettings

    bench = load(name, data_files(data, name))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npz"
        queries, candidates = _vectors(name, bench, vectors)
        np.savez(path, queries=queries, candidates=candidates)
        del bench, queries, candidates
        began = time.perf_counter()
        evaluate(None, EvaluateSettings(benchmark=name, data=str(data), vectors=str(path)), Path(folder) / "out")
        seconds = time.perf_counter() - began
    return {"command_s": round(seconds, 2), "command_peak_mb": round(_peak())}


def _peak() -> float:
    """Peak memory of this process in MB; Linux's ru_maxrss begins with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _library(run: Any, bench: Benchmark, queries: np.ndarray, candidates: np.ndarray) -> tuple | None:
    """Seconds and processor seconds for all queries, from a sample spread over them; None without the library."""
    try:
        run({"q": {"a": 1}}, {"q": {"a": 1.0, "b": 0.5}})
    except ImportError:
        return None
    chosen = np.linspace(0, len(queries) - 1, SAMPLE).astype(int)
    names = [f"{number:06d}" for number in range(len(candidates))]
    gold = {str(q): {names[c]: 1 for c in bench.gold[q] if c >= 0} for q in chosen}
    factor = len(queries) / SAMPLE

    def whole() -> None:
        scores = queries[chosen] @ candidates.T
        runs = {str(q): dict(zip(names, row.tolist(), strict=True)) for q, row in zip(chosen, scores, strict=True)}
        run(gold, runs)

    rounds = [_times(whole) for _ in range(2)]  # ranx compiles in the first
    return min(r[0] for r in rounds) * factor, min(r[1] for r in rounds) * factor


def _pytrec(gold: dict, runs: dict) -> None:
    import pytrec_eval

    pytrec_eval.RelevanceEvaluator(gold, {"map"}).evaluate(runs)


def _ranx(gold: dict, runs: dict) -> None:
    from ranx import Qrels, Run, evaluate

    evaluate(Qrels(gold), Run(runs), ["map"])


def _encoding(args: argparse.Namespace) -> dict[str, float]:
    """Texts a second with `encode_texts` and with the model's own `encode`."""
    from mtqa.core.encode import encode_texts, load_encoder

    bench = load("xquad-r", data_files(args.data, "xquad-r"))
    texts = [c.sentence for c in bench.candidates][:: max(1, len(bench.candidates) // args.encode)]
    model = load_encoder("demo")
    ours = min(_time(encode_texts, model, texts, "document") for _ in range(REPEATS))
    theirs = min(_time(model.encode, texts) for _ in range(REPEATS))
    return {
        "texts": len(texts),
        "ours_s": round(ours, 2),
        "encode_s": round(theirs, 2),
        "speed": round(theirs / ours, 2),
    }


def _times(work: Any, *arguments: Any) -> tuple[float, float]:
    """Seconds, and processor seconds of all threads, which other work on the machine disturbs less."""
    cpu = time.process_time()
    seconds = _time(work, *arguments)
    return seconds, time.process_time() - cpu


def _time(work: Any, *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
