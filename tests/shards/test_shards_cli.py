"""The commands build-shards and inspect, and shards as `datasets` sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli import build_shards, inspect
from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.shardfile import open_shards

app = typer.Typer()
app.command("build-shards")(build_shards.command)
app.command("inspect")(inspect.command)


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    if isinstance(result.exception, UsageError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def shards(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "shards"
    text = run("build-shards", corpus, "--batch-size", 10, "--epochs", 1, "--languages", "de,English", "--out", out)
    assert "23 batches of 10 pairs: 1 epochs of 230 items, each used 1 to 1 times." in text
    assert "deu_Latn>eng_Latn" in text and "spa_Latn" not in text
    return out


def test_options_are_the_settings(shards: Path) -> None:
    settings = open_shards(shards).manifest.settings
    assert settings["languages"] == ["deu_Latn", "eng_Latn"] and settings["batch_size"] == 10
    command = typer.main.get_command(app).commands["build-shards"]  # type: ignore[attr-defined]
    options = {p.name for p in command.params} - {"corpora", "out", "negatives", "overwrite", "as_json"}
    assert options == set(settings)


@pytest.mark.parametrize("length", [(), ("--steps", 3, "--epochs", 1)])
def test_exactly_one_of_steps_and_epochs(corpus: Path, tmp_path: Path, length: tuple) -> None:
    with pytest.raises(UsageError, match="either --steps or --epochs"):
        run("build-shards", corpus, *length, "--out", tmp_path / "out")


def test_json_is_the_manifests_counts(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = run("build-shards", corpus, "--mode", "mono", "--steps", 4, "--batch-size", 10, "--out", out, "--json")
    assert json.loads(text) == open_shards(out).manifest.counts


def test_inspect_shows_any_batch(shards: Path) -> None:
    batch = open_shards(shards).batch(5)
    text = run("inspect", shards, "--batch", 5, "--rows", 2)
    assert f"Batch 5 ({batch.kind}), 2 of its 10 pairs:" in text
    assert batch.queries[1] in text and batch.passages[1] in text and batch.queries[2] not in text
    seen = json.loads(run("inspect", shards, "--batch", 5, "--rows", 10, "--json"))
    assert [row["query"] for row in seen["batch"]["rows"]] == batch.queries
    with pytest.raises(UsageError, match="no batch 23"):
        run("inspect", shards, "--batch", 23)


def test_inspect_shows_a_corpus_item_by_item_in_all_languages(corpus: Path) -> None:
    seen = json.loads(run("inspect", corpus, "--rows", 2, "--json"))
    assert seen["languages"] == {lang: {"train": 230} for lang in open_corpus(corpus).languages}
    for item in seen["items"]:
        questions = {version["question"].split(" ")[0] for version in item["texts"].values()}
        assert len(questions) == 1 and list(item["texts"]) == ["eng_Latn", "deu_Latn", "spa_Latn"]
        assert all(lang in version["passage"] for lang, version in item["texts"].items())
    text = run("inspect", corpus, "--rows", 1, "--lang", "German")
    assert "deu_Latn" in text and "spa_Latn" not in text
    with pytest.raises(UsageError, match="no fra_Latn"):
        run("inspect", corpus, "--lang", "fr")


def test_inspect_shows_the_manifest_of_other_folders(tmp_path: Path) -> None:
    from mtqa.core.output import Work, building

    out = tmp_path / "model"
    with building(out, Work("train", 1, {"steps": 7}, {})) as build:
        build.finish({"all": build.record_rest("f")}, counts={"loss": 0.123456}, info={"losses": list(range(9))})
    text = run("inspect", out)
    assert "train: 0 files" in text and "  steps: 7" in text and "  loss: 0.1235" in text
    assert "  losses: 9 values" in text
    with pytest.raises(UsageError, match="no folder"):
        run("inspect", tmp_path / "none")


def test_load_dataset_reads_shards_in_order(shards: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(str(shards), split="train", cache_dir=str(tmp_path))
    assert len(rows) == 230 and rows["batch"] == sorted(rows["batch"])
    assert rows[10:20]["query"] == open_shards(shards).batch(1).queries
