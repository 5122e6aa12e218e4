"""Measure the filter's peak memory and rows a second as a corpus grows.

    python benchmarks/filter_memory.py [--rows 10000 100000 300000] > filter_memory.json

The corpora are made up: English and German rows of random sentences, five questions a passage. Each is filtered in a
process of its own, whose peak of resident memory is read from the system.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mtqa.core.corpus import TableWriter
from mtqa.core.hashing import content_id
from mtqa.core.output import Work, building

WORDS = {
    "eng_Latn": "old mill river valley flour flood house water bridge stone wheel miller grain winter village road",
    "deu_Latn": "alte Mühle Fluss Tal Mehl Flut Haus Wasser Brücke Stein Rad Müller Korn Winter Dorf Straße",
}
FRAMES = {
    "eng_Latn": (
        "When was the {} of the {} built beside the {} with the {}?",
        "The {} of the {} stood by the {} and the {}.",
    ),
    "deu_Latn": (
        "Wann wurde das {} von dem {} neben dem {} mit dem {} gebaut?",
        "Das {} von dem {} stand bei dem {} und dem {}.",
    ),
}
CHUNK = 10_000


def write(folder: Path, rows: int) -> None:
    """Write a translated corpus of so many rows in each of two languages."""
    with building(folder, Work("translate", 1, {}, {}), overwrite=True) as build:
        parts = {}
        for lang in FRAMES:
            with TableWriter(build.path, f"{lang}/train") as writer:
                for start in range(0, rows, CHUNK):
                    writer.write([_row(lang, n) for n in range(start, min(start + CHUNK, rows))])
            parts[lang] = build.record_part(lang, writer.rows)
        build.finish(parts, licences=["CC0-1.0"])


def _row(lang: str, number: int) -> dict[str, object]:
    passage = number // 5
    ids = {"item_id": content_id("i", str(number)), "question_id": content_id("q", str(number))}
    return ids | {
        "passage_id": content_id("p", str(passage)),
        "dataset": "made",
        "licence": "CC0-1.0",
        "split": "train",
        "lang": lang,
        "question": _text(lang, 0, number),
        "passage": " ".join(_text(lang, 1, 7 * passage + n) for n in range(3)),
        "title": None,
        "answers": [{"text": str(1000 + number), "start": None}],
        "mt": None,
    }


def _text(lang: str, kind: int, seed: int) -> str:
    draw, words = random.Random(seed), WORDS[lang].split()
    chosen = [f"{words[draw.randrange(len(words))]} {draw.randrange(10_000, 99_999)}" for _ in range(4)]
    return FRAMES[lang][kind].format(*chosen)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 300_000])
    found = {}
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "in", rows)
            code = (
                "import sys, resource; from pathlib import Path; from mtqa.filter.run import filter_corpus; "
                "from mtqa.filter.settings import FilterSettings; "
                "m = filter_corpus(Path(sys.argv[1]), FilterSettings(), Path(sys.argv[2])); "
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, m.counts['kept'])"
            )
            began = time.monotonic()
            command = [sys.executable, "-c", code, f"{folder}/in", f"{folder}/out"]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            peak, kept = done.stdout.split()
            seconds = time.monotonic() - began
        found[rows] = {"peak_mb": int(peak) // 1024, "rows_a_second": round(2 * rows / seconds), "kept": int(kept)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
