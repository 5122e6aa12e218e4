"""Encoding damage: bytes read in the wrong encoding, replacement characters, control characters, bare escapes."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from mtqa.filter.target import Target

BROKEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff9-\uffff]")
"""Control characters, lone surrogates, private use, U+FFFD: no text has them."""
ESCAPES = re.compile(
    r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\bU\+[0-9A-F]{4,5}\b|(?:=[0-9A-F]{2}){2,}|(?:%[0-9A-F]{2}){2,}"
    r"|(?<![A-Za-z])u00[0-9a-f]{2}|(?<=[a-z])u00[0-9a-f]{2}|\\[nrt](?![a-z])"
)
INSIDE = re.compile(
    r"(?<=[^\W\d_])[¤¦¨©¬®¯±¶¸¼½¾¿÷‡†‰™€√≈∞◊\u2500-\u259f](?=[^\W\d_])|(?<=[a-zß-ÿ])\?(?=[a-zß-ÿ])"
    r"|(?<=\b[A-Z])\?(?=[a-zß-ÿ]{2})|[^\W\d_]¬|\u00ad\u00ad"
)
"""Signs within words, and letters that became question marks."""
FTFY_CODECS = (
    *("cp1252", "latin-1", "iso8859-2", "cp1250", "cp1254", "cp1257", "cp1251", "mac_roman", "mac_cyrillic"),
    *("cp437", "cp850"),
)
OTHER_CODECS = ("koi8-r", "cp866", "cp1253", "cp1255", "cp1256", "cp874")
CJK_CODECS = ("gb18030", "big5", "shift_jis", "cp949")
CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef][^\x00-\x7f]+")
SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
WITHIN_WORD = re.compile(rb"[a-z][\xc2-\xc5][\x80-\xbf]")
HIGH = re.compile(rb"[\x80-\xff]")
BESIDE = re.compile(r"[^\x00-\x7f]{2}")
MIXED = re.compile(
    r"[a-zß-ž][\u0400-\u06ff\u0900-\u0e7f\u3040-\u9fff\uac00-\ud7a3]|[\u0400-\u052f\u3040-\u9fff][a-zß-ž]"
)
COVERED, COVERED_CJK = 0.6, 0.8
TRIGGER = re.compile(r"[\\=%+]|u00")


def encoding_damage(source: str | None, target: str, lang: Target) -> float | None:
    """Return the number of damaged places in a translation that its source has not.

    Counted are control and replacement characters, escapes that nobody resolved (`\\u00fc`, `=C3=BC`), signs within
    words, and text that was UTF-8 and read as something else: what ftfy's `badness` calls bad, or what is for the most
    part valid UTF-8 again when written in one of the old encodings.
    """
    patterns = [BROKEN]
    if TRIGGER.search(target):
        patterns.append(ESCAPES)
    if not target.isascii():
        patterns.append(INSIDE)
        if lang.script == "Latn":
            patterns.append(MIXED)
    elif "?" in target:
        patterns.append(INSIDE)
    damage = 0
    for pattern in patterns:
        found = Counter(pattern.findall(target))
        if found and source:
            found -= Counter(pattern.findall(source))
        damage += found.total()
    if damage or target.isascii():
        return float(damage)
    return float(_misread(target) and not (source and _misread(source)))


def _misread(text: str) -> bool:
    """Whether a text looks like UTF-8 read in another encoding."""
    if "锟斤拷" in text:
        return True
    if BESIDE.search(text):
        codecs = [codec for codec, pair in _pairs().items() if pair.search(text)]
        if any(_is_utf8_in(text, codec, COVERED) for codec in codecs):
            return True
        if not set(codecs).isdisjoint(FTFY_CODECS):
            from ftfy.badness import is_bad

            if is_bad(text):
                return True
    runs = " ".join(CJK_RUN.findall(text))
    return bool(runs) and any(_is_utf8_in(runs, codec, COVERED_CJK) for codec in CJK_CODECS)


def _is_utf8_in(text: str, codec: str, covered: float) -> bool:
    """Whether most bytes beyond ASCII of the text in `codec` are UTF-8 sequences, two at least or one within a word."""
    raw = text.encode(codec, "ignore")
    sequences = SEQUENCE.findall(raw)
    enough = len(sequences) >= 2 or (codec in FTFY_CODECS and WITHIN_WORD.search(raw) is not None)
    return enough and sum(map(len, sequences)) >= covered * len(HIGH.findall(raw))


@cache
def _pairs() -> dict[str, re.Pattern[str]]:
    """Return, for each encoding, what matches where a lead byte and a continuation byte of UTF-8 stand side by side."""
    pairs = {}
    for codec in (*FTFY_CODECS, *OTHER_CODECS):
        lead = bytes(range(0xC2, 0xF5)).decode(codec, "ignore")
        rest = bytes(range(0x80, 0xC0)).decode(codec, "ignore")
        pairs[codec] = re.compile(f"[{re.escape(lead)}][{re.escape(rest)}\x80-\x9f]")
    return pairs
