"""Cut off: the source is a whole sentence, the translation has lost its end or its beginning."""

from __future__ import annotations

import re

from mtqa.filter.length import excess
from mtqa.filter.sentences import NO_SIGNS, language_tag, sentences
from mtqa.filter.target import Target
from mtqa.filter.text import WITH_CASE

SOURCE_ENDS = ".?!:;…"
TARGET_ENDS = ".?!:;。？！：；؟۔؛।॥…፡።፧፨·;՞՜։၊။៕៖៚༎།⸮|｜｡᱾᱿⵰꫰"
CLOSING = "\"'”’»«›‹)]}」』）】］〉》】*_~ \u00a0\u200f\u200e\u202c\u200b\u200d“‘„"
WHITE = " \t\r\n\v\f\u2028\u2029\u3000"
UNFINISHED = ",，、،־-–—(（[「『《„¿¡"
CLOSED = ")]}）」』》»”\"'’"
UNFINISHED_SCORE = 3.0
FIRST_WORD = re.compile(r"\W{0,3}([^\W\d_]\S*)")
CAPITAL_LOST = 0.5
"""Some write without capitals (AfriQA's Yoruba), so that a small letter says less than a full stop that is missing."""
WHOLE = 5
"""Words of a source that ends as a sentence does and begins with a capital because it is one."""
RIGHT_TO_LEFT = frozenset({"Arab", "Hebr"})


def cut_off(source: str | None, target: str, lang: Target) -> float | None:
    """Return how much a translation looks cut off: 0 where it ends in a sign, or where the source ends in none.

    Without a sign of .?!:;… where the source has one, 1 plus the standard deviations by which the translation is
    shorter than usual (less those by which it is longer): good translators forget the sign, but lose nothing. Of
    several sentences the last counts, if it is shorter still. 3 where the translation ends in a comma, a dash or an
    opening bracket and the source in none, or leaves a bracket open.
    Scripts that write without such signs (Thai, Lao, Khmer, Burmese, Tibetan) are judged by the latter alone.
    Likewise, from .5 on, where a sentence begins with a capital and its translation with a small letter: then the first
    counts. Languages whose lengths are not known are not judged so.
    """
    if source is None:
        return None
    bare = target.rstrip(WHITE)
    last = source.rstrip(WHITE)[-1:]
    if bare and bare[-1] in UNFINISHED and last not in UNFINISHED:
        return UNFINISHED_SCORE
    if lang.script not in RIGHT_TO_LEFT and _left_open(bare) and not _left_open(source):
        return UNFINISHED_SCORE
    late = max(0.0, CAPITAL_LOST + _lost(source, target, lang, 0)) if _begun_late(source, bare, lang) else 0.0
    if lang.script in NO_SIGNS or (bare[-1:] in CLOSED and last in CLOSED and bare[-1:]):
        return late
    finished = source.rstrip(CLOSING + WHITE)[-1:]
    if not finished or finished not in SOURCE_ENDS:
        return late
    end = target.rstrip(CLOSING + WHITE)[-1:]
    if end and end in TARGET_ENDS:
        return late
    return max(late, 1.0 + _lost(source, target, lang, -1))


def _lost(source: str, target: str, lang: Target, at: int) -> float:
    """Return by how many deviations a translation is shorter, or its sentence at that end (0 or -1) is, less one.

    Less one, as sentences are not always cut alike; more of them than the source has are taken for parts of this one.
    """
    ours, theirs = sentences(source, "en"), sentences(target, language_tag(lang))
    shorter = -excess(source, target, lang)
    if len(ours) < 2 or len(theirs) < 2:
        return shorter
    parts = 1 + max(0, len(theirs) - len(ours))
    end = theirs[:parts] if at == 0 else theirs[-parts:]
    return max(shorter, -excess(ours[at], " ".join(end), lang) - 1.0)


def _begun_late(source: str, target: str, lang: Target) -> bool:
    """Whether a translation begins with a small letter, its source, a whole sentence, with a capital.

    Not where the first word is no common one: it stands in the source, or has a capital or a hyphen inside.
    """
    if lang.script not in WITH_CASE or not lang.fitted or not source.lstrip(CLOSING + WHITE)[:1].isupper():
        return False
    words, first = source.split(), FIRST_WORD.match(target)
    if first is None or not first[1].islower() or "-" in first[1] or len(words) < WHOLE or first[1] in words:
        return False
    return source.rstrip(CLOSING + WHITE)[-1:] in SOURCE_ENDS


def _left_open(text: str) -> bool:
    """Whether the text's last round bracket is an opening one."""
    opened = max(text.rfind("("), text.rfind("（"))
    return opened >= 0 and opened > max(text.rfind(")"), text.rfind("）"))
