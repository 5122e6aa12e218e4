"""Measure how many everyday translations with numbers the filter rejects: Tatoeba writes them as words as it likes.

    python benchmarks/filter_spoken.py data > filter_spoken.json

`data` holds parallel/tatoeba-LANG-eng.zip. Judged is every second English sentence with a number of two digits or more
and its translation; rules were changed by looking at the others. Printed are percent rejected, in all and by `numbers`.
"""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from pathlib import Path

from filter import decisions, row_of

from mtqa.core.languages import resolve
from mtqa.filter.settings import FilterSettings

NUMBER = re.compile(r"\d\d")


def pairs(path: Path) -> list[tuple[str, str]]:
    """Return the English sentences with numbers and their translations from a Tatoeba archive."""
    with zipfile.ZipFile(path) as archive:
        language = path.stem.split("-")[1]
        name = next(name for name in archive.namelist() if Path(name).name == f"{language}.txt")
        lines = archive.read(name).decode("utf-8").splitlines()
    fields = [line.split("\t") for line in lines]
    return [(english, other) for english, other, *_ in fields if NUMBER.search(english)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    found = {}
    for path in sorted((parser.parse_args().data / "parallel").glob("tatoeba-*-eng.zip")):
        code = path.stem.split("-")[1]
        rows = [row_of("sentence", resolve(code), *pair) for pair in pairs(path)[1::2]]
        reasons = [decision["reasons"] for _, decision in decisions(rows, FilterSettings())]
        found[code] = {
            "rows": len(rows),
            "rejected %": round(100 * sum(map(bool, reasons)) / len(rows), 2),
            "by numbers %": round(100 * sum("numbers" in reason for reason in reasons) / len(rows), 2),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
