"""From the files of a task to its queries, judgements and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.evaluate.collection import amharicqa
from mtqa.evaluate.collection.files import checked, documents_of, json_lines, texts
from mtqa.evaluate.collection.pooled import POOLED
from mtqa.evaluate.collection.source import Document, Source, Task
from mtqa.evaluate.collection.trec import Judged, read_qrels
from mtqa.evaluate.lareqa import load


@dataclass(frozen=True)
class Translator:
    """`revision` (source, target) → what identifies the model of a pair of languages; `translate` (texts, source,
    target) → texts."""

    revision: Callable[[str, str], str]
    translate: Callable[[list[str], str, str], list[str]]


def translated(task: Task, translator: Translator) -> Task:
    """Return the task with its queries in the language of its documents (translate-test)."""
    source, target = languages_of(task.source)
    texts = translator.translate(list(task.queries.values()), source, target)
    queries = dict(zip(task.queries, texts, strict=True))
    return replace(task, queries=queries, source=replace(task.source, query_lang=target))


def languages_of(source: Source) -> tuple[str, str]:
    """Return the languages of queries and documents; raises UsageError unless they are known and differ."""
    if source.query_lang is None or source.passage_lang is None or source.query_lang == source.passage_lang:
        raise UsageError(
            "There is nothing to translate: queries and documents are not of two known languages.",
            where=source.topics.parent,
            expected="ciral, afriqa, xquad-r or mlqa-r",
            next_step="leave --translate out",
        )
    return source.query_lang, source.passage_lang


def load_tasks(sources: list[Source]) -> list[Task]:
    """Read queries and judgements of a benchmark's tasks, in their order."""
    if sources[0].layout in POOLED:
        return POOLED[sources[0].layout].load(sources)
    return [load_task(source) for source in sources]


def load_task(source: Source) -> Task:
    """Read queries and judgements; raises UsageError where a judged query has no text, or nothing is relevant."""
    if source.layout == "afriqa":
        return _afriqa(source)
    if source.layout == "amharicqa":
        return amharicqa.load(source)
    if source.layout == "lareqa":
        return _lareqa(source)
    judged, queries = read_qrels(source.qrels[0]), texts(source.topics)
    for query in judged:
        if query not in queries:
            raise UsageError(
                f"The query '{query}' is judged but has no text.", where=f"{source.qrels[0]}, {source.topics}"
            )
    answered = {q: texts for q, texts in judged.items() if any(value > 0 for value in texts.values())}
    if not answered:
        raise UsageError("No document is relevant to any query.", where=source.qrels[0], expected="relevance above 0")
    kept = {query: text for query, text in queries.items() if query in answered}
    return Task(
        source, kept, {q: judged[q] for q in kept}, len(judged) - len(answered), len(queries.keys() - judged.keys())
    )


def task_documents(source: Source) -> Iterator[Document]:
    """Yield a task's documents in the order of the files."""
    if source.layout in POOLED:
        yield from POOLED[source.layout].documents(source)
        return
    if source.layout == "amharicqa":
        yield from amharicqa.documents(source)
        return
    yield from (Document(name, text, source.passage_lang) for name, text in _documents(source))


def _documents(source: Source) -> Iterator[tuple[str, str]]:
    if source.layout == "afriqa":
        yield from _afriqa_documents(source.documents)
    elif source.layout == "lareqa":
        bench = load(str(source.lang), {str(source.passage_lang): source.documents[0]})
        yield from ((candidate.id, candidate.sentence) for candidate in bench.candidates)
    else:
        for path in source.documents:
            yield from documents_of(path)


def _lareqa(source: Source) -> Task:
    """XQuAD-R or MLQA-R from one language to one: MAP is then the pair's part of Mo or Cr."""
    files = {str(source.query_lang): source.topics, str(source.passage_lang): source.documents[0]}
    bench = load(str(source.lang), files)
    column = bench.languages.index(str(source.passage_lang))
    queries: dict[str, str] = {}
    judged: Judged = {}
    asked = 0
    for query, gold in zip(bench.queries, bench.gold[:, column].tolist(), strict=True):
        if query.lang == source.query_lang:
            asked += 1
            if gold >= 0:
                queries[checked(query.id, str(source.topics))] = query.text
                judged[query.id] = {bench.candidates[gold].id: 1}
    return Task(source, queries, judged, unanswered=asked - len(queries))


def _afriqa(source: Source) -> Task:
    """AfriQA's gold passages: the question in its language, and the passage it came with as the relevant one."""
    queries: dict[str, str] = {}
    judged: Judged = {}
    rows = list(json_lines(source.topics))
    for where, row in rows:
        name, passage = checked(_cell(row, "id", where), where), _passage(row, where)
        if name in queries:
            raise UsageError(f"The id '{name}' occurs twice.", where=where)
        if passage:
            queries[name] = _cell(row, "question_lang", where)
            judged[name] = {content_id(passage): 1}
    return Task(source, queries, judged, unanswered=len(rows) - len(queries))


def _afriqa_documents(paths: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Yield the different passages of all files: the pool that every language's questions are asked of."""
    passages = dict.fromkeys(_passage(row, where) for path in paths for where, row in json_lines(path))
    yield from ((content_id(text), text) for text in passages if text)


def _passage(row: dict[str, Any], where: str) -> str:
    """Return title and passage; empty where the annotators found none."""
    passage = _cell(row, "context", where)
    return f"{row.get('title') or ''} {passage}".strip() if passage else ""


def _cell(row: dict[str, Any], key: str, where: str) -> str:
    if key not in row:
        raise UsageError(f"The line has no '{key}'.", where=where, expected="AfriQA's gold passages")
    return str(row[key] or "")
