"""Memory and speed of everything in `mtqa translate` but the model; prints JSON, one line a size.

The bundled model's tokenizer is used, but the engine only returns each source's own tokens: what is measured is
reading, splitting, deduplicating, tokenising, examining, remembering and writing. Each size runs in a process of its
own. Peak RSS is that of the process; tokens are source tokens, seconds those of a processor.

    python benchmarks/translate_scale.py 10000 100000 1000000 [--profile]
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
from itertools import islice
from pathlib import Path
from typing import Any

ROWS = 4096
WORDS = ("the", "river", "city", "people", "house", "water", "company", "music", "school", "player", "north", "light")


class Echo:
    """An engine that moves the first token to the end: a copy would look faulty and be decoded once more."""

    def start(self, batches: Any, decoding: Any) -> Any:
        from mtqa.translate.engine import Output

        return lambda: [[Output([*s[2:-1], s[1]], -1.0, False) for s in b.sources] for b in batches]

    def attention(self, batches: Any) -> Any:
        import numpy as np

        pairs = [p for b in batches for p in b]
        return lambda: [np.full((len(p.target), len(p.source)), 1 / len(p.source), dtype=np.float32) for p in pairs]


def rows(segments: int) -> Iterator[dict]:
    """Yield rows of five questions a passage of five sentences, each with an answer: eleven segments a passage."""
    from random import Random

    draw: random.Random = Random(1)
    sentence = lambda n: f"{' '.join(draw.choices(WORDS, k=12))} {n}.".capitalize()  # noqa: E731
    for number in range(segments // 11):
        passage = " ".join(sentence(number) for _ in range(5))
        for question in range(5):
            key = f"{number * 5 + question:016x}"
            yield {
                "item_id": key,
                "passage_id": f"{number:016x}",
                "question_id": key,
                "dataset": "toy",
                "licence": "CC0-1.0",
                "split": "train",
                "lang": "eng_Latn",
                "question": f"{sentence(number)[:-1]}?",
                "passage": passage,
                "title": None,
                "answers": [{"text": "1984", "start": None}],
                "mt": None,
            }


def save(segments: int, folder: Path) -> Path:
    from mtqa.core.corpus import TableWriter
    from mtqa.core.output import Work, building

    with building(folder, Work("collect", 1, {}, {}), overwrite=True) as build:
        with TableWriter(build.path, "eng_Latn/train") as writer:
            waiting: list[dict] = []
            for row in rows(segments):
                waiting.append(row)
                if len(waiting) == ROWS:
                    writer.write(waiting)
                    waiting = []
            writer.write(waiting)
        build.finish({"eng_Latn": build.record_part("x", writer.rows, {})})
    return folder


def measure(segments: int, profiled: bool) -> dict[str, Any]:
    from mtqa.translate import target as target_module
    from mtqa.translate.run import targets, translate
    from mtqa.translate.settings import TranslateSettings

    target_module.load_engine = lambda *_: Echo()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = save(segments, folder / "corpus")
        settings = TranslateSettings(to=["deu_Latn"], model="demo", device="cpu")
        _, (loaded,) = targets(corpus, settings)
        some = [text for row in islice(rows(segments), 500) for text in (row["question"], row["passage"])]
        texts = {sentence for text in some for sentence in text.split(". ")}
        each = sum(loaded.tokens.count(sorted(texts))) / len(texts)
        began = time.process_time()
        if profiled:
            import cProfile
            import pstats

            with cProfile.Profile() as profile:
                made = translate(corpus, settings, folder / "out", memory=folder / "memory")
            pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)
        else:
            made = translate(corpus, settings, folder / "out", memory=folder / "memory")
        seconds = time.process_time() - began
    counts = made.parts["deu_Latn"].counts
    return {
        "segments": counts["segments"],
        "rows": counts["rows"],
        "processor_seconds": round(seconds, 1),
        "segments_per_second": round(counts["segments"] / seconds),
        "tokens_per_second": round(each * counts["segments"] / seconds),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    for size in args.sizes:
        if args.here:
            print(json.dumps(measure(size, args.profile)))
        else:
            command = [sys.executable, __file__, str(size), "--here", *(["--profile"] if args.profile else [])]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
