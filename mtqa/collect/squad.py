"""SQuAD JSON: articles of paragraphs of questions (SQuAD 1.1 and 2.0, SQuADShifts, COVID-QA, PolicyQA, AmharicQA)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mtqa.collect.items import Answer, RawItem
from mtqa.core.errors import UsageError
from mtqa.core.schema import Drop


def is_squad(data: Any) -> bool:
    """Tell whether JSON data have SQuAD's outer shape."""
    articles = data.get("data") if isinstance(data, dict) else None
    return isinstance(articles, list) and (
        not articles or not isinstance(articles[0], dict) or "paragraphs" in articles[0]
    )


def read_squad(data: Any, path: Path) -> Iterator[RawItem]:
    """Yield the questions of SQuAD-shaped data in their order.

    A question that is marked impossible or has no answer is unanswerable. Raises UsageError that names the place where
    the data are not of that shape.
    """
    for a, article in enumerate(data["data"]):
        where = f"{path}, data[{a}]"
        title = _get(article, "title", str, where, default="")
        for p, paragraph in enumerate(_get(article, "paragraphs", list, where)):
            where = f"{path}, data[{a}].paragraphs[{p}]"
            context = _get(paragraph, "context", str, where)
            for q, qa in enumerate(_get(paragraph, "qas", list, where)):
                yield _item(qa, context, _plain_title(title), f"{where}.qas[{q}]")


def _item(qa: Any, context: str, title: str | None, where: str) -> RawItem:
    raw = _get(qa, "answers", list, where, default=[])
    answers = tuple(
        Answer(_get(answer, "text", str, where), _get(answer, "answer_start", int, where, default=None))
        for answer in raw
    )
    return RawItem(
        id=str(_get(qa, "id", (str, int), where, default="")),
        question=_get(qa, "question", str, where),
        passage=context,
        title=title,
        answers=answers,
        drop=Drop.UNANSWERABLE if qa.get("is_impossible") or not answers else None,
    )


def _plain_title(title: str) -> str | None:
    """Return a Wikipedia page name as text: `Marxism%E2%80%93Leninism`, `Drum_and_bass`."""
    return unquote(title).replace("_", " ").strip() or None


_REQUIRED = object()


def _get(data: Any, key: str, kind: type | tuple[type, ...], where: str, default: Any = _REQUIRED) -> Any:
    value = data.get(key, default) if isinstance(data, dict) else _REQUIRED
    if value is default and default is not _REQUIRED:
        return value
    if value is _REQUIRED or not isinstance(value, kind):
        problem = "is missing" if value is _REQUIRED else f"is a {type(value).__name__}"
        raise UsageError(
            f"The file is not SQuAD JSON: '{key}' {problem}.",
            where=where,
            expected="data[].paragraphs[] with context and qas[] with id, question, answers[] of text, answer_start",
        )
    return value
