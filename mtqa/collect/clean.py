"""Cleaning of text, and finding the answer again in the cleaned passage."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[\t\n\x20-\x7e]*")  # nothing for ftfy to mend, which is slow
_ALMOST = re.compile(r"[\t\n\x20-\x7e\u2018\u2019\u201c\u201d\u2013\u2014\u2026ÄÅÇÉÑÖÜßàáâäåçèéêëíîïñóôöøúûü]*")
"""ASCII with quotation marks, dashes and the letters of neighbours: ftfy sees mojibake in such text only where two of
them stand side by side (`ftfy.badness`), and else mends nothing but the quotation marks."""
_SIDE_BY_SIDE = re.compile(r"[^\x00-\x7f]{2}")
_STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_BLOCK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|table|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(r"</?(?:a|b|i|u|em|strong|span|font|sub|sup|small|td|th)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_NEWLINE = re.compile(r" ?\n ?")
_NEWLINES = re.compile(r"\n{3,}")


@lru_cache(maxsize=64)
def clean_text(text: str) -> str:
    """Return text with mended Unicode, without HTML tags and entities, and with plain whitespace.

    Unicode as ftfy does it: mojibake, control characters, ligatures, curly quotes, NFC. Runs of blanks become one
    blank; line breaks stay, at most two in a row. Cleaning twice changes nothing more in all but contrived text.
    """
    if "<" in text:
        text = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n", text))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if not _PLAIN.fullmatch(text):
        text = _SPACES.sub(" ", _mended(text))
    elif "  " in text or "\t" in text:
        text = _SPACES.sub(" ", text)
    if "\n" in text:
        text = _NEWLINES.sub("\n\n", _AROUND_NEWLINE.sub("\n", text))
    return text.strip()


def clean_line(text: str) -> str:
    """Return cleaned text on one line (questions, titles)."""
    cleaned = clean_text(text)
    return " ".join(cleaned.split()) if "\n" in cleaned else cleaned


def _mended(text: str) -> str:
    """Return text as ftfy mends it."""
    if _ALMOST.fullmatch(text) and not _SIDE_BY_SIDE.search(text):
        return text.translate(_STRAIGHT)
    import ftfy

    return str(ftfy.fix_text(text, _config()))


@lru_cache(maxsize=1)
def _config() -> Any:
    import ftfy

    return ftfy.TextFixerConfig(unescape_html=False, explain=False)


def relocate(raw_passage: str, passage: str, raw_answer: str, answer: str, start: int) -> int | None:
    """Return where the cleaned answer stands in the cleaned passage, None where that cannot be told.

    `start` is its place in the raw passage. Where the raw text at `start` is the answer, that occurrence is meant: the
    same one counted from the left, or the one at the nearest share of the length where cleaning changed how many there
    are. Where it is not (a wrong offset), the answer is found only if it occurs once.
    """
    right = raw_passage[start : start + len(raw_answer)] == raw_answer
    if right and passage == raw_passage and answer == raw_answer:
        return start
    places = occurrences(passage, answer)
    if len(places) < 2 or not right:
        return places[0] if len(places) == 1 else None
    raw_places = occurrences(raw_passage, raw_answer)
    if len(raw_places) == len(places):
        return places[raw_places.index(start)]
    near = start * len(passage) / len(raw_passage)
    return min(places, key=lambda place: (abs(place - near), place))


def occurrences(text: str, part: str) -> list[int]:
    """Return all starts of a part in a text, overlapping ones too."""
    found, at = [], text.find(part)
    while at >= 0 and part:
        found.append(at)
        at = text.find(part, at + 1)
    return found
