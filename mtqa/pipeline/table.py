"""Plain-text tables for the terminal."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence

LONG_TEXT = 400


def width(text: str) -> int:
    """Return how many terminal cells a text takes (wide East Asian characters two, combining marks none)."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return header and rows in aligned columns; columns that hold only numbers are right-aligned."""
    table = [list(header), *map(list, rows)]
    widths = [max(width(row[i]) for row in table) for i in range(len(header))]
    numeric = [all(_is_number(row[i]) for row in rows if row[i]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [
            " " * (widths[i] - width(c)) + c if numeric[i] else c + " " * (widths[i] - width(c))
            for i, c in enumerate(row)
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(table[0]), "  ".join("─" * w for w in widths), *map(line, table[1:])])


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("%", "").replace("−", "").strip().isdigit()


def short(text: str | None) -> str:
    """Return a text, cut after 400 characters with a note of its length; "(none)" for None."""
    if text is None:
        return "(none)"
    return text if len(text) <= LONG_TEXT else f"{text[:LONG_TEXT].rstrip()} … ({len(text):,} characters)"


def wrap(lead: str, text: str) -> str:
    """Return a text after a lead, wrapped at the terminal's width and indented by the lead's."""
    columns = max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))
    return textwrap.fill(text, columns, initial_indent=lead, subsequent_indent=" " * len(lead)) or lead.rstrip()
