"""AmharicQA (AmQA, arXiv 2303.03290) as a collection: its questions, asked of the paragraphs that they were made from.

The files are those of the repository: SQuAD's shape, `train_data.json`, `dev_data.json`, `test_data.json`. A question's
paragraph is the one relevant document; the paragraphs of all files in the folder are the pool. The test file alone has
33 paragraphs, which any retriever finds its way in: give the three files together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.textfile import read_json
from mtqa.evaluate.collection.files import checked
from mtqa.evaluate.collection.source import Document, Source, Task
from mtqa.evaluate.collection.trec import Judged

LANGUAGE, LICENCE = "amh_Ethi", "MIT (questions); CC BY-SA (Wikipedia's paragraphs)"
FILES = r"(?:.*/)?(?:amharic-qa-)?(?P<split>train|dev|test)(?:_data)?\.json"


def load(source: Source) -> Task:
    """Read a file's questions. Raises UsageError where it is not of SQuAD's shape, or an id or question is missing."""
    queries: dict[str, str] = {}
    judged: Judged = {}
    for where, paragraph in _paragraphs(source.topics):
        for question in paragraph.get("qas", []):
            name, text = checked(str(question.get("id", "")), where), str(question.get("question") or "").strip()
            if not text or queries.setdefault(name, text) != text:
                raise UsageError(f"The question '{name}' has no text, or two.", where=where)
            judged.setdefault(name, {})[content_id(paragraph["context"])] = 1
    if not queries:
        raise UsageError("The file has no question.", where=source.topics, expected="AmharicQA's file of a split")
    return Task(source, queries, judged)


def documents(source: Source) -> Iterator[Document]:
    """Yield the different paragraphs of all files, in their order."""
    texts = dict.fromkeys(one["context"] for path in source.documents for _, one in _paragraphs(path))
    yield from (Document(content_id(text), text, LANGUAGE) for text in texts)


def _paragraphs(path: Path) -> Iterator[tuple[str, dict]]:
    """Yield (place for errors, paragraph) of a file in SQuAD's shape; a paragraph has a text."""
    try:
        data = read_json(path)
        found = [one for article in data["data"] for one in article["paragraphs"]]
        lacking = next((n for n, one in enumerate(found) if not isinstance(one["context"], str)), None)
    except (UsageError, KeyError, TypeError) as error:
        raise UsageError("The file is not of SQuAD's shape.", where=path, expected="AmharicQA's files") from error
    if lacking is not None:
        raise UsageError("A paragraph has no text.", where=f"{path}, paragraph {lacking}")
    yield from ((f"{path}, paragraph {number}", one) for number, one in enumerate(found))
