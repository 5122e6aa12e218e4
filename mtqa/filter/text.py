"""What several checks need to know about a text: its characters, its letters, and what of it was not copied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import filterfalse
from typing import NamedTuple

LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"
LETTERS = re.compile(rf"[{LATIN}]+|[^\W\d_{LATIN}]+")
"""Runs of letters; Latin ones end where another script begins, as in `NASUWT是什么`."""
TOKENS = re.compile(rf"[{LATIN}\d_]+|[^\W{LATIN}\d_]+")
"""The same with the digits in and between Latin ones."""
LATIN_LETTER, OTHER_LETTER = re.compile(f"[{LATIN}]"), re.compile(rf"[^\W\d_{LATIN}]")
_WORDS = re.compile(r"\w+")
ANCHORS = re.compile(rf"[\dA-Z\u00c0-\u00de](?:(?<=\d)\d{{0,14}}|(?<![{LATIN}].)[{LATIN}]{{2,}})")
"""Numbers, and words of three letters that begin with a capital; that one class begins all makes the search fast."""
WITH_CASE = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
"""Scripts in which a sentence begins with a capital."""
_SPLIT = re.compile(rf"({TOKENS.pattern})")
_BETWEEN = re.compile(rf"[^{LATIN}\d_\s]")
_ASCII_BETWEEN = {code: " " for code in range(128) if not re.match(r"\w", chr(code))}
NAME = 3
REMEMBERED = 128
"""Texts that a row's checks share what was found of: those of a few rows."""


class Uncopied(NamedTuple):
    """What of a translation does not stand in its source, and how many letters that has."""

    text: str
    letters: int


@lru_cache(maxsize=REMEMBERED)
def characters(text: str) -> frozenset[str]:
    """Return the distinct characters: a check whose signs are not among them need not read the text."""
    return frozenset(text)


@lru_cache(maxsize=REMEMBERED)
def distinct(text: str) -> str:
    """Return the distinct characters as a string, to look for one by a pattern: reading the text takes longer."""
    return "".join(characters(text))


def apart(source: str, target: str) -> bool:
    """Return whether two texts can have no letter in common: the translation has no Latin ones, the source no other."""
    return not LATIN_LETTER.search(distinct(target)) and not OTHER_LETTER.search(distinct(source))


@cache
def is_letter(char: str) -> bool:
    """Return whether a character is one that `LETTERS` matches."""
    return LETTERS.match(char) is not None


def letter_count(text: str) -> int:
    """Return the number of letters (Unicode categories L*; combining vowel signs do not count)."""
    return sum(map(len, LETTERS.findall(text)))


@lru_cache(maxsize=REMEMBERED)
def tokens(text: str) -> tuple[str, ...]:
    """Return a text's runs of Latin letters and digits, and of letters of other scripts.

    Of Latin text alone they are what is left between the other signs, which is found in half the time.
    """
    if text.isascii():
        return tuple(text.translate(_ASCII_BETWEEN).split())
    if OTHER_LETTER.search(distinct(text)):
        return pieces(text)[1::2]
    for sign in _BETWEEN.findall(distinct(text)):
        text = text.replace(sign, " ")
    return tuple(text.split())


@lru_cache(maxsize=REMEMBERED)
def words(text: str) -> tuple[str, ...]:
    """Return what stands between a text's white space."""
    return tuple(text.split())


@lru_cache(maxsize=REMEMBERED)
def squeezed(text: str) -> str:
    """Return a text with a space for any white space, none at its ends."""
    return " ".join(words(text))


def folded(text: str) -> str:
    """Return a text's words with a space between: equal for texts that differ in case and punctuation only."""
    text = text.casefold()
    return " ".join(text.translate(_ASCII_BETWEEN).split() if text.isascii() else _WORDS.findall(text))


@lru_cache(maxsize=REMEMBERED)
def pieces(text: str) -> tuple[str, ...]:
    """Return a text in pieces: every second, from the second on, is one of its tokens."""
    return tuple(_SPLIT.split(text))


def _folded(words: Sequence[str]) -> list[str]:
    return "\n".join(words).casefold().split("\n") if words else []


@lru_cache(maxsize=REMEMBERED)
def _known_words(source: str) -> frozenset[str]:
    """Return a text's runs of letters, case-folded, and its tokens that hold digits, which are none."""
    if len(source.casefold()) != len(source):  # letters that fold to several, of which some are none (İ)
        return frozenset(LETTERS.findall(source.casefold()))
    words = frozenset(_folded(tokens(source)))
    mixed = [token for token in filterfalse(str.isalpha, words) if not token.isdecimal()]
    return words.union(*map(LETTERS.findall, mixed)) if mixed else words


@lru_cache(maxsize=REMEMBERED)
def uncopied(source: str | None, target: str) -> Uncopied:
    """Return the translation with every word that also stands in the source left out, whatever its case.

    Names, units and quotations stay as they are in a good translation, so they say nothing about its language.
    """
    if not source or apart(source, target):
        return Uncopied(target, letter_count(target))
    known, found = _known_words(source), list(pieces(target))
    words = found[1::2]
    left = [" " if word in known else token for token, word in zip(words, _folded(words), strict=True)]
    letters = len("".join(left)) - left.count(" ")
    for n, token in enumerate(words):
        if not token.isalpha():  # a number, or letters beside digits
            letters -= len(left[n].strip())
            left[n] = token
            if not token.isdecimal():
                left[n] = LETTERS.sub(lambda word: " " if word[0].casefold() in known else word[0], token)
                letters += letter_count(left[n])
    if left == words:
        return Uncopied(target, letters)
    found[1::2] = left
    return Uncopied("".join(found), letters)


def without_names(source: str | None, target: str) -> str:
    """Return the translation without the words of three letters, not all small, that stand in its source.

    That is what misleads identifiers most, and is found sooner than all that was copied (`uncopied`).
    """
    if not source or apart(source, target):
        return target
    shared = frozenset(tokens(source)).intersection(tokens(target))
    for name in sorted((word for word in shared if len(word) >= NAME and not word.islower()), reverse=True):
        target = target.replace(name, " ")
    return target


@lru_cache(maxsize=REMEMBERED)
def anchors(text: str) -> frozenset[str]:
    """Return what a translation keeps as it is: numbers (in ASCII digits) and capitalised Latin words of three letters.

    Words are cut to their first five letters, as grammar changes their ends.
    """
    return frozenset(str(int(word)) if word.isdigit() else word[:5].casefold() for word in ANCHORS.findall(text))
