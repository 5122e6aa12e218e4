"""A small but real study: parallel files in two languages, a static encoder, a benchmark in three languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from study_texts import text

LANGUAGES = ("en", "de", "es")
ITEMS = 48


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """English and German files with shared ids; German lacks item 5, has one of its own and one without an answer."""
    folder = tmp_path_factory.mktemp("parallel")
    for lang in ("en", "de"):
        rows = []
        for number in range(ITEMS):
            question, sentence, answer = text(lang, number)
            passage = f"Before it all, nothing was here. {sentence[0].upper()}{sentence[1:]}"
            row = {"id": f"i{number}", "question": question, "passage": passage, "answer": answer}
            rows.append({**row, "answer_start": passage.index(answer)})
        if lang == "de":
            rows[5]["id"] = "only-here"
            rows[6]["answer_start"] = None
        (folder / f"{lang}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {lang: str(folder / f"{lang}.jsonl") for lang in ("en", "de")}


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty questions on ten paragraphs of three sentences, in English, German and Spanish."""
    folder = tmp_path_factory.mktemp("xquad-r")
    for lang in LANGUAGES:
        paragraphs = []
        for start in range(100, 130, 3):
            sentences, questions = [], []
            for number in range(start, start + 3):
                question, sentence, _ = text(lang, number)
                sentences.append(sentence)
                place = sum(len(s) + 1 for s in sentences[:-1])
                answers = [{"answer_start": place, "text": sentence[:3]}]
                questions.append({"id": f"q{number}", "question": question, "answers": answers})
            begins = [sum(len(s) + 1 for s in sentences[:i]) for i in range(3)]
            breaks = [[b, b + len(s)] for b, s in zip(begins, sentences, strict=True)]
            paragraphs.append(
                {"context": " ".join(sentences), "sentences": sentences, "sentence_breaks": breaks, "qas": questions}
            )
        content = {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
        (folder / f"{lang}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static encoder of sentence-transformers over the words that occur."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({w for lang in LANGUAGES for n in range(130) for part in text(lang, n)[:2] for w in part.split()})
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<unk>", *words])}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    folder = tmp_path_factory.mktemp("encoder") / "static"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=12)]).save(str(folder))
    return folder


@pytest.fixture
def recipe(files: dict[str, str], benchmark: Path, encoder: Path) -> dict:
    """A study's recipe; tests change it and write it with `save_recipe`."""
    return {
        "name": "small",
        "description": "a small study",
        "seeds": [1, 2],
        "parallel": {"files": files, "dataset": "made-up", "licence": "CC0-1.0"},
        "shards": {"batch_size": 8, "steps": 4},
        "train": {"encoder": str(encoder), "learning_rate": 0.05, "device": "cpu"},
        "evaluate": [{"benchmark": "xquad-r", "data": str(benchmark), "resamples": 100}],
        "topics": {"xquad-r": "made up"},
        "resamples": 400,
    }


@pytest.fixture
def save_recipe(tmp_path: Path):
    """Return a function that writes a recipe and returns its path."""

    def save(recipe: dict, name: str = "study.yaml") -> Path:
        path = tmp_path / name
        path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
        return path

    return save
