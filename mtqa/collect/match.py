"""Finding an answer in a text as a reader would: as whole words, whatever the case."""

from __future__ import annotations

import re
from functools import lru_cache

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Han, which write no blanks between words: there a border is anywhere."""


@lru_cache(maxsize=4096)
def _pattern(answer: str, exact: bool) -> re.Pattern[str]:
    letter = rf"[^\W{UNSPACED}]"
    before = rf"(?<!{letter})" if re.match(letter, answer[:1]) else ""
    after = rf"(?!{letter})" if re.match(letter, answer[-1:]) else ""
    return re.compile(before + re.escape(answer) + after, 0 if exact else re.IGNORECASE)


def places(text: str, answer: str, *, exact: bool = True, most: int = 2) -> list[int]:
    """Return the first `most` starts of an answer as whole words (`art` is not in `party`); `exact` minds the case."""
    found: list[int] = []
    if answer and (not exact or answer in text):
        for hit in _pattern(answer, exact).finditer(text):
            found.append(hit.start())
            if len(found) == most:
                break
    return found


def only_place(text: str, answer: str) -> int | None:
    """Return where an answer stands if it stands there exactly once, else None: of two places either may be meant."""
    found = places(text, answer)
    return found[0] if len(found) == 1 else None


def holds(text: str, answer: str) -> bool:
    """Tell whether a text holds an answer as whole words, whatever the case."""
    return bool(places(text, answer, exact=False, most=1))
