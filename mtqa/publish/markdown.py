"""Text for cards: escaped Markdown, tables, YAML front matter. What comes from data can break neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def escape(text: object, limit: int | None = None) -> str:
    """Return a text as one line that Markdown shows literally; over `limit` characters it ends in an ellipsis.

    Control characters and bidirectional overrides are dropped, entities and bare links are broken up.
    """
    line = " ".join(str(text).split())
    line = "".join(c for c in line if c not in _BIDI and unicodedata.category(c) != "Cc")
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    line = _SPECIAL.sub(r"\\\1", line.replace("&", "&amp;"))
    return line.replace("://", "&#58;//").replace("www.", "www&#46;")


def code(text: object) -> str:
    """Return a short text (an identifier) as inline code, safe inside a table."""
    line = " ".join(str(text).split()).replace("`", "'").replace("|", "¦")
    return f"`{line}`" if line else ""


def fence(text: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{language}\n{text.rstrip()}\n{mark}"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, text: bool = False) -> str:
    """Return a Markdown table of cells that are escaped already.

    Columns that hold numbers only are right-aligned, unless all is `text`.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    right = [bool(cells) and not text and all(_number(row[i]) for row in cells) for i in range(len(header))]
    rule = ["--:" if r else "---" for r in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in (list(header), rule, *cells))


def link(label: str, url: str) -> str:
    """Return a link where the address is plain http(s), else the escaped label alone."""
    if re.fullmatch(r"https?://[^\s<>()\[\]|\"'`]+", url or ""):
        return f"[{escape(label)}]({url})"
    return escape(label)


def front_matter(values: dict[str, Any]) -> str:
    """Return the YAML block that opens a card, without keys whose value is None or empty."""
    import yaml

    kept = {key: value for key, value in values.items() if value not in (None, [], {}, "")}
    return "---\n" + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120) + "---\n"


def listing(parts: Sequence[str], joint: str = "and") -> str:
    """Return `a, b and c`."""
    return ", ".join(parts[:-1]) + f" {joint} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _number(cell: str) -> bool:
    return cell in ("", "–") or bool(re.fullmatch(r"[−-]?[\d,.]+ ?%?", cell))
