"""Fit mtqa/filter/lengths.yaml: usual log length ratios of translations from English, from one half of parallel data.

    python benchmarks/fit_length.py data > mtqa/filter/lengths.yaml

The half is chosen by hash of the line number; benchmarks/filter.py measures on the other half of FLORES dev, and on
XQuAD-R, which is never fitted on. A language's median is the mean of its data sets' medians.
"""

from __future__ import annotations

import gzip
import json
import math
import statistics
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from mtqa.core.hashing import content_id
from mtqa.core.languages import get, resolve
from mtqa.filter.calibrate import fit

SLACK = {"script": 0.25, "syllables": 0.45, "other": 0.45}
SYLLABARIES = ("Ethi", "Hang")
"""Scripts without data that write a syllable a letter: put halfway between alphabets and Chinese."""
HEADER = """\
# Medians of log((translation + 1) / (English + 1)) in code points, and robust standard deviations of the same for
# sources of 100 characters, by benchmarks/fit_length.py from halves of
# FLORES dev (CC BY-SA 4.0), Tatoeba (CC BY 2.0 FR), LAFAND-MT and SQuAD-it; Jpan from MLQE-PE. Languages without data
# are pooled by script, or over all, with `slack` added to what is allowed, and are called unfitted in reports.
"""
LIKE = {"Grek": ("Latn", "Cyrl"), "Armn": ("Latn", "Cyrl"), "Geor": ("Latn", "Cyrl"), "Hebr": ("Arab",)}
"""Scripts without data that write as these do: a letter a sound, or consonants only."""
Pair = tuple[str, str]


def fitting_half(number: int) -> bool:
    """Whether a line belongs to the half that thresholds are fitted on."""
    return int(content_id(str(number)), 16) % 2 == 0


def main(data: Path) -> None:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for lang, pairs in _sources(data):
        half = [pair for n, pair in enumerate(pairs) if fitting_half(n)]
        found[lang].append(fit(half))
        print(f"{lang}: {len(half):,} pairs, {found[lang][-1]}", file=sys.stderr)
    languages = {lang: _mean(values) for lang, values in sorted(found.items())}
    by_script: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for lang, fact in languages.items():
        by_script[get(lang).script].append((fact["median"], fact["spread"]))
    other = _mean([pair for script, pairs in by_script.items() if script != "Hans" for pair in pairs])
    by_script["Hant"] = by_script["Hans"]
    by_script["Jpan"] = [(_japanese(data / "qe/mlqe-pe-catastrophic-enja_majority_dev.tsv"), by_script["Hans"][0][1])]
    scripts = {script: _mean(values) for script, values in sorted(by_script.items())}
    scripts |= {script: _mean([(scripts[o]["median"], scripts[o]["spread"]) for o in LIKE[script]]) for script in LIKE}
    syllables = {key: round((other[key] + scripts["Hans"][key]) / 2, 3) for key in other}
    scripts |= {script: dict(syllables) for script in SYLLABARIES}
    table = {"languages": languages, "scripts": scripts, "other": other, "slack": SLACK}
    sys.stdout.write(HEADER + yaml.safe_dump(table, sort_keys=False, default_flow_style=None))


def _mean(values: list[tuple[float, float]]) -> dict[str, float]:
    """The mean median, and the greatest spread: a language's data sets differ."""
    return {
        "median": round(statistics.mean(median for median, _ in values), 3),
        "spread": round(max(spread for _, spread in values), 3),
    }


def _sources(data: Path) -> Iterator[tuple[str, list[Pair]]]:
    for folder in sorted((data / "mt_outputs").glob("en-*")):
        code = folder.name.removeprefix("en-")
        yield resolve(code), _lines(folder / "flores-dev.en", folder / f"flores-dev.{code}")
    for name in ("deu", "fra", "spa"):
        with zipfile.ZipFile(data / f"parallel/tatoeba-{name}-eng.zip") as archive:
            member = next(n for n in archive.namelist() if Path(n).name == f"{name}.txt")
            rows = [row.split("\t") for row in archive.read(member).decode().split("\n") if "\t" in row]
        yield resolve(name), [(row[0], row[1].strip()) for row in rows]
    yield resolve("swh"), _lines(data / "parallel/lafand-en-swa.en", data / "parallel/lafand-en-swa.swa")
    english, italian = (_questions(data / f"parallel_qa/squad-dev.{code}.jsonl.gz") for code in ("en", "it"))
    yield resolve("it"), [(english[key], italian[key]) for key in english if key in italian]


def _japanese(path: Path) -> float:
    """The median of machine translations into Japanese (MLQE-PE writes spaces between words): for its script's pool."""
    rows = [row.split("\t") for row in path.read_text(encoding="utf-8").split("\n") if row]
    return statistics.median(math.log((len(row[2].replace(" ", "")) + 1) / (len(row[1]) + 1)) for row in rows)


def _lines(source: Path, target: Path) -> list[Pair]:
    both = (path.read_text(encoding="utf-8").split("\n") for path in (source, target))
    return [(s.strip(), t.strip()) for s, t in zip(*both, strict=True) if s.strip() and t.strip()]


def _questions(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {row["id"]: row["question"] for row in map(json.loads, file)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
