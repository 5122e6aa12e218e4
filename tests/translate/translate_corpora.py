"""Small corpora and texts that the tests of translate share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SENTENCES = [
    "The quick brown fox jumps over the lazy dog near the old river bank.",
    "Marie Curie was born in Warsaw in 1867 and moved to Paris to study physics.",
    "What is the capital of the country that lies between France and Spain?",
    "The committee, which met on Tuesday, decided to postpone the vote until autumn.",
    "Prices rose by 3.5 % in March; wages did not.",
    "Where did the first settlers build their houses, and why did they leave?",
    "Music, painting and the theatre flourished under the new king.",
    "He wrote twelve novels, two plays and more than a hundred short stories.",
    "Die Stadt liegt an einem Fluss und hat viele alte Brücken.",
    "La ciudad está a orillas de un río y tiene muchos puentes viejos.",
]


def words(count: int, seed: int = 0) -> list[str]:
    """Return `count` different short sentences."""
    import random

    rows = random.Random(seed)
    vocabulary = sorted({word.strip(".,;?") for sentence in SENTENCES[:8] for word in sentence.split()})
    return [f"{' '.join(rows.choices(vocabulary, k=rows.randint(2, 6)))} {i}." for i in range(count)]


def english_row(
    number: int, question: str, passage: str | None = None, answers: Any = (), title: str | None = None
) -> Any:
    return {
        "item_id": f"{number:016x}",
        "passage_id": None if passage is None else f"{number // 2:016x}",
        "question_id": f"{number:016x}",
        "dataset": "toy",
        "licence": "CC-BY-4.0",
        "split": "train",
        "lang": "eng_Latn",
        "question": question,
        "passage": passage,
        "title": title,
        "answers": [{"text": text, "start": start} for text, start in answers],
        "mt": None,
    }


def save_corpus(folder: Path, rows: list[Any]) -> Path:
    """Write rows as a collected corpus."""
    from mtqa.core.corpus import TableWriter
    from mtqa.core.output import Work, building

    work = Work("collect", 1, {}, {})
    with building(folder, work, overwrite=True) as build:
        files: dict[str, int] = {}
        for split in dict.fromkeys(row["split"] for row in rows):
            with TableWriter(build.path, f"eng_Latn/{split}") as writer:
                writer.write([row for row in rows if row["split"] == split])
            files |= writer.rows
        part = build.record_part("x", files, {"rows": len(rows)})
        build.finish({"eng_Latn": part}, licences=["CC-BY-4.0"])
    return folder
