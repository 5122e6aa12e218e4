"""Where sentences end in source and translation."""

from __future__ import annotations

from mtqa.filter.target import Target

NO_SIGNS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
"""Scripts that do not mark the ends of sentences."""


def sentences(text: str, tag: str) -> list[str]:
    """Return a text's sentences without the white space around them; a line break ends one."""
    import sentencex

    text = text.encode("utf-8", "ignore").decode()
    return [line.strip() for piece in sentencex.segment(tag, text) for line in piece.splitlines() if line.strip()]


def language_tag(lang: Target) -> str:
    """Return the code that sentencex knows a language by."""
    return lang.labels[0] if lang.labels else lang.code.split("_")[0]
