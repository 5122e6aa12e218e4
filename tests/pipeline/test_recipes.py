"""Every recipe in the repository is valid, and lists what it will do without doing anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mtqa.cli.app import app
from mtqa.core.recipe import load_yaml

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(FOLDER.glob("*.yaml"))


def test_the_recipes_that_the_docs_name_are_there():
    assert {"quickstart", "study-cpu", "paper", "low-resource"} <= {path.stem for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_valid(path, tmp_path):
    command = "study" if "seeds" in load_yaml(path) else "run"
    result = CliRunner().invoke(app, [command, str(path), "--out", str(tmp_path / "out"), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "hybrid" in result.output and not (tmp_path / "out").exists()


def test_the_paper_s_settings_are_the_paper_s():
    from mtqa.pipeline.recipe import load_recipe

    recipe = load_recipe(FOLDER / "paper.yaml")
    assert len(recipe.translate.to) == 8  # nine with English
    for arm in recipe.arms:
        training, batches = recipe.train_settings(arm), recipe.shard_settings(arm)
        assert (training.learning_rate, training.weight_decay, training.temperature) == (3e-5, 0.01, 0.05)
        assert (training.query_prompt, training.passage_prompt) == ("Query: ", "Passage: ")
        assert (batches.batch_size, batches.alpha) == (100, 0.5)
    assert recipe.train_settings("labse-hybrid").encoder == "sentence-transformers/LaBSE"


def test_the_low_resource_recipe_s_languages_are_low_resource():
    from mtqa.pipeline.recipe import load_recipe
    from mtqa.study.resources import resource

    recipe = load_recipe(FOLDER / "low-resource.yaml")
    assert {resource(lang) for lang in recipe.translate.to} == {"low-resource"}
    assert "amh_Ethi" in recipe.translate.to and recipe.mine is not None
