"""A small corpus of three languages, good rows and planted faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mtqa.core.corpus import TableWriter
from mtqa.core.hashing import content_id
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building

PASSAGES = {
    "eng_Latn": "The old mill by the river was built in 1874. It ground flour for the whole valley until the flood.",
    "deu_Latn": "Die alte Mühle am Fluss wurde 1874 gebaut. Sie mahlte bis zur Flut Mehl für das ganze Tal.",
    "spa_Latn": "El viejo molino del río se construyó en 1874. Molió harina para todo el valle hasta la inundación.",
}
QUESTIONS = {
    "eng_Latn": [
        "When was the old mill by the river built?",
        "What did the mill make for the valley?",
        "What ended the work of the old mill?",
        "Where does the old mill of the valley stand?",
    ],
    "deu_Latn": [
        "Wann wurde die alte Mühle am Fluss gebaut?",
        "Was stellte die Mühle für das Tal her?",
        "Was beendete die Arbeit der alten Mühle?",
        "Wo steht die alte Mühle des Tales?",
    ],
    "spa_Latn": [
        "¿Cuándo se construyó el viejo molino junto al río?",
        "¿Qué producía el molino para el valle?",
        "¿Qué puso fin al trabajo del viejo molino?",
        "¿Dónde está el viejo molino del valle?",
    ],
}
Rows = dict[str, list[dict[str, Any]]]


def make_row(lang: str, number: int, question: str, passage: str | None, split: str = "train") -> dict[str, Any]:
    return {
        "item_id": content_id("test", split, str(number)),
        "passage_id": content_id("passage"),
        "question_id": content_id("question", str(number)),
        "dataset": "test",
        "licence": "CC0-1.0",
        "split": split,
        "lang": lang,
        "question": question,
        "passage": passage,
        "title": None,
        "answers": [{"text": "1874", "start": None}],
        "mt": None,
    }


@pytest.fixture
def rows() -> Rows:
    """Four good items in three languages."""
    return {
        lang: [make_row(lang, n, question, PASSAGES[lang]) for n, question in enumerate(questions)]
        for lang, questions in QUESTIONS.items()
    }


@pytest.fixture
def write_corpus() -> Callable[[Path, Rows], Manifest]:
    """Write rows (in the order given) as a translated corpus."""

    def write(folder: Path, rows: Rows) -> Manifest:
        with building(folder, Work("translate", 1, {}, {}), overwrite=True) as build:
            parts = {}
            for lang, own in rows.items():
                files: dict[str, int] = {}
                for split in ("train", "validation"):
                    with TableWriter(build.path, f"{lang}/{split}") as writer:
                        writer.write([row for row in own if row["split"] == split])
                    files |= writer.rows
                parts[lang] = build.record_part(lang, files)
            return build.finish(parts, licences=["CC0-1.0"])

    return write
