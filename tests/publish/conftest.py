"""A small corpus that went through collect, translate and filter, and a small trained model, as their manifests say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mtqa.core.corpus import TableWriter
from mtqa.core.hashing import content_id
from mtqa.core.lineage import lineage
from mtqa.core.manifest import FileRecord, Manifest, Part, record_file, record_folder

SENTENCES = ["The Rhine flows through Basel.", "Mars has two | moons & <no> rings.", "Bees *dance* to share news."]
LANGUAGES = ("eng_Latn", "deu_Latn", "spa_Latn")


def _row(number: int, lang: str, licence: str) -> dict[str, Any]:
    passage = f"{lang} {number}: {SENTENCES[number % 3]}"
    item = content_id("demo", str(number))
    return {
        "item_id": item,
        "passage_id": content_id("p", str(number)),
        "question_id": content_id("q", str(number)),
        "dataset": "demo-qa",
        "licence": licence,
        "split": "train" if number % 5 else "validation",
        "lang": lang,
        "question": f"What about {number} in {lang}?",
        "passage": passage,
        "title": None,
        "answers": [{"text": str(number), "start": None}],
        "mt": None,
    }


def write_corpus(folder: Path, licence: str = "CC-BY-4.0", rows: int = 20, mt_licence: str = "Apache-2.0") -> Path:
    """Write a filtered corpus of three languages; German lacks the last row."""
    parts = {}
    for lang in LANGUAGES:
        numbers = range(rows - (lang == "deu_Latn"))
        written: dict[str, int] = {}
        for split in ("train", "validation"):
            with TableWriter(folder, f"{lang}/{split}") as writer:
                writer.write([r for r in (_row(n, lang, licence) for n in numbers) if r["split"] == split])
            written |= writer.rows
        files = {name: record_file(folder / name, n) for name, n in written.items()}
        reasons = {"reasons": {"passage.numbers": 2, "question.language": 1}} if lang == "deu_Latn" else {}
        kept = len(numbers)
        parts[lang] = Part("f" * 64, files, {"in": rows, "kept": kept, "dropped": rows - kept, **reasons})
    empty = {"eng_Latn": Part("e" * 64, {"x": FileRecord("a" * 64, 1, 1)})}
    entry = {"licence": licence, "homepage": "https://example.org/qa", "citation": "@misc{demo}"}
    collected = Manifest(
        "collect",
        1,
        {"sources": ["/home/someone/secret/qa.json"]},
        {},
        empty,
        {},
        [licence],
        {"sources": {"demo-qa": entry}},
    )
    translated = Manifest(
        "translate",
        1,
        {"to": ["deu_Latn", "spa_Latn"], "model": "demo", "beam_size": 4, "engine": "ctranslate2"},
        {},
        empty,
        {},
        [licence, mt_licence],
        {"model": "tiny/opus", "revision": "abc123", "licence": mt_licence, "lineage": lineage(collected)},
    )
    manifest = Manifest("filter", 1, {"profile": "default"}, {}, parts, {}, [licence], {"lineage": lineage(translated)})
    manifest.save(folder)
    return folder


def write_model(folder: Path, own: bool = True, similarity: str | None = None) -> tuple[Path, Manifest]:
    """Write the files of a trained model (not a real one) with the lineage of a filtered corpus."""
    corpus = write_corpus(folder.with_name("of-model"))
    filtered = Manifest(**{**json.loads((corpus / "_manifest.json").read_text()), "parts": {}})
    part = {"all": Part("b" * 64, {"s": FileRecord("a" * 64, 1, 1)})}
    info = {"languages": list(LANGUAGES), "lineage": lineage(filtered)}
    shards = Manifest(
        "build-shards", 1, {"mode": "hybrid", "alpha": 0.5}, {}, part, {"batches": 9}, ["CC-BY-4.0"], info
    )
    folder.mkdir(parents=True)
    module = "sentence_transformers.models.Transformer" if own else "mtqa.core.demo_encoder.DemoEncoder"
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": module}]))
    config = {"prompts": {"query": "Query: "}, **({} if similarity is None else {"similarity_fn_name": similarity})}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"weights" * 100)
    (folder / "README.md").write_text("made by sentence-transformers")
    (folder / "checkpoint-5").mkdir()
    (folder / "checkpoint-5" / "state.bin").write_bytes(b"state")
    manifest = Manifest(
        "train",
        1,
        {"encoder": "sentence-transformers/LaBSE", "lr": 3e-5, "seed": 1},
        {},
        {"all": Part("c" * 64, record_folder(folder))},
        {},
        ["CC-BY-4.0", "Apache-2.0"],
        {"encoder": {"dimension": 768}, "lineage": lineage(shards)},
    )
    manifest.save(folder)
    return folder, manifest


def write_evaluation(folder: Path, model: Manifest) -> Path:
    """Write an evaluation's manifest as evaluate does."""
    folder.mkdir(parents=True)
    Manifest(
        "evaluate",
        1,
        {"benchmark": "xquad-r", "candidate": "sentence"},
        {},
        {"all": Part("d" * 64, {})},
        {"questions": 240, "candidates": 870},
        info={
            "mAP": {"Mo": 0.71234, "Cr": 0.65, "Mul": 0.61},
            "bias": {"rank_distance": 48.25},
            "intervals": {"Mo": [0.70, 0.72], "Cr": [0.64, 0.66], "Mul": [0.6, 0.62], "rank_distance": [44.0, 52.0]},
            "signature": "mAP|pool:13",
            "signatures": {m: f"{m}|pool:13" for m in ("Mo", "Cr", "Mul", "rank_distance")},
            "lineage": lineage(model),
        },
    ).save(folder)
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "filtered")


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    return lambda **options: write_corpus(tmp_path / "filtered", **options)


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def make(own: bool = True, similarity: str | None = None) -> tuple[Path, Path]:
        folder, manifest = write_model(tmp_path / "model", own, similarity)
        return folder, write_evaluation(tmp_path / "evaluation", manifest)

    return make
