from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mtqa.core.corpus import open_corpus


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write text, JSON, or JSON lines (a `.jsonl` name and a list) to a file and return its path."""

    def write_file(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def squad() -> dict[str, Any]:
    context = "Rome is old. Paris is in France. It has a tower."
    return {
        "version": "2.0",
        "data": [
            {
                "title": "Two_cities",
                "paragraphs": [
                    {
                        "context": context,
                        "qas": [
                            {
                                "id": "a",
                                "question": "Where is Paris?",
                                "answers": [{"text": "France", "answer_start": 25}],
                            },
                            {"id": 7, "question": "Who rules?", "answers": [], "is_impossible": True},
                            {"id": "c", "question": "  ", "answers": [{"text": "old", "answer_start": 8}]},
                            {"id": "d", "question": "How old?", "answers": [{"text": "old", "answer_start": 8}]},
                            {"id": "e", "question": "How old?", "answers": [{"text": "old", "answer_start": 8}]},
                            {
                                "id": "f",
                                "question": "What more?",
                                "answers": [{"text": "in France. It has", "answer_start": 22}],
                            },
                        ],
                    }
                ],
            }
        ],
    }


@pytest.fixture
def rows() -> Callable[[Path], list[dict[str, Any]]]:
    """Return all rows of a corpus, by language, split and file order."""

    def read(folder: Path) -> list[dict[str, Any]]:
        corpus = open_corpus(folder)
        return [row for lang in corpus.languages for batch in corpus.batches(lang) for row in batch.to_pylist()]

    return read
