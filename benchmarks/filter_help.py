"""Judge the translations of GNOME's help, 33 languages: how many of a program's handbook are rejected, by rules.

    apt-get download gnome-user-docs && dpkg-deb -x gnome-user-docs*.deb help
    python benchmarks/filter_help.py help/usr/share/help > filter_help.json

Titles are judged as answers, paragraphs of one sentence as sentences, three paragraphs that follow one another as a
passage (Mallard pages of the same structure in both languages). Translators are volunteers; some shorten, and a
handbook repeats itself. Rejected rows of the first run were looked at, and rules were changed by their kinds.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from filter import Row, decisions, row_of

from mtqa.core.languages import resolve
from mtqa.filter.settings import FilterSettings

MALLARD = "{http://projectmallard.org/1.0/}"
BLOCKS = {MALLARD + "p": "p", MALLARD + "title": "title", MALLARD + "desc": "desc"}
LEFT_OUT = {MALLARD + "credit", MALLARD + "include"}
LEAST, SENTENCE, PASSAGE, TITLE = 400, (30, 250), 250, 60
NAMES = {
    "fa": "pes_Arab",
    "lv": "lvs_Latn",
    "pt_BR": "por_Latn",
    "sr": "srp_Cyrl",
    "sr@latin": "srp_Latn",
    "zh_CN": "zho_Hans",
}
Block = tuple[str, str]


def blocks(page: Path) -> list[Block]:
    """Return a page's titles, descriptions and paragraphs with their kind, in order."""
    return list(_blocks(ElementTree.parse(page).getroot()))


def _blocks(element: ElementTree.Element) -> Iterator[Block]:
    if element.tag in LEFT_OUT:
        return
    if element.tag in BLOCKS:
        yield BLOCKS[element.tag], " ".join("".join(element.itertext()).split())
    for child in element:
        yield from _blocks(child)


def pairs_of(folder: Path, name: str) -> list[tuple[str, str, str, str]]:
    """Return (page, kind, English, translation) of pages that have one structure in both, untranslated text aside."""
    found = []
    for page in sorted((folder / "C" / "gnome-help").glob("*.page")):
        translated = folder / name / "gnome-help" / page.name
        ours, theirs = blocks(page), blocks(translated) if translated.is_file() else []
        if [kind for kind, _ in ours] == [kind for kind, _ in theirs]:
            found += [
                (page.name, kind, text, other)
                for (kind, text), (_, other) in zip(ours, theirs, strict=True)
                if text and other and text != other
            ]
    return found


def rows_of(code: str, pairs: list[tuple[str, str, str, str]]) -> Iterator[Row]:
    """Yield the titles, single sentences and passages of a language, each text once."""
    seen: set[str] = set()
    waiting: list[tuple[str, str]] = []
    before = ""
    gap = "" if code in ("zho_Hans", "jpn_Jpan") else " "
    for page, kind, text, other in pairs:
        if text in seen:
            continue
        seen.add(text)
        if kind != "p" or page != before or len(waiting) == 3:
            waiting = []
        before = page
        if kind == "p":
            waiting.append((text, other))
            if len(waiting) == 3 and sum(len(english) for english, _ in waiting) >= PASSAGE:
                yield row_of("passage", code, " ".join(a for a, _ in waiting), gap.join(b for _, b in waiting))
        if kind == "title" and len(text) < TITLE:
            yield row_of("answer", code, text, other)
        elif (
            SENTENCE[0] <= len(text) <= SENTENCE[1]
            and text[-1] == "."
            and len(re.findall(r"[.!?:](?=\s|$)", text)) == 1
        ):
            yield row_of("sentence", code, text, other)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("help", type=Path)
    folder = parser.parse_args().help
    rows: list[Row] = []
    for name in sorted(path.name for path in folder.iterdir() if path.name != "C"):
        pairs = pairs_of(folder, name)
        if len(pairs) >= LEAST:
            rows += rows_of(NAMES.get(name, "") or resolve(name), pairs)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, decision in decisions(rows, FilterSettings()):
        for key in (f"{row['lang']} {row['field']}", f"all {row['field']}"):
            counts[key]["rows"] += 1
            counts[key]["rejected"] += not decision["keep"]
            counts[key].update(decision["reasons"])
    print(
        json.dumps(
            {k: c | {"%": round(100 * c["rejected"] / c["rows"], 2)} for k, c in sorted(counts.items())}, indent=1
        )
    )


if __name__ == "__main__":
    main()
