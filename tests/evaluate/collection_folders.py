"""Small collections in the layouts of the published files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

QUERIES = {"q1": "red fox", "q2": "blue whale", "q3": "green frog", "q4": "grey wolf"}
DOCUMENTS = {
    "d1": ("Fox", "A red fox sleeps."),
    "d2": ("", "A red dog and a fox run far away from here."),
    "d3": ("Whale", "It is blue."),
    "d4": ("", "Nothing of interest."),
}
JUDGED = {"q1": {"d1": 1, "d2": 2}, "q2": {"d3": 1, "gone": 1}, "q3": {"d4": 1}, "q4": {"d4": 0}}
# BM25 finds: q1 → d1, d2 (d1 is shorter); q2 → d3; q3 → nothing. q4 has no relevant document.


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def documents(keys: tuple[str, str, str] = ("_id", "title", "text"), contents: bool = False) -> str:
    rows = [
        dict(zip(keys, (name, title, text), strict=True)) if not contents else {"id": name, "contents": text}
        for name, (title, text) in DOCUMENTS.items()
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def topics() -> str:
    return "".join(f"{name}\t{text}\n" for name, text in QUERIES.items())


def trec_qrels() -> str:
    return "".join(f"{q}\tQ0\t{d}\t{value}\n" for q, texts in JUDGED.items() for d, value in texts.items())


def beir(folder: Path, split: str = "test") -> Path:
    write(folder / "corpus.jsonl", documents())
    rows = [json.dumps({"_id": name, "text": text, "metadata": {}}) for name, text in QUERIES.items()]
    write(folder / "queries.jsonl", "\n".join(rows))
    pairs = [f"{q}\t{d}\t{value}" for q, texts in JUDGED.items() for d, value in texts.items()]
    write(folder / "qrels" / f"{split}.tsv", "\n".join(["query-id\tcorpus-id\tscore", *pairs]))
    return folder


def own(folder: Path) -> Path:
    write(folder / "topics.tsv", topics())
    write(folder / "qrels.txt", trec_qrels())
    write(folder / "collection.tsv", "".join(f"{n}\t{' '.join(parts).strip()}\n" for n, parts in DOCUMENTS.items()))
    return folder


def miracl(folder: Path) -> Path:
    for lang in ("sw", "yo"):
        data = folder / f"miracl-v1.0-{lang}"
        write(data / "topics" / f"topics.miracl-v1.0-{lang}-dev.tsv", topics())
        write(data / "topics" / f"topics.miracl-v1.0-{lang}-test-a.tsv", topics())
        write(data / "qrels" / f"qrels.miracl-v1.0-{lang}-dev.tsv", trec_qrels())
        first, second = documents(("docid", "title", "text")).split("\n", 1)
        corpus = folder / f"miracl-corpus-v1.0-{lang}"
        write(corpus / "docs-0.jsonl.gz", first)
        write(corpus / "docs-1.jsonl.gz", second)
    return folder


def mr_tydi_tar(folder: Path) -> Path:
    data = folder / "mrtydi-v1.1-swahili"
    write(data / "topic.test.tsv", topics())
    write(data / "topic.tsv", topics())
    write(data / "qrels.test.txt", trec_qrels())
    write(data / "collection" / "docs.jsonl.gz", documents(contents=True))
    return folder


def mr_tydi_hub(folder: Path) -> Path:
    data = folder / "mrtydi-v1.1-swahili"
    write(data / "ir-format-data" / "topics.test.txt", topics())
    write(data / "ir-format-data" / "qrels.test.txt", trec_qrels())
    write(folder / "corpus" / "mrtydi-v1.1-swahili" / "corpus.jsonl.gz", documents(("docid", "title", "text")))
    return folder


def ciral(folder: Path) -> Path:
    for split in ("dev", "test-a", "test-a-pools"):
        write(folder / "ciral-hausa" / "qrels" / f"qrels.ciral-v1.0-ha-{split}.tsv", trec_qrels())
    for split in ("dev", "test-a"):
        write(folder / "ciral-hausa" / "topics" / f"topics.ciral-v1.0-ha-{split}.tsv", topics())
    write(folder / "passages-v1.0" / "hausa_passages.jsonl", documents(("docid", "title", "text")))
    write(folder / "translated-passages-v1.0" / "hausa_passages.jsonl", documents(("docid", "title", "text")))
    return folder


def afriqa(folder: Path) -> Path:
    """Two languages; a passage that two questions share, and a question without a passage."""

    def rows(*lines: tuple[str, str, str, str]) -> str:
        keys = ("id", "question_lang", "title", "context")
        return "".join(f"{json.dumps(dict(zip(keys, line, strict=True)))}\n" for line in lines)

    fox, whale = ("Fox", "A red fox."), ("Whale", "It is blue.")
    write(folder / "afriqa.hau.test.json", rows(("0", "fox", *fox), ("1", "whale", *whale), ("2", "wolf", "", "")))
    write(folder / "afriqa.swa.test.json", rows(("0", "blue", *whale)))
    write(folder / "gold_span_passages.afriqa.swa.en.train.json", rows(("0", "frog", "Frog", "Green.")))
    return folder
