"""TREC-shaped folders: topics, judgements and documents in files of their own (MIRACL, Mr. TyDi, mMARCO).

Topics `*topics*.tsv` or `*queries*.tsv` (id, text); judgements `*qrels*` (query, anything, document, relevance) or
`*triples*.tsv` (query, relevant and other document); documents `docs-*.jsonl` (docid, title, text) or
`*collection*.tsv` (id, text); all also `.gz`, in subfolders too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mtqa.collect.files import kind
from mtqa.collect.items import RawItem
from mtqa.core.errors import UsageError
from mtqa.core.textfile import json_rows, lines

TOPICS, JUDGED, DOCUMENTS = ("topics", "queries"), ("qrels", "triples"), ("docs-", "collection")
SPLITS = {"train": None, "dev": "validation", "test": "test"}
Pairs = dict[tuple[str, str], None]


def is_trec(folder: Path) -> bool:
    """Tell whether a folder holds topics, judgements and documents under such names."""
    return all(_files([folder], words) for words in (TOPICS, JUDGED, DOCUMENTS))


def trec_files(folder: Path) -> list[Path]:
    """Return the files that are read, topics first."""
    return [path for words in (TOPICS, JUDGED, DOCUMENTS) for path in _files([folder], words)]


def read_trec(*folders: Path) -> Iterator[RawItem]:
    """Yield the relevant pairs in the order of the judgements, each once; `dev` and `test` files keep their split.

    The files may lie in several folders. Holds the text of judged queries and documents in memory (mMARCO: half a
    million of each, about 0.5 GB). Raises UsageError where a line cannot be read or a judged id does not exist.
    """
    judged = {path: _pairs(path) for path in _files(folders, JUDGED)}
    queries = _texts(_files(folders, TOPICS), {query for pairs in judged.values() for query, _ in pairs})
    documents = _texts(_files(folders, DOCUMENTS), {document for pairs in judged.values() for _, document in pairs})
    for path, pairs in judged.items():
        split = next((ours for name, ours in SPLITS.items() if name in path.name.lower()), None)
        for query, document in pairs:
            for name, found in ((query, queries), (document, documents)):
                if name not in found:
                    raise UsageError(f"The id '{name}' is judged but in no other file.", where=path)
            title, text = documents[document]
            yield RawItem(f"{query} {document}", queries[query][1], text, title or None, (), split)


def _files(folders: Iterable[Path], words: tuple[str, ...]) -> list[Path]:
    named = (p for folder in folders for p in folder.rglob("*") if p.is_file())
    return sorted(
        p for p in named if kind(p) in ("tsv", "txt", "jsonl") and any(word in p.name.lower() for word in words)
    )


def _pairs(path: Path) -> Pairs:
    """Return the relevant (query, document) pairs of judgements or triples, in their order."""
    pairs: Pairs = {}
    triples = "triples" in path.name.lower()
    for number, line in enumerate(lines(path), 1):
        cells = line.split()
        try:
            if triples:
                query, document, _ = cells
                relevant = True
            else:
                query, _, document, relevance = cells
                relevant = float(relevance) > 0
        except ValueError as error:
            expected = "query, relevant and other document" if triples else "query, 0, document, relevance"
            raise UsageError(
                "A line of judgements cannot be read.", where=f"{path}, line {number}", expected=expected
            ) from error
        if relevant:
            pairs[query, document] = None
    return pairs


def _texts(paths: list[Path], wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Return id → (title, text) of the wanted lines."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        if kind(path) == "jsonl":
            for _, row in json_rows(path):
                if str(row.get("docid")) in wanted:
                    found[str(row["docid"])] = (str(row.get("title") or ""), str(row.get("text") or ""))
            continue
        for number, line in enumerate(lines(path), 1):
            name, tab, text = line.rstrip("\r\n").partition("\t")
            if not tab:
                raise UsageError("A line has no tab.", where=f"{path}, line {number}", expected="id, tab, text")
            if name in wanted:
                found[name] = ("", text)
    return found
