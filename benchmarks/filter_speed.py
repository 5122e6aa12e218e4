"""Measure the filter's rows a second on one core, beside langdetect alone and OpusFilter's default filters.

    taskset -c 0 python benchmarks/filter_speed.py data [--opusfilter PYTHON] > filter_speed.json

All checks without an encoder, by `mtqa filter --pairs`, files read and written; langdetect looks at the translations
only. PYTHON is an interpreter that has opusfilter, which wants other versions than mtqa. Processor time, XQuAD-R's
questions, answers and passages and FLORES dev's sentences; every text is judged once before the clock starts. Tables
of fewer than 1,000 rows are made so long by repeating them, as start-up takes as long as some rows (what is remembered
of texts lasts for 128).
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from filter import Row, flores_pairs, row_of, xquad

from mtqa.filter.identifiers import identifier
from mtqa.filter.pairs import judge_pairs
from mtqa.filter.settings import FilterSettings

LANGUAGES = ("de", "ru", "zh")
DETECTED = 200
ROWS = 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--opusfilter", type=Path)
    options = parser.parse_args()
    english, sentences = xquad(options.data, "en"), flores_pairs(options.data, half=False)
    result: dict[str, Any] = {}
    for code in LANGUAGES:
        other = xquad(options.data, code)
        for field, texts in other.items():
            rows = [row_of(field, code, english[field][key], text) for key, text in texts.items()]
            result[f"{field} {code}"] = _measured(rows, options.opusfilter)
        result[f"sentence {code}"] = _measured(
            [row_of("sentence", code, *pair) for pair in sentences[code]], options.opusfilter
        )
    print(json.dumps(result, indent=1))


def _measured(rows: list[Row], python: Path | None) -> dict[str, float]:
    settings, detect = FilterSettings(), identifier("langdetect").identify
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "pairs.jsonl", Path(folder) / "out.jsonl"
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows] * -(-ROWS // len(rows))
        table.write_text("".join(lines), encoding="utf-8")
        judge_pairs(table, settings, out)
        gc.collect()
        gc.freeze()  # else a pass over langdetect's 90,000 objects falls on whoever is measured
        began = time.process_time()
        judge_pairs(table, settings, out)
        ours = len(lines) / (time.process_time() - began)
    began = time.process_time()
    for row in rows[:DETECTED]:
        detect(row["translation"])
    langdetect = min(DETECTED, len(rows)) / (time.process_time() - began)
    found = {"mtqa": round(ours), "langdetect": round(langdetect), "x langdetect": round(ours / langdetect, 1)}
    if python is None:
        return found
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.tsv"
        texts = [[" ".join(row[side].split()) for side in ("source", "translation")] for row in rows]
        pairs.write_text("".join("\t".join(pair) + "\n" for pair in texts), encoding="utf-8")
        command = [str(python), str(Path(__file__).with_name("filter_opus.py")), str(pairs), rows[0]["lang"]]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    return found | {
        "opusfilter filtering": theirs["filtered"],
        "opusfilter scoring": theirs["scored"],
        "opusfilter keeps %": round(100 * theirs["kept"] / theirs["rows"], 1),
        "x filtering": round(ours / theirs["filtered"], 1),
        "x scoring": round(ours / theirs["scored"], 1),
    }


if __name__ == "__main__":
    main()
