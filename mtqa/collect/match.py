"""Finding an answer in a text as a reader would: as whole words."""

from __future__ import annotations

import re

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Thai, Lao, Burmese, Khmer, kana and Han, which write no blanks between words: there a border is anywhere."""


def places(text: str, answer: str, most: int = 2) -> list[int]:
    """Return the first `most` starts of an answer as whole words: `art` is not in `party`."""
    found: list[int] = []
    at = text.find(answer) if answer else -1
    while at >= 0 and len(found) < most:
        end = at + len(answer)
        if not (_joined(text[at - 1 : at], answer[0]) or _joined(answer[-1], text[end : end + 1])):
            found.append(at)
        at = text.find(answer, at + 1)
    return found


def only_place(text: str, answer: str) -> int | None:
    """Return where an answer stands if it stands there exactly once, else None: of two places either may be meant."""
    found = places(text, answer)
    return found[0] if len(found) == 1 else None


def holds(text: str, answer: str) -> bool:
    """Tell whether a text holds an answer as whole words, whatever the case."""
    return bool(places(text.lower(), answer.lower(), most=1))


def _joined(left: str, right: str) -> bool:
    """Tell whether two neighbouring characters belong to one word; an empty one is the text's edge."""
    return _letter(left) and _letter(right)


def _letter(character: str) -> bool:
    return (character.isalnum() or character == "_") and not _UNSPACED.match(character)
