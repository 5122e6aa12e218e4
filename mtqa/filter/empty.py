"""Nothing there: no text, or hardly anything but punctuation and symbols."""

from __future__ import annotations

import unicodedata

from mtqa.filter.target import Target


def symbol_share(source: str | None, target: str, lang: Target) -> float | None:
    """Return the share of visible characters that are no letter, mark or digit; 1 for an empty translation.

    Abstains where the source is no better itself (formulas, emoticons).
    """
    share = _share(target)
    return None if source is not None and share > 0 and _share(source) >= share else share


def _share(text: str) -> float:
    visible = "".join(text.split())
    if not visible:
        return 1.0
    symbols = sum(1 for c in visible if not c.isalnum() and unicodedata.category(c)[0] != "M")
    return symbols / len(visible)
