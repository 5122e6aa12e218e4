"""Rows a second of OpusFilter's default filters. Run by filter_speed.py in an environment that has opusfilter.

`filtered`: a row that fails one filter does not reach the next. `scored`: every filter sees every row, as in mtqa.

python filter_opus.py pairs.tsv LANG        (English beside a translation, one pair a line)
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from opusfilter.autogen import DefaultParameterFilters
from opusfilter.pipeline import FilterPipeline

SCRIPTS = {"ru": "Cyrillic", "zh": "Han"}


def main(path: Path, lang: str) -> None:
    pairs = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]
    config = DefaultParameterFilters(langs=["en", lang], scripts=["Latin", SCRIPTS.get(lang, "Latin")])
    config.set_filter_thresholds()
    filters = FilterPipeline.from_config(config._filters)
    list(filters.filter(pairs[:20]))
    began = time.process_time()
    kept = sum(1 for _ in filters.filter(pairs))
    filtered = round(len(pairs) / (time.process_time() - began))
    began = time.process_time()
    for _ in filters.score(pairs):
        pass
    scored = round(len(pairs) / (time.process_time() - began))
    names = [next(iter(f)) for f in config._filters]
    print(json.dumps({"filtered": filtered, "scored": scored, "kept": kept, "rows": len(pairs), "filters": names}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
