"""Left untranslated: the source, or a run of its words, stands in the translation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from mtqa.filter.language import CLEAR_WORDS, ENGLISH_WORDS
from mtqa.filter.protected import without_protected
from mtqa.filter.target import Target
from mtqa.filter.text import TOKENS, apart, characters, tokens

PLAIN_SHARE = 0.6
COPIED_SHARE, COPIED_WORDS, COPIED_CONTENT = 0.75, 5, 3
UNTRANSLATED = 4.0
WORD = 4
WORDS_KEPT = 1 << 16
END_LETTERS, END_SHARE, END_SCORE = 15, 0.35, 9
SENTENCE_END, SENTENCE_WORDS = re.compile(r"[.?!](?=\s+[A-Z])"), 3
FEW = 3
"""Words of a run from which on it matters whether they are an address."""
ALONE = 0, 0, False, False
ASKING = frozenset(
    {"what", "when", "where", "who", "why", "how", "which", "whose", "did", "does", "is", "are", "was", "were"}
)
QUOTES = frozenset('"“')
QUOTED = re.compile(r'"[^"]{1,60}"|“[^”]{1,60}”')


def copied_run(source: str | None, target: str, lang: Target) -> float | None:
    """Return the greatest number of lower-case words in an unbroken run of source words in the translation.

    Counted are words of two letters or more, in runs where they are three of five: names, titles, formulas and short
    quotations stay as they are in good translations. A run of two or more counts one more where it holds a function
    word that titles hardly have (that, was, which …), and one more in a script that is not English's. All such words
    count, where three in four (of five at least) are the source's. A translation that is the source throughout counts
    four at least, if it holds more than names: three lower-case words, or a function word beside another word, or two
    words in another script than Latin; one that is the source for a third, at its beginning or end, or holds a whole
    sentence of a longer source, counts nine. Addresses, placeholders and handles count as nothing.
    """
    if not source:
        return None
    if apart(source, target):
        return 0.0
    foreign = lang.script not in ("Latn", "")
    run = _copied(source, target, foreign)
    if run >= FEW:
        bare = without_protected(source), without_protected(target)
        run = run if bare == (source, target) else _copied(*bare, foreign)
    return float(run)


def _copied(source: str, target: str, foreign: bool) -> float:
    ours, theirs = tokens(source), tokens(target)
    lower = frozenset(filter(_PLAIN.__getitem__, frozenset(ours).intersection(theirs)))
    if not lower:
        return _common_end(source, target) if source != target else 0
    run = _mostly_copied([word for word in theirs if word in lower], theirs)
    equal = len(ours) == len(theirs) and [w.casefold() for w in ours] == [w.casefold() for w in theirs]
    if equal and _more_than_names(theirs, plain := _lower(theirs), foreign):
        return max(run, UNTRANSLATED, len(plain) + 1)
    unquoted = QUOTED.sub(" | ", source) if not QUOTES.isdisjoint(characters(source)) else source
    given = ours if unquoted is source else tokens(unquoted)
    if _neighbours(given, theirs, lower):
        run = max(run, _longest_run(given, theirs, foreign))
        if source != target and _whole_sentence(unquoted, target):
            run = max(run, END_SCORE)
    elif not lower.isdisjoint(given):
        run = max(run, 1)
    return max(run, _common_end(source, target) if source != target else 0)


def _lower(words: Sequence[str]) -> list[str]:
    return [word for word in words if _PLAIN[word]]


def _mostly_copied(copied: Sequence[str], words: Sequence[str]) -> int:
    """Return the number of lower-case words if three in four (of five at least) are copied, not only function words."""
    if sum(word not in ENGLISH_WORDS for word in copied) < COPIED_CONTENT:
        return 0
    plain = len(_lower(words))
    return plain if plain >= COPIED_WORDS and len(copied) >= COPIED_SHARE * plain else 0


def _neighbours(source: Sequence[str], target: Sequence[str], lower: frozenset[str]) -> bool:
    """Whether two words, one of them in lower case, stand beside each other in both: else no run is longer than one."""
    pairs = set(pairwise(source)).intersection(pairwise(target))
    return any(one in lower or other in lower for one, other in pairs)


def _common_end(source: str, target: str) -> int:
    """Return 9 where a third of the translation is the source's own beginning or end, if that is English.

    It is where it holds an English function word and another lower-case word of four letters.
    """
    if source[:END_LETTERS] != target[:END_LETTERS] and source[-END_LETTERS:] != target[-END_LETTERS:]:
        return 0
    for ours, theirs in ((source, target), (source[::-1], target[::-1])):
        unequal = (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
        shared = next(unequal, min(len(ours), len(theirs)))
        if shared >= max(END_LETTERS, END_SHARE * len(target)):
            piece = target[:shared] if ours is source else target[-shared:]
            lower = [word for word in TOKENS.findall(piece) if _plain(word)]
            english = [word in ENGLISH_WORDS for word in lower]
            if any(english) and any(len(w) >= WORD and not e for w, e in zip(lower, english, strict=True)):
                return END_SCORE
    return 0


def _whole_sentence(source: str, target: str) -> bool:
    """Whether one of several English sentences, with three lower-case words that are not all of one kind, was left."""
    ends = [0, *(match.end() for match in SENTENCE_END.finditer(source)), len(source)]
    parts = [source[start:end].strip() for start, end in pairwise(ends)]
    return len(parts) > 1 and any(
        len(part) >= END_LETTERS and part in target and _english_sentence(part) for part in parts
    )


def _english_sentence(text: str) -> bool:
    words = [word for word in TOKENS.findall(text) if _plain(word)]
    english = sum(word in ENGLISH_WORDS for word in words)
    return len(words) >= SENTENCE_WORDS and 0 < english < len(words) and text[-1] in ".?!"


def _plain(word: str) -> bool:
    return len(word) > 1 and word.islower() and word.isalpha()


class _Plain(dict[str, bool]):
    """Whether words are `_plain`: those met lately."""

    def __missing__(self, word: str) -> bool:
        if len(self) >= WORDS_KEPT:
            self.clear()
        self[word] = _plain(word)
        return self[word]


_PLAIN = _Plain()


def _more_than_names(words: Sequence[str], plain: list[str], foreign: bool) -> bool:
    if len(plain) >= 3 or (foreign and len(plain) >= 2):
        return True
    function = any(word.lower() in CLEAR_WORDS or word.lower() == "of" for word in words)
    content = any(word not in ENGLISH_WORDS for word in plain)
    asks = words[0].lower() in ASKING
    return function and (content or asks)


def _longest_run(source: Sequence[str], target: Sequence[str], foreign: bool) -> int:
    """Return the most lower-case words in a common run of words (dynamic programming over positions)."""
    shared = frozenset(source).intersection(target)
    places: dict[str, list[int]] = {word: [] for word in shared}
    for position, word in [(n, word) for n, word in enumerate(source) if word in shared]:
        places[word].append(position)
    kinds = {word: _kind(word) for word in shared}
    best, last = 0, -1
    before: dict[int, tuple[int, int, bool, bool]] = {}
    for position, word in [(n, word) for n, word in enumerate(target) if word in shared]:
        if position != last + 1:
            before = {}
        last, here = position, {}
        plain, function, content = kinds[word]
        for place in places[word]:
            words, lower, functions, contents = before.get(place - 1, ALONE)
            here[place] = words, lower, functions, contents = (
                words + 1,
                lower + plain,
                functions or function,
                contents or content,
            )
            if lower > 0 and lower >= PLAIN_SHARE * words:
                more = (functions and (contents or lower > 2)) + (foreign and contents) if lower > 1 else 0
                best = max(best, lower + more)
        before = here
    return best


@lru_cache(maxsize=4096)
def _kind(word: str) -> tuple[bool, bool, bool]:
    """Return whether a word is in lower case, a function word that titles hardly have, and one with a meaning."""
    plain = _plain(word)
    return plain, word in CLEAR_WORDS and word != "the", plain and word not in ENGLISH_WORDS
