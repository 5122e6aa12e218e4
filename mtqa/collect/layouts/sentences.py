"""WikiQA: sentences of the first paragraphs of Wikipedia articles, judged for each question."""

from __future__ import annotations

from collections.abc import Iterator

from mtqa.collect.items import RawItem
from mtqa.collect.layouts.values import Row, text
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop

COLUMNS = {
    "QuestionID": "question_id",
    "Question": "question",
    "DocumentTitle": "document_title",
    "Sentence": "answer",
    "Label": "label",
}
"""The columns of Microsoft's TSV, and those of the Hub's table."""


def wikiqa(row: Row, where: str) -> Iterator[RawItem]:
    """Yield the pair; a sentence that does not answer the question (label 0) is not relevant."""
    row = {COLUMNS.get(name, name): value for name, value in row.items()}
    label = str(row.get("label"))
    if label not in ("0", "1"):
        raise UsageError("The label is neither 0 nor 1.", where=where, expected=", ".join(COLUMNS.values()))
    yield RawItem(
        id=f"{text(row, 'question_id', where)} {text(row, 'document_title', where)}",
        question=text(row, "question", where),
        passage=text(row, "answer", where),
        title=text(row, "document_title", where),
        drop=None if label == "1" else Drop.NOT_RELEVANT,
    )
