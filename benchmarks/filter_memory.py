"""Measure the filter's peak memory and rows a second as a corpus grows.

    python benchmarks/filter_memory.py [--rows 10000 60000 180000 540000] [--pairs 20000 200000 1000000] > found.json

The corpora are made up: English and German rows of random sentences, five questions a passage; the tables of pairs
are their questions. Each is filtered in a process of its own, whose peak of resident memory is read from the system.
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


def write_pairs(path: Path, rows: int) -> None:
    """Write a table of so many German questions beside the English ones."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            texts = {"source": _text("eng_Latn", 0, n), "translation": _text("deu_Latn", 0, n)}
            file.write(json.dumps({"id": n, **texts, "lang": "de", "field": "question"}) + "\n")


CORPUS = """
from mtqa.filter.run import filter_corpus
from mtqa.filter.settings import FilterSettings
kept = filter_corpus(Path(sys.argv[1]), FilterSettings(), Path(sys.argv[2])).counts["kept"]
"""
PAIRS = """
from mtqa.filter.pairs import judge_pairs
from mtqa.filter.settings import FilterSettings
kept = judge_pairs(Path(sys.argv[1]), FilterSettings(), Path(sys.argv[2])).kept.total()
"""


def measured(code: str, source: Path, out: Path, rows: int) -> dict[str, int]:
    """Run code on a source in a process of its own; return its peak in MB, its rows a second and what it kept."""
    tell = "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, kept)"
    command = [sys.executable, "-c", f"import resource, sys\nfrom pathlib import Path\n{code}\n{tell}", source, out]
    began = time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.monotonic() - began
    peak, kept = done.stdout.split()
    return {"peak_mb": int(peak) // 1024, "rows_a_second": round(rows / seconds), "kept": int(kept)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 60_000, 180_000, 540_000])
    parser.add_argument("--pairs", type=int, nargs="*", default=[20_000, 200_000, 1_000_000])
    options = parser.parse_args()
    found: dict[str, dict[int, dict[str, int]]] = {"corpus": {}, "pairs": {}}
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "in", rows)
            found["corpus"][rows] = measured(CORPUS, Path(folder, "in"), Path(folder, "out"), 2 * rows)
    for rows in options.pairs:
        with tempfile.TemporaryDirectory() as folder:
            write_pairs(Path(folder) / "pairs.jsonl", rows)
            found["pairs"][rows] = measured(PAIRS, Path(folder, "pairs.jsonl"), Path(folder, "out.jsonl"), rows)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
