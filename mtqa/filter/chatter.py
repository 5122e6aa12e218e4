"""What language models say beside a translation: labels, introductions, answers, notes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from mtqa.filter.target import Target
from mtqa.filter.text import LATIN, characters

WORDS = Path(__file__).with_name("chatter.yaml")
COLONS = frozenset(":：")
START = 60
OPENERS = re.compile(
    r"\W{0,3}(?:sure|certainly|of course|okay)[!,.:]|\W{0,3}here(?:['’]s| is| are) (?:the|your|a)\b"
    r"|\W{0,3}as an? (?:ai|language model)\b|\W{0,3}i(?:['’]m| am) sorry, (?:but )?i\b",
    re.IGNORECASE,
)
CLOSERS = re.compile(r"\b(?:hope (?:this|that|it) helps|let me know if|feel free to)\b", re.IGNORECASE)
PARTS = "ope th", "ope it", "et me k", "eel free"
"""One of these is in all that `CLOSERS` matches, and found sooner."""
END = 120
ABOUT = re.compile(r"translat|interpret|version", re.IGNORECASE)


def chatter(source: str | None, target: str, lang: Target) -> float | None:
    """Return in how many ways a translation holds what belongs to no translation. None without a source.

    `Translation:` and the like in many languages, with what introduces it (`Here is the translation into German:`),
    labels (`Question:`, `Output:`, `German:`), an answer that is called so, notes, and English phrases that models
    begin or end with. None of it counts where the source has the like: as many colons, the word, the phrase.
    """
    if source is None:
        return None
    found = 0
    if OPENERS.match(target) and not OPENERS.match(source):
        found += 1
    if any(part in target for part in PARTS) and CLOSERS.search(target[-END:]) and not CLOSERS.search(source):
        found += 1
    if COLONS.isdisjoint(characters(target)):
        return float(found)
    introduced, labelled, noted = _patterns(lang.code)
    if introduced.match(target) and not ABOUT.search(source):
        found += 1
    if sum(map(target.count, COLONS)) > sum(map(source.count, COLONS)):
        found += labelled.search(target) is not None
        found += noted.search(target) is not None and "note" not in source.casefold()
    return float(found)


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    from mtqa.core.errors import UsageError
    from mtqa.core.languages import get
    from mtqa.core.recipe import load_yaml

    words = load_yaml(WORDS)
    try:
        name = [get(code).name.split(" (")[0]]
    except UsageError:  # a language that is in no table
        name = []
    translation, label, answer, note = (
        "|".join(re.escape(word) for word in sorted(some, key=len, reverse=True))
        for some in (
            words["translation"],
            [*words["question"], *words["answer"], *words["output"], *name],
            words["answer"],
            words["note"],
        )
    )
    colon = r"\s?[:：]"
    return (
        re.compile(
            rf"[^:：]{{0,{START}}}?(?<![{LATIN}])(?:{translation})[^:：?？؟.。]{{0,{START}}}[:：]", re.IGNORECASE
        ),
        re.compile(rf"^\W{{0,3}}(?:{label}|[QA]){colon}|[?？؟;.。!]\s*(?:{answer}|A){colon}", re.IGNORECASE),
        re.compile(rf"[(（\[]\s?(?:{note}){colon}|(?:[?？؟.!।॥;]\s+|[。！？\n]\s*)(?:{note}){colon}", re.IGNORECASE),
    )
