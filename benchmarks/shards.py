"""Speed and memory of build-shards on synthetic parallel data, against what one writes with `datasets`.

    python benchmarks/shards.py --work /tmp/shards --items 100000 1000000 --peer-items 100000

Each size is a corpus of its own: items × languages rows, five questions a passage, passages of about 740 characters and
questions of about 60 as in SQuAD, words drawn by Zipf's law. Every measurement is a process of its own; peak memory is
its largest resident set (Linux). `--text-scale 4` makes texts four times as long: memory should not follow.

The peer does the same job in the usual way: load the languages, interleave, shuffle, cut to one pair an item, and draw
the languages of each batch of 100 in a batched map, texts looked up in the drawn languages. It keeps nothing apart that
shares a passage. What is shuffled holds ids and row numbers only, and the columns that are looked up are selected once.

Ratios are given by the clock and by processor time: on a machine with other work only the latter means something.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

LANGUAGES = ["arb_Arab", "deu_Latn", "eng_Latn", "hin_Deva", "rus_Cyrl", "spa_Latn", "tha_Thai", "tur_Latn", "zho_Hans"]
TEXTS = ("question", "passage")
IDS = ["item_id", "passage_id", "question_id", "dataset"]
QUESTIONS_A_PASSAGE = 5
POOL = 20_000
CHUNK = 8192


def words(seed: int, count: int = 20_000) -> np.ndarray:
    generator = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwygpbvk"))
    lengths = generator.integers(2, 10, count)
    return np.array(["".join(generator.choice(letters, n)) for n in lengths], object)


def pool(seed: int, count: int, mean: float, scale: float) -> pa.Array:
    """Texts of log-normal length; a pool larger than a row group, so that compression finds no repeats."""
    generator = np.random.default_rng(seed)
    vocabulary = words(seed)
    lengths = np.maximum(3, generator.lognormal(np.log(mean * scale / 6.5), 0.4, count)).astype(int)
    drawn = vocabulary[np.minimum(generator.zipf(1.3, lengths.sum()), len(vocabulary)) - 1]
    edges = np.cumsum([0, *lengths])
    return pa.array([" ".join(drawn[a:b]) for a, b in pairwise(edges)])


def hexes(numbers: np.ndarray, salt: int) -> pa.Array:
    """16 hex digits that are different for different numbers and look like hashes (splitmix64)."""
    with np.errstate(over="ignore"):
        x = (numbers.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)[
        (x[:, None] >> np.arange(60, -4, -4, dtype=np.uint64)) & np.uint64(15)
    ]
    offsets = np.arange(0, 16 * len(x) + 1, 16, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(x), [None, pa.py_buffer(offsets), pa.py_buffer(digits.tobytes())])


def make_corpus(folder: Path, items: int, scale: float) -> None:
    from mtqa.core.corpus import TableWriter
    from mtqa.core.output import Work, building
    from mtqa.core.schema import CORPUS

    with building(folder, Work("filter", 1, {"items": items, "scale": scale}, {})) as build:
        parts = {}
        for number, lang in enumerate(LANGUAGES):
            passages, questions = pool(number, POOL, 740, scale), pool(100 + number, POOL, 60, scale)
            with TableWriter(build.path, f"{lang}/train") as writer:
                for first in range(0, items, CHUNK):
                    at = np.arange(first, min(first + CHUNK, items))
                    passage = at // QUESTIONS_A_PASSAGE
                    columns = {
                        "item_id": hexes(at, 1),
                        "passage_id": hexes(passage, 2 << 40),
                        "question_id": hexes(at, 3 << 40),
                        "question": questions.take(pa.array(at % POOL)),
                        "passage": passages.take(pa.array(passage % POOL)),
                        "answers": pa.array([[]] * len(at), CORPUS.field("answers").type),
                        **{name: pa.array([text] * len(at)) for name, text in
                           (("dataset", "synthetic"), ("licence", "MIT"), ("split", "train"), ("lang", lang))},
                    }  # fmt: skip
                    arrays = [columns.get(f.name, pa.nulls(len(at), f.type)) for f in CORPUS]
                    writer.write(pa.RecordBatch.from_arrays(arrays, schema=CORPUS))
            parts[lang] = build.record_part(lang, writer.rows)
        build.finish(parts, licences=["MIT"])


PARTS = {
    "read ids": ("mtqa.shards.run", "read_index"),
    "plan": ("mtqa.shards.run", "plan_batches"),
    "audit": ("mtqa.shards.run", "composition"),
    "gather": ("mtqa.shards.run", "write_batches"),
    "gather: read and park text": ("mtqa.shards.gather", "_spill"),
    "gather: take from buckets": ("mtqa.shards.spill", "Spill.take"),
    "gather: write row groups": ("mtqa.core.shardfile", "ShardWriter.write"),
}


def timed_parts() -> dict[str, float]:
    """Have the parts of build-shards timed; return the dict that gets their processor seconds."""
    from importlib import import_module

    spent = dict.fromkeys(PARTS, 0.0)

    def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[part] += time.process_time() - began

        return run

    for part, (module, name) in PARTS.items():
        owner: Any = import_module(module)
        for step in name.split(".")[:-1]:
            owner = getattr(owner, step)
        setattr(owner, name.split(".")[-1], timed(getattr(owner, name.split(".")[-1]), part))
    return spent


def ours(corpus: Path, out: Path) -> int:
    spent = timed_parts()
    from mtqa.shards.run import build_shards
    from mtqa.shards.settings import ShardSettings

    made = int(build_shards([corpus], ShardSettings(epochs=1), out).counts["rows"])
    print(
        "processor seconds: " + ", ".join(f"{part} {seconds:.2f}" for part, seconds in spent.items()), file=sys.stderr
    )
    return made


def peer(corpus: Path, out: Path) -> int:
    from datasets import disable_progress_bars, interleave_datasets, load_dataset

    disable_progress_bars()
    cache = str(out / "cache")
    loaded = {
        lang: load_dataset("parquet", data_files=str(corpus / lang / "*.parquet"), split="train", cache_dir=cache)
        for lang in LANGUAGES
    }
    texts_of = {name: {k: table.select_columns([name]) for k, table in loaded.items()} for name in TEXTS}
    items = len(loaded[LANGUAGES[0]])
    numbered = [table.select_columns(IDS).add_column("row", np.arange(items)) for table in loaded.values()]
    mixed = interleave_datasets(numbered).shuffle(seed=1).select(range(items))

    def pairs(batch: dict, indices: list[int]) -> dict:
        generator = np.random.default_rng([1, indices[0]])
        rows = np.array(batch["row"])
        if generator.random() < 0.5:
            sides = np.full((len(rows), 2), generator.integers(len(LANGUAGES)))
        else:
            first = generator.integers(len(LANGUAGES), size=len(rows))
            sides = np.stack(
                [first, (first + generator.integers(1, len(LANGUAGES), size=len(rows))) % len(LANGUAGES)], 1
            )
        texts = [np.empty(len(rows), object), np.empty(len(rows), object)]
        for side, column in enumerate(TEXTS):
            for lang in np.unique(sides[:, side]):
                at = np.flatnonzero(sides[:, side] == lang)
                texts[side][at] = texts_of[column][LANGUAGES[lang]][rows[at].tolist()][column]
        return {
            "query": texts[0].tolist(), "passage": texts[1].tolist(),
            "query_lang": [LANGUAGES[n] for n in sides[:, 0]], "passage_lang": [LANGUAGES[n] for n in sides[:, 1]],
        }  # fmt: skip

    made = mixed.map(pairs, batched=True, batch_size=100, with_indices=True, remove_columns=["row"])
    made.to_parquet(str(out / "pairs.parquet"), batch_size=100)
    return len(made)


def measure(what: str, corpus: Path, out: Path) -> dict[str, float]:
    """Run one job in a process of its own; returns pairs, seconds by clock and processor, peak MB."""
    shutil.rmtree(out, ignore_errors=True)
    if what == "peer":
        out.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, __file__, "--job", what, "--work", str(corpus), "--out", str(out)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    shutil.rmtree(out, ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])


def job(what: str, corpus: Path, out: Path) -> None:
    began, processor = time.monotonic(), time.process_time()
    pairs = {"ours": ours, "peer": peer}[what](corpus, out)
    seconds, processor = time.monotonic() - began, time.process_time() - processor
    # Not ru_maxrss: a child's begins with what its parent held, and the parent may have made a corpus.
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024  # type: ignore[index]
    seen = {"pairs": pairs, "seconds": round(seconds, 1), "processor": round(processor, 2), "peak_mb": round(peak)}
    print(json.dumps(seen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for corpora and results; they are deleted")
    parser.add_argument("--items", type=int, nargs="+", default=[100_000])
    parser.add_argument("--peer-items", type=int, nargs="*", default=[])
    parser.add_argument("--text-scale", type=float, nargs="+", default=[1.0])
    parser.add_argument("--keep", action="store_true", help="keep the corpora for another run")
    parser.add_argument("--job", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        job(options.job, options.work, options.out)
        return
    print(f"{len(LANGUAGES)} languages, one epoch, hybrid, batch size 100")
    for scale in options.text_scale:
        for items in sorted({*options.items, *options.peer_items}):
            corpus = options.work / f"corpus-{items}-{scale:g}"
            if not corpus.exists():
                make_corpus(corpus, items, scale)
            size = sum(p.stat().st_size for p in corpus.rglob("*.parquet")) / 1e9
            both: dict[str, dict[str, float]] = {}
            for what in (["ours"] if items in options.items else []) + (
                ["peer"] if items in options.peer_items else []
            ):
                both[what] = seen = measure(what, corpus, options.work / "out")
                rates = [f"{seen['pairs'] / seen[clock]:,.0f}" for clock in ("seconds", "processor")]
                print(
                    f"{what:5} items {items:>10,} text ×{scale:g} ({size:.2f} GB): {seen['pairs']:,} pairs in "
                    f"{seen['seconds']:,} s, {rates[0]}/s, {rates[1]} a processor second, "
                    f"peak {seen['peak_mb']:,} MB",
                    flush=True,
                )
            if len(both) == 2:
                clock, processor = (both["peer"][k] / both["ours"][k] for k in ("seconds", "processor"))
                print(f"      ratio {clock:.1f} by the clock, {processor:.1f} by processor time", flush=True)
            if not options.keep:
                shutil.rmtree(corpus)


if __name__ == "__main__":
    main()
