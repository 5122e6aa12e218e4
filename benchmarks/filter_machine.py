"""Measure the filter on what NLLB and OPUS-MT really wrote of FLORES dev: what is rejected, and faults planted in it.

    python benchmarks/filter_machine.py data [--encoder demo] > filter_machine.json

Half of the lines, those that no threshold was fitted on. Whether rejections are right is judged by chrF beside the
human translation (sacrebleu): that of the rejected must be far lower, and `missed` says how many of the worst (chrF
under 20) are kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from filter import decisions, flores_pairs, planted_rows, row_of, shares_found
from fit_length import Pair, _lines, fitting_half

from mtqa.filter.settings import FilterSettings

BAD = 20.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder")
    options = parser.parse_args()
    fields = ("question", "sentence", "passage")
    settings = FilterSettings(encoder=options.encoder, thresholds={f"{field}.duplicate": None for field in fields})
    flores = flores_pairs(options.data, half=False)
    written, planted = {}, {}
    for system in ("nllb", "opusmt"):
        rows = []
        for path in sorted((options.data / "mt_outputs").glob(f"en-*/flores-dev.{system}.*")):
            code = path.suffix[1:]
            lines = _lines(path.with_name("flores-dev.en"), path)
            pairs = [pair for n, pair in enumerate(lines) if not fitting_half(n)]
            written[f"{system} {code}"] = _judged(pairs, flores[code], code, settings)
            rows += planted_rows(flores | {code: pairs}, code, half=False)
        planted[system] = shares_found(rows, settings)
    print(json.dumps({"rejected": written, "faults_found_percent": planted}, indent=1, ensure_ascii=False))


def _judged(pairs: list[Pair], human: list[Pair], code: str, settings: FilterSettings) -> dict[str, Any]:
    from sacrebleu.metrics import CHRF

    chrf = CHRF()
    rows = [row_of("sentence", code, *pair) for pair in pairs]
    scores: dict[bool, list[float]] = {True: [], False: []}
    reasons: Counter[str] = Counter()
    for (row, decision), (_, reference) in zip(decisions(rows, settings), human, strict=True):
        scores[decision["keep"]].append(chrf.sentence_score(row["translation"], [reference]).score)
        reasons.update(decision["reasons"])
    kept, rejected = scores[True], scores[False]
    return {
        "rows": len(rows),
        "rejected %": round(100 * len(rejected) / len(rows), 2),
        "chrF kept": round(statistics.mean(kept), 1),
        "chrF rejected": round(statistics.mean(rejected), 1) if rejected else None,
        "bad": sum(score < BAD for score in kept + rejected),
        "missed": sum(score < BAD for score in kept),
        "reasons": dict(reasons),
    }


if __name__ == "__main__":
    main()
