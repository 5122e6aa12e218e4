"""Retrieval sets whose rows hold a query with its judged passages: Mr. TyDi, MIRACL, mMARCO's triples."""

from __future__ import annotations

from collections.abc import Iterator

from mtqa.collect.items import RawItem
from mtqa.collect.layouts.values import Row, records, text
from mtqa.core.schema import Drop


def ranking(row: Row, where: str) -> Iterator[RawItem]:
    """Yield a pair for each positive passage, without answers; a query without one has no passage.

    A triple's `positive` is one text; its `negative` is not collected (`mtqa mine` finds harder ones).
    """
    question = text(row, "query", where)
    if "positive" in row:
        yield RawItem("", question, text(row, "positive", where))
        return
    name = text(row, "query_id", where)
    positives = records(row.get("positive_passages"), where)
    for passage in positives:
        title = str(passage.get("title") or "") or None
        yield RawItem(f"{name} {passage.get('docid', '')}", question, text(passage, "text", where), title)
    if not positives:
        yield RawItem(name, question, "", drop=Drop.NO_PASSAGE)
