"""What a retrieval task is made of: the files it is read from, its documents, its queries and judgements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mtqa.evaluate.collection.trec import Judged


class Document(NamedTuple):
    """A document's id, its text (a title comes first, then one space), and its FLORES-200 code, None if not known."""

    id: str
    text: str
    lang: str | None = None


@dataclass(frozen=True)
class Source:
    """One retrieval task: queries and judgements of a split, and the documents they are asked of.

    `lang`: the language under which results are reported, FLORES-200 or None where it is not known; `query_lang` and
    `passage_lang` likewise. `pool`: the languages of the documents where these are of several, in one pool
    (`passage_lang` is None then). `layout` says how the files are read.
    """

    layout: str
    lang: str | None
    query_lang: str | None
    passage_lang: str | None
    topics: Path
    qrels: tuple[Path, ...]
    documents: tuple[Path, ...]
    pool: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Every file that is read, each once."""
        return list(dict.fromkeys((self.topics, *self.qrels, *self.documents)))


@dataclass(frozen=True)
class Task:
    """Queries (id → text) that have a relevant document, in file order, their judgements, and what was left out.

    `unanswered`: judged queries of which nothing is relevant; `unjudged`: queries without judgements. Translations of a
    query, in tasks of one pool, have its id.
    """

    source: Source
    queries: dict[str, str]
    judged: Judged
    unanswered: int = 0
    unjudged: int = 0
