import pytest
import yaml

from mtqa.core.errors import UsageError
from mtqa.pipeline.recipe import load_recipe
from mtqa.pipeline.run import encoder_of, run_recipe

SMALL = {
    "name": "small",
    "seed": 5,
    "collect": {"sources": ["sample"]},
    "translate": {"model": "demo", "to": ["de"]},
    "shards": {"batch_size": 8, "steps": 4},
    "train": {"encoder": "demo"},
    "arms": {
        "untrained": {"train": False},
        "mono": {"shards": {"mode": "mono"}},
        "hybrid": {"shards": {"alpha": 0.4}, "train": {"learning_rate": 1e-3, "seed": 6}},
    },
    "evaluate": {"benchmark": "xquad-r"},
}


def load(tmp_path, **changes):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}, sort_keys=False), encoding="utf-8")
    return load_recipe(path)


def test_arms_change_what_the_recipe_shares(tmp_path):
    recipe = load(tmp_path)
    assert recipe.train_settings("untrained") is None
    assert (recipe.shard_settings("mono").mode, recipe.shard_settings("hybrid").alpha) == ("mono", 0.4)
    assert recipe.shard_settings("mono").batch_size == recipe.shard_settings("hybrid").batch_size == 8
    assert recipe.train_settings("hybrid").learning_rate == 1e-3
    assert recipe.published_arm == "hybrid"


def test_an_arm_that_is_not_trained_has_the_usual_encoder_where_none_is_named(tmp_path):
    recipe = load(tmp_path, train={})
    assert encoder_of(recipe, tmp_path, "untrained") == recipe.train_settings("mono").encoder
    assert encoder_of(load(tmp_path), tmp_path, "untrained") == "demo"


def test_the_seed_reaches_every_stage_that_does_not_name_its_own(tmp_path):
    recipe = load(tmp_path, mine={"encoder": "demo"})
    assert recipe.mine.seed == 5
    assert recipe.collect.seed == recipe.shard_settings("mono").seed == recipe.train_settings("mono").seed == 5
    assert recipe.train_settings("hybrid").seed == 6
    assert recipe.evaluate[0].seed == 7  # the bootstrap's own, so that intervals of different runs can be compared


def test_benchmarks_are_kept_out_of_the_training_data_unless_the_recipe_says_otherwise(tmp_path):
    evaluate = [{"benchmark": "xquad-r", "data": "sample"}, {"benchmark": "mlqa-r", "data": "lareqa/mlqa-r"}]
    recipe = load(tmp_path, evaluate=evaluate)
    assert recipe.collect.exclude == recipe.filter.contamination == ["sample", "lareqa/mlqa-r"]
    own = load(tmp_path, collect={"sources": ["sample"], "exclude": []}, filter={"contamination": ["dev.jsonl"]})
    assert (own.collect.exclude, own.filter.contamination) == ([], ["dev.jsonl"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluate": {"benchmark": "xquad-r", "data": "nowhere"}}, "no folder 'nowhere'"),
        ({"collections": [{"benchmark": "beir", "data": "nowhere"}]}, "no folder 'nowhere'"),
        ({"filter": {"profile": "nowhere.yaml"}}, "nowhere.yaml"),
        ({"filter": {"round_trip": "nowhere.parquet"}}, "nowhere.parquet"),
        ({"train": {"encoder": "./nowhere"}}, "./nowhere"),
        ({"train": {"encoder": "demo", "objective": "distill", "teacher": "./nowhere"}}, "./nowhere"),
        ({"train": {"encoder": "demo", "validation": "nowhere"}}, "no folder 'nowhere'"),
        ({"mine": {"encoder": "./nowhere"}}, "./nowhere"),
        ({"translate": {"model": "demo", "to": ["fr"]}}, "fra_Latn"),
    ],
)
def test_what_is_not_there_stops_a_run_before_its_first_stage(tmp_path, changes, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        run_recipe(load(tmp_path, **changes), tmp_path / "run")
    assert message in str(error.value)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [".lock", "run.json"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluate": {"benchmark": "xquad-r", "vectors": "x.npz"}}, "leave out vectors"),
        ({"collections": [{"benchmark": "mlqa-r", "data": "x"}]}, "'collections' it is for BM25 alone"),
        ({"tranlsate": {}}, "Unknown key 'tranlsate'. Did you mean 'translate'?"),
        ({"translate": {"to": ["de"], "beam": 4}}, "Unknown key 'translate.beam'"),
        ({"arms": {"a": {"shard": {}}}}, "Unknown key 'arms.a.shard'. Did you mean 'shards'?"),
        ({"shards": {"batch_size": 8, "steps": 4, "mod": "mono"}}, "Did you mean 'mode'?"),
        ({"compare": [["hybrid", "english"]]}, "Unknown arm english"),
        ({"publish_arm": "nobody"}, "Unknown arm nobody"),
        (
            {"evaluate": [{"benchmark": "xquad-r"}, {"benchmark": "xquad-r"}]},
            "may stand in 'evaluate' or 'collections' once",
        ),
        ({"evaluate": []}, "Name a benchmark in 'evaluate' or 'collections'"),
        ({"collections": [{"benchmark": "xquad-r", "data": "x"}]}, "may stand in 'evaluate' or 'collections' once"),
        ({"collections": [{"run": "r", "qrels": "q"}]}, "leave out run and qrels"),
        ({"arms": {"a/b": {}}}, "letters, digits"),
        ({"seed": -1}, "'seed'"),
        ({"translate": {"to": ["Klingon"], "model": "demo"}}, "Klingon"),
    ],
)
def test_a_wrong_recipe_names_the_key_and_the_nearest(tmp_path, changes, message):
    with pytest.raises(UsageError, match=r".") as caught:
        load(tmp_path, **changes)
    assert message in str(caught.value)
    assert "recipe" in str(caught.value)
