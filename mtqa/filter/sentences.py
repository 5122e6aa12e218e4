"""Where sentences end in source and translation."""

from __future__ import annotations

from functools import lru_cache

from mtqa.filter.target import Target
from mtqa.filter.text import REMEMBERED

NO_SIGNS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
"""Scripts that do not mark the ends of sentences."""


@lru_cache(maxsize=REMEMBERED)
def sentences(text: str, tag: str) -> tuple[str, ...]:
    """Return a text's sentences without the white space around them; a line break ends one."""
    import sentencex

    text = text.encode("utf-8", "ignore").decode()
    lines = (line.strip() for piece in sentencex.segment(tag, text) for line in piece.splitlines())
    return tuple(line for line in lines if line)


def language_tag(lang: Target) -> str:
    """Return the code that sentencex knows a language by."""
    return lang.labels[0] if lang.labels else lang.code.split("_")[0]
