"""Make the samples that come with mtqa: English QA to train on, and a piece of XQuAD-R to evaluate on.

    python recipes/samples/make.py SQUADSHIFTS_NEW_WIKI.json XQUAD_R_FOLDER [mtqa/bundled]

Sources: SQuADShifts new_wiki (https://modestyachts.github.io/squadshifts-website, CC BY 4.0) and XQuAD-R
(https://github.com/google-research-datasets/lareqa, CC BY-SA 4.0). The same inputs give the same bytes (with one zlib).

QA: whole articles in the order of the sha256 of their titles, as many as fit into QA_BYTES; without paragraphs that
are debris of formulas or that share 13 words in a row, or a question, with any of XQuAD-R; of equal answers to a
question one is kept. XQuAD-R: every paragraph whose first question's id has a sha256 in the lower half, the same in
each language, in the official layout.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de", "es")
QA_BYTES = 480_000
GRAM = 13


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def grams(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {found[i : i + GRAM] for i in range(len(found) - GRAM + 1)}


def packed(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def paragraphs(data: Any) -> list[Any]:
    return [paragraph for article in data["data"] for paragraph in article["paragraphs"]]


def debris(context: str) -> bool:
    """Formulas became stacked single characters, or kept their TeX."""
    return "displaystyle" in context or "\n\n" in context


def slim(article: Any, seen_questions: set[tuple[str, ...]], seen_grams: set[tuple[str, ...]]) -> Any:
    kept = []
    for paragraph in article["paragraphs"]:
        questions = [
            {**qa, "answers": [a for i, a in enumerate(qa["answers"]) if a not in qa["answers"][:i]]}
            for qa in paragraph["qas"]
            if words(qa["question"]) not in seen_questions
        ]
        if questions and not debris(paragraph["context"]) and not grams(paragraph["context"]) & seen_grams:
            kept.append({"context": paragraph["context"], "qas": questions})
    return {"title": article["title"], "paragraphs": kept}


def qa_sample(source: Any, evaluation: Any) -> Any:
    questions = {words(qa["question"]) for p in paragraphs(evaluation) for qa in p["qas"]}
    passages = set().union(*(grams(p["context"]) for p in paragraphs(evaluation)))
    articles: list[Any] = []
    size = 0
    for article in sorted(source["data"], key=lambda a: sha(a["title"])):
        candidate = slim(article, questions, passages)
        size += len(packed(candidate))
        if size > QA_BYTES:
            break
        articles.append(candidate)
    return {"version": source["version"], "data": articles}


def xquad_sample(data: Any) -> Any:
    articles = [
        {**article, "paragraphs": [p for p in article["paragraphs"] if sha(p["qas"][0]["id"]) < "8"]}
        for article in data["data"]
    ]
    return {**data, "data": [article for article in articles if article["paragraphs"]]}


def main(new_wiki: Path, xquad: Path, out: Path) -> None:
    source = json.loads(new_wiki.read_text(encoding="utf-8"))
    official = {lang: json.loads((xquad / f"{lang}.json").read_text(encoding="utf-8")) for lang in LANGUAGES}
    sample = qa_sample(source, official["en"])
    files = {"squadshifts-new_wiki.json.gz": sample}
    files |= {f"xquad-r/{lang}.json.gz": xquad_sample(data) for lang, data in official.items()}
    for name, data in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(packed(data))
        items = sum(len(p["qas"]) for p in paragraphs(data))
        size = (out / name).stat().st_size
        print(
            f"{name}: {len(data['data'])} articles, {len(paragraphs(data))} paragraphs, {items} questions, {size} bytes"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else "mtqa/bundled"))
