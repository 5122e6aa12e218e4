"""TriviaQA and HotpotQA: questions with several pages, of which some hold the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.collect.layouts.values import Row, get, records, text, texts
from mtqa.core.schema import Drop

PAGES = (("entity_pages", "wiki_context"), ("search_results", "search_context"))
SNAKE = {
    "QuestionId": "question_id",
    "Question": "question",
    "Answer": "answer",
    "EntityPages": "entity_pages",
    "SearchResults": "search_results",
}


def triviaqa(row: Row, where: str) -> Iterator[RawItem]:
    """Yield the question with the first page (Wikipedia first, then the web) that holds one of the answer's names.

    The answer is marked nowhere (distant supervision), so collect looks for it in the page. Without pages (`nocontext`,
    and the authors' own files, which name pages in separate files) the pair of question and answer is kept.
    """
    row = {SNAKE.get(name, name): value for name, value in row.items()}
    answer = {str(k).lower(): v for k, v in get(row, "answer", Mapping, where).items()}
    names = [n for n in dict.fromkeys([text(answer, "value", where), *texts(answer, "aliases", where)]) if n.strip()]
    names = [name for name in names if name != "<unk>"]
    pages = [
        (page.get("title"), str(page[field]))
        for column, field in PAGES
        for page in records(row.get(column), where)
        if page.get(field)
    ]
    found = [page for page in pages if any(name.lower() in page[1].lower() for name in names)]
    title, passage = next(iter(found or pages), (None, None))
    yield RawItem(
        id=text(row, "question_id", where),
        question=text(row, "question", where),
        passage=passage,
        title=title,
        answers=tuple(Answer(name) for name in names),
        drop=None if names else Drop.UNANSWERABLE,
        document=passage is not None,
    )


def hotpotqa(row: Row, where: str) -> Iterator[RawItem]:
    """Yield the question with the gold paragraph that holds the answer.

    Where none does (yes and no above all, which compare two things), the passage is all gold paragraphs, one a line;
    the title is then theirs, joined. Reads the Hub's table and the authors' JSON.
    """
    answer = text(row, "answer", where)
    gold = dict.fromkeys(title for title, _ in _pairs(row, "supporting_facts", "sent_id", where))
    paragraphs = {
        title: "".join(map(str, sentences)) for title, sentences in _pairs(row, "context", "sentences", where)
    }
    kept = [(title, paragraphs[title]) for title in gold if title in paragraphs]
    kept = [(title, body) for title, body in kept if answer and answer in body][:1] or kept
    yield RawItem(
        id=text(row, "id" if "id" in row else "_id", where),
        question=text(row, "question", where),
        passage="\n".join(body for _, body in kept),
        title=", ".join(title for title, _ in kept) or None,
        answers=(Answer(answer),) if answer else (),
    )


def _pairs(row: Row, column: str, second: str, where: str) -> list[tuple[str, Any]]:
    """Return (title, value) pairs, stored as lists of two or as a record of lists."""
    value = row.get(column)
    if isinstance(value, list) and all(isinstance(entry, list | tuple) and len(entry) == 2 for entry in value):
        return [(str(title), other) for title, other in value]
    return [(str(entry["title"]), entry[second]) for entry in records(value, where)]
