"""Teach the model to copy: names and numbers that both sides share are exchanged for others.

Tatoeba's sentences are about Tom, Mary and Boston. A model that has only seen these translates any other name into
something it knows; passages of an encyclopaedia are full of others.
"""

from __future__ import annotations

import random
import re
from collections import Counter

WORD = re.compile(r"(?<![\w'’-])[^\W\d_a-zß-öø-ÿ][^\W\d_]+(?![\w'’-])")
NUMBER = re.compile(r"(?<![\w.,:-])\d{2,4}(?![\w,:-]|\.\d)")
EXCHANGED = 0.6  # share of the rows with a shared name or number in which it is exchanged


def find_names(sentences: list[str]) -> set[str]:
    """Return the words that these English sentences write with a capital inside a sentence, and never without."""
    lower = {word for sentence in sentences for word in re.findall(r"\b[a-z]+\b", sentence)}
    inside = {word for sentence in sentences for word in WORD.findall(sentence[1:])}
    return {word for word in inside if word.lower() not in lower and not word.isupper()}


def shared(source: str, target: str, names: set[str]) -> list[str]:
    """Return the names and numbers that occur once in the source and once in the target, in source order."""
    found = [w for w in WORD.findall(source) if w in names] + NUMBER.findall(source)
    once = [w for w in found if found.count(w) == 1]
    return [w for w in once if len(re.findall(rf"(?<!\w){re.escape(w)}(?!\w)", target)) == 1]


def copied(sources: list[str], shared_words: list[list[str]], names: set[str]) -> list[str]:
    """Return the names that translators left as they are more often than not, sorted."""
    seen = Counter(w for source in sources for w in WORD.findall(source) if w in names)
    kept = Counter(w for words in shared_words for w in words if w in names)
    return sorted(w for w in kept if 2 * kept[w] > seen[w])


def invent(rng: random.Random, names: list[str], parts: list[str]) -> str:
    """Return one to three words: names of the corpus, or parts of words put together."""
    words = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        known = rng.random() < 0.4
        words.append(rng.choice(names) if known else "".join(rng.choices(parts, k=rng.randint(2, 3))).capitalize())
    return " ".join(words)


def exchange(
    source: str, target: str, words: list[str], rng: random.Random, names: list[str], parts: list[str]
) -> tuple[str, str]:
    """Return both sides with the same new name or number in the place of each of `words`."""
    for word in words:
        if word.isdigit():
            new = str(rng.randint(10 ** (len(word) - 1), 10 ** len(word) - 1))
        else:
            new = invent(rng, names, parts)
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
        source, target = (re.sub(pattern, new, text, count=1) for text in (source, target))
    return source, target
