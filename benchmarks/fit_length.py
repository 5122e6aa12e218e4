"""Fit mtqa/filter/lengths.yaml: usual log length ratios of translations from English, from one half of parallel data.

    pip install polib
    python benchmarks/fit_length.py data resource > mtqa/filter/lengths.yaml

`resource` is usr/lib/libreoffice/program/resource of Debian's packages libreoffice-l10n-* (4:7.4.7), unpacked: what
LibreOffice says in some 90 languages, professionally and by volunteers (MPL 2.0; only medians and spreads are kept).
Messages are shorter than prose: the mean difference, over languages that have both, is added to their medians, and two
standard deviations of the difference are their slack.

The half is chosen by hash of the line number; benchmarks/filter.py measures on the other half of FLORES dev, and on
XQuAD-R, which is never fitted on. A language's median is the mean of its data sets' medians.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.languages import get, resolve
from mtqa.filter.calibrate import fit

SLACK = {"script": 0.25, "other": 0.45}
LEAST_LETTERS, LEAST_WORDS, LEAST_MESSAGES = 40, 6, 250
"""Messages that are sentences, and how many of them say something about a language."""
MARKS, VARIABLE = re.compile(r"\(~\w\)|[~_]"), re.compile(r"[\n%$<]")
"""Signs for keys, which are left out; messages with placeholders are."""
HEADER = """\
# Medians of log((translation + 1) / (English + 1)) in code points, and robust standard deviations of the same for
# sources of 100 characters, by benchmarks/fit_length.py: `languages` from halves of FLORES dev (CC BY-SA 4.0), Tatoeba
# (CC BY 2.0 FR), LAFAND-MT and SQuAD-it, `messages` from LibreOffice's in Debian 12 (MPL 2.0), put right by what prose
# and messages differ. Others are pooled by script, or over all, and are called unfitted in reports. `slack` is added to
# what is allowed.
"""
LIKE = {"Armn": ("Latn", "Cyrl")}
"""Scripts without data that write as these do: a letter a sound."""
Pair = tuple[str, str]


def fitting_half(number: int) -> bool:
    """Whether a line belongs to the half that thresholds are fitted on."""
    return int(content_id(str(number)), 16) % 2 == 0


def main(data: Path, resource: Path) -> None:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for lang, pairs in _sources(data):
        half = [pair for n, pair in enumerate(pairs) if fitting_half(n)]
        found[lang].append(fit(half))
        print(f"{lang}: {len(half):,} pairs, {found[lang][-1]}", file=sys.stderr)
    languages = {lang: _mean(values) for lang, values in sorted(found.items())}
    messages, slack = _messages(resource, languages)
    by_script, of_messages = _by_script(languages), _by_script(messages)
    other = _mean([pair for script, pairs in by_script.items() if script != "Hans" for pair in pairs])
    scripts = {script: _mean(values) for script, values in sorted((of_messages | by_script).items())}
    scripts |= {script: _mean([(scripts[o]["median"], scripts[o]["spread"]) for o in LIKE[script]]) for script in LIKE}
    slacks = SLACK | {"messages": slack}
    table = {"languages": languages, "messages": messages, "scripts": scripts, "other": other, "slack": slacks}
    sys.stdout.write(HEADER + yaml.safe_dump(table, sort_keys=False, default_flow_style=None))


def _mean(values: list[tuple[float, float]]) -> dict[str, float]:
    """The mean median, and the greatest spread: a language's data sets differ."""
    return {
        "median": round(statistics.mean(median for median, _ in values), 3),
        "spread": round(max(spread for _, spread in values), 3),
    }


def _by_script(facts: dict[str, dict[str, float]]) -> dict[str, list[tuple[float, float]]]:
    by_script: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for lang, fact in facts.items():
        by_script[get(lang).script].append((fact["median"], fact["spread"]))
    return by_script


def _messages(resource: Path, prose: dict[str, dict[str, float]]) -> tuple[dict[str, dict[str, float]], float]:
    """Return the facts of languages that only messages are known of, as of prose, and the slack that these need."""
    found = {}
    for folder in sorted(path for path in resource.iterdir() if "@" not in path.name):
        try:
            lang = resolve(folder.name.replace("_", "-"))
        except UsageError:
            continue
        pairs = _messages_of(folder)
        if len(pairs) >= LEAST_MESSAGES:
            found[lang] = fit(pairs)
            print(f"{lang}: {len(pairs):,} messages, {found[lang]}", file=sys.stderr)
    differences = [prose[lang]["median"] - median for lang, (median, _) in found.items() if lang in prose]
    shift, slack = statistics.mean(differences), 2 * statistics.stdev(differences)
    print(f"prose - messages: {shift:.3f}, slack {slack:.3f}, {len(differences)} languages", file=sys.stderr)
    only = {lang: _mean([(median + shift, spread)]) for lang, (median, spread) in found.items() if lang not in prose}
    return dict(sorted(only.items())), round(slack, 3)


def _messages_of(folder: Path) -> list[Pair]:
    from polib import mofile

    pairs = {
        (MARKS.sub("", entry.msgid).strip(), MARKS.sub("", entry.msgstr).strip())
        for path in sorted(folder.glob("LC_MESSAGES/*.mo"))
        for entry in mofile(str(path))
        if not VARIABLE.search(entry.msgid)
    }
    return sorted(
        (s, t) for s, t in pairs if len(s) >= LEAST_LETTERS and len(s.split()) >= LEAST_WORDS and t and t != s
    )


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


def _lines(source: Path, target: Path) -> list[Pair]:
    both = (path.read_text(encoding="utf-8").split("\n") for path in (source, target))
    return [(s.strip(), t.strip()) for s, t in zip(*both, strict=True) if s.strip() and t.strip()]


def _questions(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {row["id"]: row["question"] for row in map(json.loads, file)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
