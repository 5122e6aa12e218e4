"""Put a study's tables into docs/study-cpu.md: `python benchmarks/study_page.py runs/study-cpu`.

A line `<!-- study.md: HEADING, table N -->` stands before each table of the page, `<!-- study.md: HEADING, answers -->`
before each list of answers; what follows, up to the next empty line, becomes what `study.md` has there. The pictures
are copied. The sentences around them are people's, so read them again afterwards.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "study-cpu.md"
MARK = re.compile(r"(<!-- study\.md: (.+), (?:table (\d+)|answers) -->\n)(?:.+\n)*")


def blocks(study: str) -> dict[tuple[str, str], str]:
    """Return (heading, number of the table, or "" for the list) → its lines in `study.md`."""
    found: dict[tuple[str, str], str] = {}
    for section in re.split(r"^## ", study, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        paragraphs = re.split(r"\n\n+", body.strip())
        tables = [text for text in paragraphs if text.startswith("| ")]
        found |= {(heading, str(n)): text for n, text in enumerate(tables, 1)}
        for text in paragraphs:
            if text.startswith("- "):  # the verdicts in words; those with numbers are in the tables
                found[heading, ""] = "\n".join(line for line in text.splitlines() if "[" not in line)
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    have = blocks((folder / "study.md").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    page = MARK.sub(lambda m: m[1] + have[m[2], m[3] or ""] + "\n", page)
    PAGE.write_text(page, encoding="utf-8")
    for name in ("curves", "languages"):
        shutil.copyfile(folder / f"{name}.svg", PAGE.parent / "img" / f"study-cpu-{name}.svg")


if __name__ == "__main__":
    main()
