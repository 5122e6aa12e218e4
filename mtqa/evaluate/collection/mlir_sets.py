"""The pooled benchmarks as MIMO released them: yjoonjang/mlir-benchmarks on the Hub, one folder each.

`MMLIR/XQuAD_test` and its like hold `queries.jsonl` (`_id`, `text`, `lang`), `corpus.jsonl` (id → `text`, `lang`) and
`qrels.jsonl` (query → document → 1). A query's id begins with its language; the rest is the same for all translations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.languages import resolve
from mtqa.evaluate.collection.files import checked, json_lines
from mtqa.evaluate.collection.source import Document, Source, Task
from mtqa.evaluate.collection.trec import Judged

SPLIT, LICENCE = "all", "as the data set says"
CODES = {"dt": "nld_Latn"}
"""The files' names of languages that are no ISO code (mMARCO's for Dutch)."""
QUERIES, CORPUS, QRELS = "queries.jsonl", "corpus.jsonl", "qrels.jsonl"


def find(folder: Path, split: str | None, languages: list[str] | None) -> list[Source]:
    """Return one task a query language; `languages` are those of queries and of documents, all by default."""
    paths = [folder / name for name in (QUERIES, CORPUS, QRELS)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise UsageError(
            f"The folder has no {', '.join(missing)}.",
            where=folder,
            expected="a folder of yjoonjang/mlir-benchmarks, such as MMLIR/XQuAD_test",
        )
    known = sorted({_language(row.get("lang"), where) for where, row in json_lines(paths[0])})
    if not known:
        raise UsageError("The file holds no query.", where=paths[0], expected="_id, text, lang")
    lacking = sorted(set(languages or ()) - set(known))
    if lacking:
        raise UsageError(
            f"The data have no {', '.join(lacking)}.", where=paths[0], expected=f"languages of {', '.join(known)}"
        )
    queries, corpus, qrels = paths
    pool = tuple(sorted(languages or known))
    return [Source("mlir", lang, lang, None, queries, (qrels,), (corpus,), pool) for lang in pool]


def load(sources: list[Source]) -> list[Task]:
    """Read queries and judgements; raises UsageError where a judged query has no text or nothing is relevant."""
    source = sources[0]
    in_pool = {document.id for document in documents(source)}
    judged: Judged = {}
    for where, row in json_lines(source.qrels[0]):
        for query, found in row.items():
            kept = {name: _relevance(value, where) for name, value in _object(found, where).items() if name in in_pool}
            if any(value > 0 for value in kept.values()):
                judged[query] = kept
    queries: dict[str, dict[str, tuple[str, str]]] = {lang: {} for lang in source.pool}
    for where, row in json_lines(source.topics):
        lang, name = _language(row.get("lang"), where), str(row.get("_id", ""))
        if lang in queries and name in judged:
            queries[lang][checked(name.removeprefix(f"{row['lang']}_"), where)] = (name, _text(row, where))
    tasks = []
    for source in sources:
        own = queries[str(source.lang)]
        if own:
            texts = {topic: text for topic, (_, text) in own.items()}
            tasks.append(Task(source, texts, {topic: judged[name] for topic, (name, _) in own.items()}))
    if not tasks:
        raise UsageError("No document is relevant to any query.", where=source.qrels[0], expected="relevance above 0")
    return tasks


def documents(source: Source) -> Iterator[Document]:
    """Yield the documents of the pool's languages, in the order of the file."""
    pool = set(source.pool)
    for where, row in json_lines(source.documents[0]):
        for name, content in row.items():
            lang = _language(_object(content, where).get("lang"), where)
            if lang in pool:
                yield Document(checked(name, where), _text(content, where), lang)


def _language(code: object, where: str) -> str:
    if not isinstance(code, str) or not code:
        raise UsageError("The line names no language.", where=where, expected="lang: en, de, …")
    try:
        return CODES.get(code) or resolve(code)
    except UsageError as error:
        raise UsageError(error.what, where=where, expected=error.expected) from error


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError("The line is not as expected.", where=where, expected="an object for each id")
    return value


def _text(row: dict[str, Any], where: str) -> str:
    if not isinstance(row.get("text"), str):
        raise UsageError("The line has no text.", where=where, expected="text")
    return str(row["text"])


def _relevance(value: object, where: str) -> int:
    if not isinstance(value, int):
        raise UsageError(f"The relevance is {value!r}.", where=where, expected="a whole number, above 0 if relevant")
    return value
