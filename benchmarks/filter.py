"""Measure the filter: false rejections of professional translations, planted faults found, MLQE-PE.

    python benchmarks/filter.py data [false|faults|qe …] [--encoder demo] [--half fitted] > filter.json

Everything is judged by `mtqa filter --pairs`. False rejections: XQuAD-R beside English (nothing is
fitted on it, but its rejected rows were looked at while rules were written: docs/filter.md), and the held-out half of
FLORES dev. Faults: planted in the half of FLORES dev that lengths were not fitted
on (every third line), judged as questions and sentences; in passages of XQuAD-R's. `--half fitted` plants them in the
other half, for those who change checks.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filter_faults import MECHANICAL, REASONS, Texts, faults
from fit_length import Pair, _lines, fitting_half

from mtqa.core.languages import get, resolve
from mtqa.core.recipe import load_yaml
from mtqa.filter.pairs import judge_pairs
from mtqa.filter.semantic import DEMO, SCALES
from mtqa.filter.settings import FilterSettings

Row = dict[str, Any]


def decisions(rows: list[Row], settings: FilterSettings) -> Iterator[tuple[Row, Row]]:
    """Yield rows and what the filter decides of them."""
    with tempfile.TemporaryDirectory() as folder:
        pairs, out = Path(folder) / "pairs.jsonl", Path(folder) / "out.jsonl"
        pairs.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        judge_pairs(pairs, settings, out)
        with out.open(encoding="utf-8") as file:
            for row, line in zip(rows, file, strict=True):
                yield row, json.loads(line)


def false_rejections(data: Path, settings: FilterSettings, half: bool) -> dict[str, Any]:
    """Percent of good translations that are rejected, by field, language and reason."""
    rows: list[Row] = []
    english = xquad(data, "en")
    for path in sorted((data / "lareqa/xquad-r").glob("*.json")):
        other = xquad(data, path.stem) if path.stem != "en" else {}
        for field, texts in other.items():
            rows += [
                row_of(field, path.stem, english[field][k], text) for k, text in texts.items() if k in english[field]
            ]
    for code, pairs in flores_pairs(data, half).items():
        rows += [row_of("sentence", code, *pair) for pair in pairs]
    found: dict[str, Any] = {}
    for row, decision in decisions(rows, settings):
        group = found.setdefault(row["field"], {}).setdefault(row["lang"], defaultdict(int))
        group["rows"] += 1
        group["all"] += not decision["keep"]
        for reason in decision["reasons"]:
            group[reason] += 1
    for field, languages in found.items():
        shares = {
            lang: {name: round(100 * n / group["rows"], 2) for name, n in group.items() if name != "rows"}
            for lang, group in languages.items()
        }
        totals = [group["all"] for group in shares.values()]
        found[field] = shares | {"macro": round(statistics.mean(totals), 2), "worst": max(totals)}
    return found


def planted_faults(data: Path, settings: FilterSettings, half: bool) -> dict[str, Any]:
    """Percent of planted faults found, by kind, field and language; `reasons` counts what was given."""
    flores = flores_pairs(data, half)
    rows: list[Row] = []
    for code in flores:
        rows += planted_rows(flores, code, half)
    _passages(data, rows)
    return shares_found(rows, settings)


def planted_rows(flores: dict[str, list[Pair]], code: str, half: bool) -> list[Row]:
    """Return rows of a language with one fault each; `flores` holds all languages' pairs, line by line."""
    rows: list[Row] = []
    pairs, texts = flores[code], Texts(flores, code, get(resolve(code)).script)
    for kind, plant in faults(texts).items():
        draw = random.Random(f"{code} {kind} {half}")
        for n in range(len(kind) % 3, len(pairs), 6):
            _plant(rows, kind, ("question", "sentence")[n % 2], code, pairs[n], plant(n, pairs[n], draw))
    return rows


def shares_found(rows: list[Row], settings: FilterSettings) -> dict[str, Any]:
    """Percent of faulty rows (with a `kind`) that are rejected, by kind, field and language, and in sum."""
    found: dict[str, Any] = {}
    right: dict[str, list[bool]] = defaultdict(list)
    for row, decision in decisions(rows, settings):
        group = found.setdefault(row["kind"], {}).setdefault(row["field"], {}).setdefault(row["lang"], [])
        group.append(not decision["keep"])
        reasons = found[row["kind"]].setdefault("reasons", defaultdict(int))
        for reason in decision["reasons"]:
            reasons[reason] += 1
        if decision["reasons"]:
            right[row["kind"]].append(not set(REASONS[row["kind"]].split()).isdisjoint(decision["reasons"]))
    summaries = {"summary": _summary(found, None)}
    summaries["rejected for the right reason %"] = {kind: _percent(flags) for kind, flags in right.items()}
    if settings.encoder == DEMO:
        summaries["summary of languages that the encoder knows"] = _summary(found, set(load_yaml(SCALES)))
    for fields in found.values():
        for field, languages in fields.items():
            if field != "reasons":
                shares = {lang: round(100 * statistics.mean(flags), 1) for lang, flags in languages.items()}
                fields[field] = shares | {"macro": round(statistics.mean(shares.values()), 1)}
    return found | summaries


def _summary(found: dict[str, Any], known: set[str] | None) -> dict[str, float]:
    """Return the percent found by kind (the mean of fields, of languages) and their means; `known`: only these."""
    macros: dict[str, float] = {}
    for kind, fields in found.items():
        languages = [
            [statistics.mean(f) for lang, f in flags.items() if known is None or resolve(lang) in known]
            for field, flags in fields.items()
            if field != "reasons"
        ]
        if any(languages):
            macros[kind] = 100 * statistics.mean(statistics.mean(shares) for shares in languages if shares)
    return {kind: round(share, 1) for kind, share in macros.items()} | {
        "macro": round(statistics.mean(macros.values()), 1),
        "mechanical": round(statistics.mean(share for kind, share in macros.items() if kind in MECHANICAL), 1),
    }


def _plant(rows: list[Row], kind: str, field: str, code: str, pair: Pair, bad: str | Pair | None) -> None:
    source, text = bad if isinstance(bad, tuple) else (pair[0], bad)
    if text is not None and (source, text) != pair:
        rows.append(row_of(field, code, source, text) | {"kind": kind})


def _passages(data: Path, rows: list[Row]) -> None:
    """Plant faults of sentences in passages of XQuAD-R, whose sentences are known."""
    english = xquad(data, "en")["passage"]
    for path in sorted((data / "lareqa/xquad-r").glob("*.json")):
        code, draw = path.stem, random.Random(path.stem)
        if code == "en":
            continue
        raw = json.loads(path.read_text(encoding="utf-8"))
        paragraphs = [p for article in raw["data"] for p in article["paragraphs"]]
        for n, paragraph in enumerate(paragraphs[::4]):
            sentences = [s.strip() for s in paragraph["sentences"] if s.strip()]
            source, gap = english[4 * n], "" if code == "zh" else " "
            other = [s.strip() for s in paragraphs[(4 * n + 7) % len(paragraphs)]["sentences"] if s.strip()]
            if len(sentences) < 3:
                continue
            place = draw.randrange(len(sentences))
            dropped = gap.join(sentences[:place] + sentences[place + 1 :])
            added = gap.join([*sentences[:place], draw.choice(other), *sentences[place:]])
            halved = gap.join(sentences[: len(sentences) // 2])
            for kind, text in (("sentence dropped", dropped), ("invented sentence", added), ("half dropped", halved)):
                rows.append(row_of("passage", code, source, text) | {"kind": kind})
            rows.append(row_of("passage", code, source, gap.join(other)) | {"kind": "shuffled"})


def critical_errors(data: Path, settings: FilterSettings) -> dict[str, Any]:
    """The area under the curve of each score on MLQE-PE's critical errors (1: errors score higher), and recall."""
    result = {}
    for path in sorted((data / "qe").glob("*.tsv")):
        code = path.stem.removeprefix("mlqe-pe-catastrophic-en").split("_")[0]
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        rows = [
            row_of("sentence", code, line[1], line[2]) | {"error": line[-1].strip() == "ERR"}
            for line in lines
            if line[-1].strip() in ("ERR", "NOT")
        ]
        judged = list(decisions(rows, settings))
        errors = [row["error"] for row, _ in judged]
        scores: dict[str, Any] = {
            "rejected errors %": _percent([not d["keep"] for r, d in judged if r["error"]]),
            "rejected others %": _percent([not d["keep"] for r, d in judged if not r["error"]]),
        }
        for check in judged[0][1]["scores"]:
            values = [d["scores"][check] or 0.0 for _, d in judged]
            scores[check] = _area(values, errors)
        result[code] = scores | {"errors": sum(errors), "rows": len(errors)}
    return result


def row_of(field: str, code: str, source: str, text: str) -> Row:
    return {"id": "", "source": source, "translation": text, "lang": code, "field": field}


def flores_pairs(data: Path, half: bool) -> dict[str, list[Pair]]:
    found = {}
    for folder in sorted((data / "mt_outputs").glob("en-*")):
        code = folder.name.removeprefix("en-")
        lines = _lines(folder / "flores-dev.en", folder / f"flores-dev.{code}")
        found[code] = [pair for n, pair in enumerate(lines) if fitting_half(n) == half]
    return found


def xquad(data: Path, code: str) -> dict[str, dict[Any, str]]:
    raw = json.loads((data / f"lareqa/xquad-r/{code}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]]
    questions = [question for paragraph in paragraphs for question in paragraph["qas"]]
    return {
        "question": {q["id"]: q["question"] for q in questions},
        "passage": {n: paragraph["context"] for n, paragraph in enumerate(paragraphs)},
        "answer": {q["id"]: q["answers"][0]["text"] for q in questions},
    }


def _area(values: list[float], errors: list[bool]) -> float:
    """The chance that an error scores higher than another row, ties half."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    bad = sum(errors)
    total = sum(rank for rank, error in zip(ranks, errors, strict=True) if error)
    return round((total - bad * (bad + 1) / 2) / (bad * (len(errors) - bad)), 3)


def _percent(flags: list[bool]) -> float:
    return round(100 * statistics.mean(flags), 2) if flags else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*", choices=["false", "faults", "qe", []], default=[])
    parser.add_argument("--encoder")
    parser.add_argument("--half", choices=["held-out", "fitted"], default="held-out")
    options = parser.parse_args()
    settings = FilterSettings(encoder=options.encoder, thresholds={})
    # Faults of many rows share texts: that is the benchmark's doing, not the translator's.
    settings = settings.model_copy(
        update={"thresholds": {f"{f}.duplicate": None for f in ("question", "sentence", "passage")}}
    )
    half = options.half == "fitted"
    parts = options.parts or ["false", "faults", "qe"]
    result: dict[str, Any] = {}
    if "false" in parts:
        result["false_rejections_percent"] = false_rejections(options.data, settings, half)
    if "faults" in parts:
        result["faults_found_percent"] = planted_faults(options.data, settings, half)
    if "qe" in parts:
        result["mlqe_pe"] = critical_errors(options.data, settings)
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
