"""Judge AfriQA's translations whole, as data that no rule or bound was made with: rejected by language and field.

    python benchmarks/filter_afriqa.py data [--samples 10] > filter_afriqa.json

`data` holds low_resource/afriqa.LANG.SPLIT.json. Questions were asked in the African language and translated into
English, answers the other way round; judged are the African texts beside the English ones. Samples are rejected rows,
for the eye.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from filter import Row, decisions, row_of

from mtqa.filter.settings import FilterSettings


def rows_of(path: Path) -> list[Row]:
    """Return a file's questions and answers beside their English."""
    code, found = path.name.split(".")[1], []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.append(row_of("question", code, row["question_translated"], row["question_lang"]))
        english = row["answer_pivot"]["text"]
        if english and row["answer_lang"]:
            found.append(row_of("answer", code, english[0], row["answer_lang"]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--samples", type=int, default=0)
    options = parser.parse_args()
    rows = [row for path in sorted((options.data / "low_resource").glob("afriqa.*.json")) for row in rows_of(path)]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rejected: list[Any] = []
    for row, decision in decisions(rows, FilterSettings()):
        group = counts[f"{row['lang']} {row['field']}"]
        group["rows"] += 1
        group["rejected"] += not decision["keep"]
        group.update(decision["reasons"])
        if not decision["keep"]:
            rejected.append({key: row[key] for key in ("lang", "field", "source", "translation")} | decision)
    found: dict[str, Any] = {
        name: dict(group) | {"rejected %": round(100 * group["rejected"] / group["rows"], 2)}
        for name, group in sorted(counts.items())
    }
    samples = random.Random(0).sample(rejected, min(options.samples, len(rejected)))
    for sample in samples:
        sample["scores"] = {name: sample["scores"][name] for name in sample["reasons"]}
    print(json.dumps(found | {"samples": samples}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
