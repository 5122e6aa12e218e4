from pathlib import Path

import pytest

from mtqa.core.errors import UsageError
from mtqa.study.settings import Study, load_study

RECIPES = Path(__file__).parents[2] / "recipes"


def test_default_arms_and_comparisons(recipe, save_recipe):
    study = load_study(save_recipe(recipe))
    assert list(study.all_arms) == ["untrained", "english", "mono", "cross", "hybrid"]
    assert study.seeds_of("untrained") == [None] and study.seeds_of("hybrid") == [1, 2]
    assert study.shard_settings("english", 2).languages == ["eng_Latn"]
    one, two = study.shard_settings("hybrid", 1), study.shard_settings("hybrid", 2)
    assert (one.mode, one.seed, two.seed, one.common_items) == ("hybrid", 1, 2, True)
    assert study.train_settings("hybrid", 2).seed == 2
    assert [(c.first, c.second, c.measures) for c in study.primary] == [
        ("hybrid", "mono", ["Mul"]),
        ("hybrid", "cross", ["Mo"]),
        ("hybrid", "english", ["Mo", "Cr", "Mul"]),
    ]


def test_alphas_are_one_line(recipe, save_recipe):
    study = load_study(save_recipe({**recipe, "alphas": [0, 0.25, 1]}))
    assert list(study.all_arms)[-3:] == ["hybrid-0", "hybrid-0.25", "hybrid-1"]
    assert study.shard_settings("hybrid-0.25", 1).alpha == 0.25


def test_the_encoder_of_an_arm_is_its_own_the_study_s_or_the_usual_one(recipe, save_recipe):
    arms = {"a": {"train": {"encoder": "own"}}, "b": {}, "c": {"train": False}}
    study = load_study(save_recipe({**recipe, "arms": arms, "primary": []}))
    assert [study.encoder_of(arm) for arm in arms] == ["own", *[recipe["train"]["encoder"]] * 2]
    study = load_study(save_recipe({**recipe, "arms": arms, "primary": [], "train": {}}))
    assert [study.encoder_of(arm) for arm in arms] == ["own", *["FacebookAI/xlm-roberta-base"] * 2]


def test_relative_places_start_from_the_data_folder(recipe, save_recipe):
    recipe["parallel"]["files"] = {"en": "p/en.jsonl", "de": "/abs/de.jsonl"}
    recipe["dev"] = {"sources": ["sample", "mfaq", "qa/dev.json", "squad=qa/own.json", "squad=/abs/own.json"]}
    recipe["dev"] |= {"exclude": ["sample", "lareqa", "squad=qa/test.json"], "pair_with": "wiki.jsonl"}
    study = load_study(save_recipe(recipe), Path("/data"))
    assert study.parallel.files == {"deu_Latn": "/abs/de.jsonl", "eng_Latn": "/data/p/en.jsonl"}
    assert study.dev.sources[:3] == ["sample", "mfaq", "/data/qa/dev.json"]
    assert study.dev.sources[3:] == ["squad=/data/qa/own.json", "squad=/abs/own.json"]
    assert study.dev.exclude == ["sample", "/data/lareqa", "squad=/data/qa/test.json"]
    assert study.dev.pair_with == "/data/wiki.jsonl"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"primary": [{"first": "hybrid", "second": "nobody"}]}, "nknown arm nobody"),
        ({"corpora": ["x"]}, "either corpora or parallel"),
        ({"parallel": None}, "either corpora or parallel"),
        ({"seeds": [1, 1]}, "ach seed may stand"),
        ({"seeds": []}, "seeds"),
        ({"topics": {"mlqa-r": "x"}}, "not evaluated"),
        ({"arms": {"a/b": {}}}, "may hold letters"),
        ({"arms": {"a": {"train": False}}, "primary": []}, "arm is trained; mtqa evaluate"),
        ({"arms": {"a": {"train": {"similarity": "dot"}}}, "primary": [], "corrections": ["shift"]}, "made for cosine"),
        ({"steps": 3}, "Unknown key 'steps'"),
        ({"train": {"encoder": "demo", "learning_rat": 1}}, "Did you mean 'learning_rate'"),
        ({"parallel": {"files": {"de": "a", "es": "b"}}}, "has to be English"),
    ],
)
def test_wrong_recipes_are_named(recipe, save_recipe, change, message):
    with pytest.raises(UsageError, match=message):
        load_study(save_recipe({**recipe, **change}))


def test_the_recipe_in_the_repository_is_valid():
    assert isinstance(load_study(RECIPES / "study-cpu.yaml"), Study)
