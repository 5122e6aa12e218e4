"""NeuCLIR: English topics, one pool of Persian, Russian and Chinese news.

Documents: neuclir/neuclir1 on the Hub, `data/fas-00000-of-00001.jsonl.gz` and so on (or Parquet), or `fas/docs.jsonl`
of NeuCLIR/download-collection; `id`, `title`, `text`. Machine translations into English (`fas-mt-eng-…`) are left
alone. Topics and judgements of a split: `bench` is neuclir/bench on the Hub, `news.eng.tsv` (id, tab, query) and
`qrels.fas.gains.txt`; `2022` and `2023` are TREC's, `topics.0720.utf8.jsonl`, `2022-qrels.fas`,
`neuclir-2023-topics.0605.jsonl` and `neuclir-2023-qrels….fas` (of a topic its English title and description count).
What is relevant to a topic in one of the languages is relevant in the pool, as in MIMO's evaluation (arXiv 2605.31171).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.errors import UsageError
from mtqa.core.languages import ENGLISH
from mtqa.evaluate.collection.files import checked, documents_of, json_lines, texts
from mtqa.evaluate.collection.source import Document, Source, Task
from mtqa.evaluate.collection.trec import Judged, read_qrels

SPLIT, LICENCE = "bench", "ODC-BY 1.0"
CODES = {"fas": "pes_Arab", "rus": "rus_Cyrl", "zho": "zho_Hans"}
LANG = "(?P<lang>fas|rus|zho)"
DOCUMENTS = rf"{LANG}-\d+-of-\d+\.(jsonl(\.gz)?|parquet)"
DOWNLOADED = rf"{LANG}/docs\.jsonl(\.gz)?"
QRELS = rf"qrels\.{LANG}\.gains\.txt|(?:neuclir-)?(?P<split>20\d\d)-?qrels[\w.-]*\.(?P<code>fas|rus|zho)(\.txt)?"
TOPICS = r"(?P<bench>news)\.eng\.tsv|(?:neuclir-(?P<split>20\d\d)-)?topics\.\d{4}(\.utf8)?\.jsonl"
FIRST = "2022"
"""The year of TREC's topics whose name tells none."""


def find(folder: Path, split: str | None, languages: list[str] | None) -> list[Source]:
    """Return the one task: `languages` are those of the documents, all three or as many as there are by default."""
    split = split or SPLIT
    texts: dict[str, list[Path]] = {}
    qrels: dict[str, dict[str, Path]] = {}
    topics: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if match := re.fullmatch(DOCUMENTS, path.name) or re.fullmatch(DOWNLOADED, f"{path.parent.name}/{path.name}"):
            texts.setdefault(CODES[match["lang"]], []).append(path)
        elif match := re.fullmatch(QRELS, path.name):
            qrels.setdefault(match["split"] or SPLIT, {})[CODES[match["lang"] or match["code"]]] = path
        elif match := re.fullmatch(TOPICS, path.name):
            topics[SPLIT if match["bench"] else match["split"] or FIRST] = path
    if split not in qrels:
        raise UsageError(
            f"The folder has no judgements (qrels) of the split '{split}'.",
            where=folder,
            expected=f"one of the splits {', '.join(sorted(qrels))}" if qrels else "files under their published names",
            next_step="name the split with --split" if qrels else "see docs/evaluate.md for the names",
        )
    if split not in topics:
        raise UsageError(f"There are no queries (topics) of the split '{split}'.", where=folder)
    chosen = languages or sorted(texts.keys() & qrels[split].keys())
    lacking = [lang for lang in chosen if lang not in texts or lang not in qrels[split]]
    if lacking or not chosen:
        raise UsageError(
            f"There are no documents, or no judgements, of {', '.join(lacking) or 'any language'}.",
            where=folder,
            expected="data/fas-00000-of-00001.jsonl.gz and qrels.fas.gains.txt, and so on for rus and zho",
        )
    files = [path for lang in chosen for path in texts[lang]]
    pool = [lang for lang in chosen for _ in texts[lang]]
    judged = tuple(qrels[split][lang] for lang in chosen)
    return [Source("neuclir", ENGLISH, ENGLISH, None, topics[split], judged, tuple(files), tuple(pool))]


def load(sources: list[Source]) -> list[Task]:
    """Read topics and judgements; raises UsageError where they cannot be read or nothing is relevant."""
    (source,) = sources
    queries = _topics(source.topics) if source.topics.name.endswith(".jsonl") else texts(source.topics)
    judged: Judged = {}
    for path in source.qrels:
        for query, documents in read_qrels(path).items():
            judged.setdefault(query, {}).update(documents)
    # Topics without judgements, and judgements of topics of another year in a file of all, are counted, not asked.
    answered = {q for q, found in judged.items() if any(value > 0 for value in found.values())}
    kept = {query: text for query, text in queries.items() if query in answered}
    if not kept:
        raise UsageError("No document is relevant to any query.", where=source.topics, expected="relevance above 0")
    unanswered = len((judged.keys() & queries.keys()) - answered)
    return [Task(source, kept, {q: judged[q] for q in kept}, unanswered, len(queries.keys() - judged.keys()))]


def documents(source: Source) -> Iterator[Document]:
    """Yield the documents, language after language."""
    for path, lang in zip(source.documents, source.pool, strict=True):
        rows = _parquet(path) if path.suffix == ".parquet" else documents_of(path)
        yield from (Document(name, text, lang) for name, text in rows)


def _topics(path: Path) -> dict[str, str]:
    """Return id → title and description of TREC's topics."""
    found = {}
    for where, row in json_lines(path):
        try:
            english = next(one for one in row["topics"] if one["lang"] == "eng")
            parts = [str(english[key] or "").strip() for key in ("topic_title", "topic_description")]
            found[checked(str(row["topic_id"]), where)] = " ".join(filter(None, parts))
        except (KeyError, TypeError, StopIteration) as error:
            raise UsageError(
                "The topic cannot be read.",
                where=where,
                expected="topic_id, and topics with lang 'eng', topic_title, topic_description",
            ) from error
    return found


def _parquet(path: Path) -> Iterator[tuple[str, str]]:
    try:
        for batch in pq.ParquetFile(path).iter_batches(columns=["id", "title", "text"]):
            for row in batch.to_pylist():
                yield checked(str(row["id"]), str(path)), _text(row)
    except (OSError, pa.ArrowException) as error:
        raise UsageError("The documents cannot be read.", where=path, expected="id, title, text") from error


def _text(row: dict[str, Any]) -> str:
    return " ".join(str(row[key]).strip() for key in ("title", "text") if row[key])
