"""Encoding damage: bytes read in the wrong encoding, replacement characters, control characters, bare escapes."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from mtqa.filter.codepage import wrong_letters
from mtqa.filter.target import Target
from mtqa.filter.text import characters, distinct

BROKEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202d\u202e\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff9-\uffff]"
)
"""Control characters, overrides of direction, lone surrogates, private use, U+FFFD: no text has them."""
ESCAPES = re.compile(
    r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\bU\+[0-9A-F]{4,5}\b|(?:=[0-9A-F]{2}){2,}|(?:%[0-9A-F]{2}){2,}"
    r"|(?<![A-Za-z])u00[0-9a-f]{2}|(?<=[a-z])u00[0-9a-f]{2}|\\[nrt](?![a-z])"
)
INSIDE = re.compile(
    r"(?<=[^\W\d_])[¤¦¨©¬®¯±¶¸¼½¾¿÷‡†‰™€√≈∞◊\u2500-\u259f](?=[^\W\d_])|(?<=[a-zß-ÿά-ώа-џ])\?(?=[a-zß-ÿά-ώа-џ])"
    r"|(?<=\b[A-Z])\?(?=[a-zß-ÿ]{2})|[^\W\d_]¬|\u00ad\u00ad"
)
"""Signs within words, and letters that became question marks."""
LATIN_CODECS = frozenset(
    ("cp1252", "latin-1", "iso8859-2", "cp1250", "cp1254", "cp1257", "mac_roman", "cp437", "cp850")
)
FTFY_CODECS = LATIN_CODECS | {"cp1251", "mac_cyrillic"}
OTHER_CODECS = ("koi8-r", "cp866", "cp1253", "cp1255", "cp1256", "cp874")
CJK_CODECS = ("gb18030", "big5", "shift_jis", "cp949")
CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef][^\x00-\x7f]+")
CJK_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
WITHIN_WORD = re.compile(rb"[a-z][\xc2-\xc5][\x80-\xbf]")
BESIDE = re.compile(r"[^\x00-\x7f]{2,}")
MIXED_SIGNS = re.compile(r"[\u0400-\u06ff\u0900-\u0e7f\u3040-\u9fff\uac00-\ud7a3\uff66-\uff9f]")
MIXED = re.compile(
    r"[a-zß-ž][\u0400-\u06ff\u0900-\u0e7f\u3040-\u9fff\uac00-\ud7a3\uff66-\uff9f]"
    r"|[\u0400-\u052f\u3040-\u9fff\uff66-\uff9f][a-zß-ž]"
)
LOOK_CYRILLIC = frozenset("aceiopxy")
ALIKE = re.compile("(?<=[а-џ])[aceiopxy]{1,2}(?=[а-џ])")
"""Latin letters that look like Cyrillic ones, in a Cyrillic word: once, a typing error."""
COVERED, COVERED_OTHER, MANY = 0.6, 0.9, 6
FIRST, COVERED_FIRST = 80, 0.5
MAC = frozenset({"mac_roman", "mac_cyrillic"})
NO_QUOTES = dict.fromkeys(map(ord, "‘’“”«»‹›"))
"""In Mac's encodings these are lead bytes, and make a letter of the é in `l’écran`."""
GRAVE = 10
"""What a replacement or control character counts: one is enough in a text of any length."""
ESCAPE_SIGNS = frozenset("\\=%+")
SIGNS = frozenset("?¬\u00ad¤¦¨©®¯±¶¸¼½¾¿÷‡†‰™€√≈∞◊") | frozenset(map(chr, range(0x2500, 0x25A0)))
"""Without one of these, `ESCAPES` (which may be `u00` too) and `INSIDE` match nothing."""
ASCII = bytes(range(0x80))
USUAL, LAST_USUAL = 0.7, 0xD7
RUSSIAN = frozenset(map(chr, (*range(0x80), *range(0x410, 0x450)))) | frozenset("Ёё«»„“”–—…")
"""Text of nothing else is right: of UTF-8 that was misread, half the signs are none of these."""


def encoding_damage(source: str | None, target: str, lang: Target) -> float | None:
    """Return the number of damaged places in a translation that its source has not; a replacement character counts ten.

    Counted are control and replacement characters, escapes that nobody resolved (`\\u00fc`, `=C3=BC`), signs within
    words, and text that was read in a wrong encoding: what ftfy's `badness` calls bad, what is for the most part valid
    UTF-8 again when written in one of the old encodings, and letters of another code page (`codepage`).
    """
    damage = 0
    for pattern in _patterns(target, lang):
        found = Counter(pattern.findall(target))
        if found and source:
            found -= Counter(pattern.findall(source))
        if pattern is not ALIKE or found.total() > 1:
            damage += found.total() * (GRAVE if pattern is BROKEN else 1)
    if not target.isascii():
        misread = _misread(target)
        damage += misread if not (misread and source and _misread(source)) else 0
        damage += wrong_letters(target, lang)
    return float(damage)


def _patterns(text: str, lang: Target) -> list[re.Pattern[str]]:
    """Return the patterns that may match: a look at the distinct characters rules most of them out."""
    patterns = [BROKEN] if BROKEN.search(distinct(text)) else []
    if not ESCAPE_SIGNS.isdisjoint(characters(text)) or "u00" in text:
        patterns.append(ESCAPES)
    if not SIGNS.isdisjoint(characters(text)):
        patterns.append(INSIDE)
    if lang.script == "Latn" and not text.isascii() and MIXED_SIGNS.search(distinct(text)):
        patterns.append(MIXED)
    if lang.script == "Cyrl" and not LOOK_CYRILLIC.isdisjoint(characters(text)):
        patterns.append(ALIKE)
    return patterns


def _misread(text: str) -> int:
    """Return the number of places that look like UTF-8 read in another encoding."""
    if "锟斤拷" in text:
        return GRAVE
    signs = characters(text)
    if signs <= RUSSIAN:
        return 0
    if not _leads().isdisjoint(signs) and (beside := " ".join(BESIDE.findall(text))):
        codecs = [
            codec
            for codec, (lead, rest, pair) in _pairs().items()
            if not lead.isdisjoint(signs) and not rest.isdisjoint(signs) and pair.search(beside)
        ]
        if most := max((_sequences(text, codec) for codec in codecs), default=0):
            return most
        if not FTFY_CODECS.isdisjoint(codecs):
            from ftfy.badness import badness

            if places := badness(text):
                return int(places)
    if not CJK_SIGNS.search(distinct(text)):
        return 0
    beyond = len(signs) - len(distinct(text).encode("ascii", "ignore"))
    if sum(map(_usual().__contains__, signs)) >= USUAL * beyond:
        return 0
    runs = " ".join(CJK_RUN.findall(text))
    return max((_sequences(runs, codec) for codec in CJK_CODECS), default=0) if runs else 0


def _sequences(text: str, codec: str) -> int:
    """Return the UTF-8 sequences of the text in `codec` where most bytes beyond ASCII are such, else 0.

    Most of the text must be writable in `codec`. Two sequences are enough in Latin codecs, or one within a word; texts
    in other scripts must consist of little else, and begin so, as their letters make sequences by chance.
    """
    if codec in MAC:
        text = text.translate(NO_QUOTES)
    found, covered, beyond = _as_utf8(text[:FIRST], codec)
    if codec not in LATIN_CODECS and covered < COVERED_FIRST * beyond:
        return 0
    if len(text) > FIRST:
        found, covered, beyond = _as_utf8(text, codec)
    if 2 * beyond < len(text) - len(text.encode("ascii", "ignore")):
        return 0
    if codec in LATIN_CODECS:
        enough = found >= 2 or (found == 1 and WITHIN_WORD.search(text.encode(codec, "ignore")) is not None)
        return found if enough and covered >= COVERED * beyond else 0
    return found if found >= MANY and covered >= COVERED_OTHER * beyond else 0


def _as_utf8(text: str, codec: str) -> tuple[int, int, int]:
    """Write a text in `codec` and read it as UTF-8: return the characters read, their bytes, and all such bytes.

    Counted are characters and bytes beyond ASCII.
    """
    raw = text.encode(codec, "ignore")
    beyond = len(raw.translate(None, ASCII))
    read = raw.decode("utf-8", "ignore").encode().translate(None, ASCII)
    return len(read.decode()), len(read), beyond


@cache
def _usual() -> frozenset[str]:
    """Return the signs and the 3,755 commonest characters of GB 2312; what is wrongly read as Chinese is rarer."""
    rows = (lead for lead in range(0xA1, LAST_USUAL + 1))
    return frozenset("".join(bytes((a, b)).decode("gb2312", "ignore") for a in rows for b in range(0xA1, 0xFF)))


@cache
def _leads() -> frozenset[str]:
    """Return what the lead bytes of UTF-8 are in any of the encodings."""
    return frozenset().union(*(lead for lead, _, _ in _pairs().values()))


@cache
def _pairs() -> dict[str, tuple[frozenset[str], frozenset[str], re.Pattern[str]]]:
    """Return, for each encoding, its lead bytes of UTF-8, its continuation bytes, and what matches one beside another.

    All as the characters that these bytes are in the encoding.
    """
    pairs = {}
    for codec in (*sorted(FTFY_CODECS), *OTHER_CODECS):
        lead = bytes(range(0xC2, 0xF5)).decode(codec, "ignore")
        if codec in MAC:
            lead = lead.translate(NO_QUOTES)
        rest = bytes(range(0x80, 0xC0)).decode(codec, "ignore") + "".join(map(chr, range(0x80, 0xA0)))
        pairs[codec] = frozenset(lead), frozenset(rest), re.compile(f"[{re.escape(lead)}][{re.escape(rest)}]")
    return pairs
