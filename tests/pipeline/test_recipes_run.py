"""The recipes that want a GPU, run end to end on little data with tiny models of the same families.

What is exchanged: the sources' files, the models, the device, sizes (batch, items) and the filter's profile, as random
translations would all be dropped. Every other key is the recipe's own.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import collection_folders
import pytest
import tiny_models
from small_run import save

from mtqa.bundled import QA_SAMPLE
from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.core.manifest import load_manifest
from mtqa.core.recipe import load_yaml
from mtqa.core.shardfile import open_shards
from mtqa.pipeline.recipe import load_recipe
from mtqa.pipeline.run import run_recipe
from mtqa.shards.run import build_shards
from mtqa.shards.settings import ShardSettings

FOLDER = Path(__file__).parents[2] / "recipes"
BATCH = 6


def paragraphs() -> list[dict[str, Any]]:
    """The first 160 characters of the sample's passages, with a question that they answer."""
    found = []
    for article in json.loads(gzip.decompress(QA_SAMPLE.read_bytes()))["data"]:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"][:160]
            qas = [q for q in paragraph["qas"] if text.count(q["answers"][0]["text"])][:1]
            for qa in qas:
                answer = qa["answers"][0]["text"]
                answers = [{"text": answer, "answer_start": text.index(answer)}]
                found.append(
                    {"context": text, "qas": [{"id": qa["id"], "question": qa["question"], "answers": answers}]}
                )
    return found


def squad(path: Path, some: list[dict[str, Any]]) -> str:
    path.write_text(json.dumps({"data": [{"title": "Page", "paragraphs": some}]}), encoding="utf-8")
    return path.name


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of a model in a recipe → a tiny one's folder."""
    folder = tmp_path_factory.mktemp("models")
    texts = [text for one in paragraphs()[:60] for text in (one["context"], one["qas"][0]["question"])]
    return {
        "nllb-600m": str(tiny_models.nllb(folder / "nllb-tiny", texts)),
        "FacebookAI/xlm-roberta-base": str(tiny_models.encoder(folder / "xlm-r", "xlm-roberta", texts)),
        "sentence-transformers/LaBSE": str(tiny_models.labse(folder / "labse", texts)),
        "cuda": "cpu",
    }


def exchanged(value: Any, by: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: exchanged(one, by) for key, one in value.items()}
    if isinstance(value, list):
        return [exchanged(one, by) for one in value]
    return by.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def small(tmp_path: Path, models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function of a recipe's name that gives the recipe made small; the current folder holds its data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    some = paragraphs()

    def make(name: str) -> dict[str, Any]:
        recipe = exchanged(load_yaml(FOLDER / f"{name}.yaml"), models)
        recipe["collect"]["sources"] = [
            f"squad={squad(tmp_path / 'one.json', some[:16])}",
            f"squadshifts-nyt={squad(tmp_path / 'two.json', some[16:28])}",
        ]
        recipe["collect"]["limit"] = 12
        (tmp_path / "profile.yaml").write_text("name: any\nquestion: {empty: 0.9}\npassage: {empty: 0.9}\n")
        recipe["filter"]["profile"] = "profile.yaml"
        recipe["shards"]["batch_size"] = BATCH
        return recipe

    return make


def check(recipe: dict[str, Any], out: Path, labels: set[str]) -> None:
    """Everything was made, in all languages, and is up to date the second time."""
    loaded = load_recipe(save(recipe, out.parent))
    stages = run_recipe(loaded, out)
    assert labels <= set(stages) and {stage["state"] for stage in stages.values()} == {"made"}
    assert set(load_manifest(out / "filtered").parts) == {"eng_Latn", *loaded.translate.to}
    for arm in loaded.arms:
        if loaded.train_settings(arm) is not None:
            assert open_shards(out / "shards" / arm).batch_size == BATCH
            assert load_manifest(out / "model" / arm).stage == "train"
        for benchmark in loaded.benchmarks:
            assert (out / "evaluation" / arm / benchmark / "metrics.json").is_file()
    assert (out / "report.html").is_file()
    again = run_recipe(load_recipe(save(recipe, out.parent)), out)
    assert {stage["state"] for stage in again.values()} == {"up to date"}


def test_the_papers_recipe(small: Any, benchmark: Path, tmp_path: Path) -> None:
    recipe = small("paper")
    squad(tmp_path / "dev.json", paragraphs()[30:50])
    settings = CollectSettings.model_validate({"sources": ["squadshifts-reddit=dev.json"]})
    collect(settings, tmp_path / "dev")
    dev = ShardSettings.model_validate({"mode": "mono", "steps": 2, "batch_size": BATCH})
    build_shards([tmp_path / "dev"], dev, tmp_path / "dev-shards")
    recipe["train"]["validate_every"] = 2
    (tmp_path / "lareqa").mkdir()
    for name in ("xquad-r", "mlqa-r"):
        (tmp_path / "lareqa" / name).symlink_to(benchmark)
    collection_folders.miracl(tmp_path / "miracl")
    check(recipe, tmp_path / "run", {"train labse-hybrid", "evaluate xlm-r-mono mlqa-r", "evaluate labse-cross miracl"})
    kinds = {arm: {open_shards(tmp_path / f"run/shards/xlm-r-{arm}").batch(n).kind for n in range(2)} for arm in
             ("mono", "cross")}  # fmt: skip
    assert kinds == {"mono": {"mono"}, "cross": {"cross"}}
    assert load_manifest(tmp_path / "run/model/labse-hybrid").info["encoder"]["prompts"]["query"] == "Query: "


def test_the_low_resource_recipe(small: Any, tmp_path: Path) -> None:
    recipe = small("low-resource")
    recipe["mine"] |= {"near": 1.0, "most_of_positive": 1.0}  # a random encoder's vectors are all alike
    collection_folders.amharicqa(tmp_path / "amharicqa")
    kept_out = paragraphs()[2]
    for lang in ("hau", "ibo", "yor", "swa"):
        rows = [
            {"id": str(n), "question_lang": f"Ina {n}?", "question_translated": one["qas"][0]["question"],
             "title": "Page", "context": one["context"], "answer_lang": one["qas"][0]["answers"][0]["text"],
             "answer_pivot": one["qas"][0]["answers"][0]["text"]}
            for n, one in enumerate((kept_out, paragraphs()[60]))
        ]  # fmt: skip
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        collection_folders.write(tmp_path / "afriqa" / f"afriqa.{lang}.test.json", text)
    check(recipe, tmp_path / "run", {"mine", "train hybrid", "evaluate untrained afriqa", "evaluate hybrid amharicqa"})
    batch = open_shards(tmp_path / "run/shards/hybrid").batch(0)
    assert sum(bool(negatives) for negatives in batch.column("negatives")) > 0
    shards = open_shards(tmp_path / "run/shards/english")
    english = [passage for n in range(len(shards)) for passage in shards.batch(n).passages]
    assert kept_out["context"] not in english and english
