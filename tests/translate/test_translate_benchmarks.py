"""The benchmarks that reach into the translation's own parts still find them there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PASSAGE = "The old bridge over the river was built by the people of the town. It was opened in 1905 by 12 men of it."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three small files under the names that benchmarks read."""
    folder = tmp_path / "data" / "qa"
    folder.mkdir(parents=True)
    answer = {"text": "the people of the town", "answer_start": PASSAGE.index("the people")}
    questions = [{"id": "1", "question": "Who built the old bridge?", "answers": [answer]}]
    squad: dict[str, Any] = {"data": [{"title": "Bridge", "paragraphs": [{"context": PASSAGE, "qas": questions}]}]}
    (folder / "squadshifts-new_wiki.json").write_text(json.dumps(squad), encoding="utf-8")
    (folder / "nq-open-dev.jsonl").write_text('{"question": "who built the bridge", "answer": ["men"]}\n', "utf-8")
    pubmed = {"QUESTION": "Is it so?", "CONTEXTS": [PASSAGE], "LONG_ANSWER": "It is so.", "final_decision": "yes"}
    (folder / "pubmedqa-ori_pqal.json").write_text(json.dumps({"1": pubmed}), encoding="utf-8")
    return folder.parent


def measured(name: str, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, str(BENCHMARKS / name), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{") and line.endswith("}")]


@pytest.mark.slow
def test_speed_against_others(data: Path) -> None:
    few = ["--rows", "5", "--peer-rows", "1", "--repeats", "1", "--models", "demo", "--sizes", "512"]
    name = "squadshifts-new_wiki"
    (found,) = (row[f"demo {name}"] for row in measured("translate.py", "--data", str(data), *few, "--corpora", name))
    assert found["rows"] == 1
    assert 0 < found["of_them_alignment"][0] < found["mtqa_seconds"][0]


@pytest.mark.slow
def test_what_comes_through(data: Path) -> None:
    rows = measured("protect.py", "--data", str(data), "--sentences", "2")
    assert {row["kind"] for row in rows} >= {"url", "markup", "number"}
    assert all(row["sentences"] and row["kept"] + row["flagged"] == 1 for row in rows)
