"""Layouts by the name that a data card gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from mtqa.collect.items import RawItem
from mtqa.collect.layouts.evidence import hotpotqa, triviaqa
from mtqa.collect.layouts.naturalquestions import natural_questions
from mtqa.collect.layouts.ranking import ranking
from mtqa.collect.layouts.sentences import wikiqa
from mtqa.collect.layouts.stories import duorc, newsqa
from mtqa.collect.layouts.tydi import tydiqa
from mtqa.collect.layouts.values import Row

Reader = Callable[[Row, str], Iterator[RawItem]]

LAYOUTS: dict[str, Reader] = {
    "wikiqa": wikiqa,
    "duorc": duorc,
    "newsqa": newsqa,
    "natural-questions": natural_questions,
    "triviaqa": triviaqa,
    "hotpotqa": hotpotqa,
    "tydiqa": tydiqa,
    "ranking": ranking,
}
"""Each takes a row and where it stands (for errors) and yields at least one item: no row may vanish uncounted."""


def layout_reader(layout: str, language: str = "") -> Reader:
    """Return a layout's reader, for one language (the source's own word) where its rows have several."""
    return partial(tydiqa, language=language) if language and layout == "tydiqa" else LAYOUTS[layout]
