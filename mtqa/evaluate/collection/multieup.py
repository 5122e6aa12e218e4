"""MultiEuP-v2: topics of the European Parliament's debates in 24 languages, and one pool of its members' speeches.

The file is that of unimelb-nlp/MultiEup-v2 on the Hub, `clean_all_with_did_qid.MEP.csv`: a row a speech with `did`,
`TEXT`, `LANGUAGE` (EN, DE, …), and in each language XX the debate's topic, `title_XX` and `qid_XX`, whose part before
`#` is the same in all languages. Relevant to a topic, in whichever language it is asked, are the speeches of its
debate, in whichever language they were given, as in MIMO's benchmark (arXiv 2605.31171). Speeches without id, text or
English topic, and those in languages that are not chosen, are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.languages import resolve
from mtqa.evaluate.collection.files import checked
from mtqa.evaluate.collection.source import Document, Source, Task
from mtqa.evaluate.collection.trec import Judged

SPLIT, LICENCE = "all", "CC BY 4.0"
FILE = "clean_all_with_did_qid.MEP.csv"
ENGLISH_NAME = "EN"
LONGEST_CELL = 2**27
"""Characters: the csv module's own limit, 131,072, is there for other data."""
Row = dict[str, str]


def find(folder: Path, split: str | None, languages: list[str] | None) -> list[Source]:
    """Return one task a query language; `languages` are those of queries and of documents, all 24 by default."""
    path = next(iter(sorted(folder.rglob(FILE))), None)
    if path is None:
        raise UsageError(f"The folder has no '{FILE}'.", where=folder, expected="a copy of unimelb-nlp/MultiEup-v2")
    known = _columns(path).keys()
    lacking = sorted(set(languages or ()) - known)
    if lacking:
        raise UsageError(
            f"The data have no {', '.join(lacking)}.", where=path, expected=f"languages of {', '.join(sorted(known))}"
        )
    pool = tuple(sorted(languages or known))
    return [Source("multieup-v2", lang, lang, None, path, (path,), (path,), pool) for lang in pool]


def load(sources: list[Source]) -> list[Task]:
    """Read topics in all languages, and which speeches are theirs, in one pass over the file."""
    source = sources[0]
    columns = {lang: name for lang, name in _columns(source.topics).items() if lang in source.pool}
    titles: dict[str, dict[str, str]] = {lang: {} for lang in columns}
    relevant: Judged = {}
    for where, row, _ in _speeches(source):
        relevant.setdefault(_topic(row[f"qid_{ENGLISH_NAME}"], where), {})[row["did"]] = 1
        for lang, name in columns.items():
            if row[f"title_{name}"] and row[f"qid_{name}"]:
                titles[lang].setdefault(_topic(row[f"qid_{name}"], where), row[f"title_{name}"])
    tasks = []
    for source in sources:
        queries = {topic: title for topic, title in titles[str(source.lang)].items() if topic in relevant}
        if queries:
            tasks.append(Task(source, queries, {topic: relevant[topic] for topic in queries}))
    if not tasks:
        raise UsageError("The file has no speech that can be used.", where=source.topics)
    return tasks


def documents(source: Source) -> Iterator[Document]:
    """Yield the speeches, each once, in the order of the file."""
    seen: dict[str, str] = {}
    for where, row, lang in _speeches(source):
        content = content_id(row["TEXT"])
        if row["did"] not in seen:
            seen[row["did"]] = content
            yield Document(checked(row["did"], where), row["TEXT"], lang)
        elif seen[row["did"]] != content:
            raise UsageError(f"The speech '{row['did']}' occurs twice with different texts.", where=where)


def _speeches(source: Source) -> Iterator[tuple[str, Row, str]]:
    """Yield (place for errors, row, language) of the speeches in the pool."""
    codes = {name: lang for lang, name in _columns(source.topics).items() if lang in source.pool}
    for number, row in enumerate(_rows(source.topics), start=1):
        lang = codes.get(row["LANGUAGE"].upper())
        if lang is not None and row["did"] and row["TEXT"] and row[f"qid_{ENGLISH_NAME}"]:
            yield f"{source.topics}, row {number}", row, lang


def _columns(path: Path) -> dict[str, str]:
    """Return FLORES-200 code → the file's name of a language; raises UsageError where columns are missing."""
    header = set(_header(path))
    names = [name.removeprefix("title_") for name in header if name.startswith("title_")]
    wanted = {"did", "TEXT", "LANGUAGE", f"qid_{ENGLISH_NAME}", *(f"qid_{name}" for name in names)}
    if wanted - header or not names:
        lacking = ", ".join(sorted(wanted - header)) or "title_EN, title_DE, …"
        raise UsageError(f"The file has no column {lacking}.", where=path, expected="the columns of MultiEuP-v2")
    return {resolve(name): name for name in names}


def _header(path: Path) -> list[str]:
    with _opened(path) as file:
        return next(csv.reader(file), [])


def _rows(path: Path) -> Iterator[Row]:
    """Yield the rows of the file; missing cells are empty."""
    csv.field_size_limit(LONGEST_CELL)
    with _opened(path) as file:
        yield from csv.DictReader(file, restval="")


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError("The file cannot be read.", where=path, expected="a CSV file in UTF-8") from error


def _topic(cell: str, where: str) -> str:
    """Return a topic's id, which all languages share."""
    return checked(cell.partition("#")[0].strip(), where)
