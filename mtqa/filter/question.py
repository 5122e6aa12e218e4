"""A question that became a statement or its own answer."""

from __future__ import annotations

import re

from mtqa.filter.cutoff import CLOSING, WHITE
from mtqa.filter.language import DENSE
from mtqa.filter.target import Target

MARKS = re.compile("[?？؟;՞፧⸮]")
STOPS = ".。।!！"
NAMED = re.compile(
    r"\b(?:what is an?|what are|what were|examples?|name|list|give)\b"
    r"|^\W*(?:why not|why don['’]t (?:you|we)|how about|shall we|(?:could|can|would|will) you)\b"
    r"|,[^,]*(?:n['’]t)? (?:i|you|he|she|it|we|they|there)\?\W*$|, (?:right|ok|okay|huh|eh)\?\W*$",
    re.IGNORECASE,
)
"""Asked so, good translators may request or state."""
REQUEST = 0.5
AFTER, AFTER_DENSE = 4, 2
"""Letters or digits after the question from which on something was added."""


def answered(source: str | None, target: str, lang: Target) -> float | None:
    """Return 1 where the translation of one question ends as a statement does, or goes on after the question, else 0.

    .5 where it ends as a statement and its source asks for examples (`What are …`) or something else (`Could you …`) or
    has a tag (`…, isn't it?`): good translators make requests (`Name three …`) or statements of some.
    None where the source does not end in a question mark, or has several. A translation without any sign at its end
    is no evidence: many languages mark questions otherwise.
    """
    if not source or source.rstrip(CLOSING + WHITE)[-1:] != "?" or source.count("?") > 1:
        return None
    marks = [match.end() for match in MARKS.finditer(target)]
    if not marks:
        ends = target.rstrip(CLOSING + WHITE)[-1:] in tuple(STOPS)
        return (REQUEST if NAMED.search(source) else 1.0) if ends else 0.0
    inside = source.rstrip(CLOSING + WHITE).rfind("?")
    least = AFTER_DENSE if lang.script in DENSE else AFTER
    return float(sum(map(str.isalnum, target[marks[-1] :])) >= least + sum(map(str.isalnum, source[inside + 1 :])))
