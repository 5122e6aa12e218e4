import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import killed
import pytest
import torch

from mtqa.core.errors import UsageError
from mtqa.core.manifest import load_manifest
from mtqa.study.figures import differences
from mtqa.study.results import RESULTS
from mtqa.study.run import pending, run_study, runs
from mtqa.study.settings import load_study
from mtqa.study.text import markdown, summary


@pytest.fixture(scope="module")
def whole(tmp_path_factory, request):
    """The small study, undisturbed."""
    return {}


@pytest.fixture
def study(recipe, save_recipe):
    return load_study(save_recipe(recipe))


@pytest.fixture
def undisturbed(whole, study, tmp_path_factory):
    if not whole:
        out = tmp_path_factory.mktemp("undisturbed") / "study"
        whole.update(out=out, content=run_study(study, out))
    return whole


def files_of(out: Path) -> dict[str, bytes]:
    return {
        name: (out / name).read_bytes() for name in (RESULTS, "study.md", "report.html", "curves.svg", "languages.svg")
    }


def test_results_hold_every_arm_seed_and_group(undisturbed):
    content, out = undisturbed["content"], undisturbed["out"]
    assert content == json.loads((out / RESULTS).read_text(encoding="utf-8"))
    benchmark = content["benchmarks"]["xquad-r"]
    assert list(benchmark["groups"]) == ["all", "seen in training", "unseen in training"]
    assert benchmark["groups"]["unseen in training"]["languages"] == ["spa_Latn"]
    arms = benchmark["groups"]["all"]["arms"]
    assert list(arms) == ["untrained", "english", "mono", "cross", "hybrid"]
    assert len(arms["hybrid"]["Mul"]["by_seed"]) == 2 and len(arms["untrained"]["Mul"]["by_seed"]) == 1
    metrics = [
        json.loads((out / f"evaluation/hybrid/seed-{s}/xquad-r/metrics.json").read_text(encoding="utf-8"))
        for s in (1, 2)
    ]
    for measure in ("Mo", "Cr", "Mul"):
        assert arms["hybrid"][measure]["by_seed"] == pytest.approx([m["mAP"][measure] for m in metrics])
    assert benchmark["pairs"]["hybrid"]["deu_Latn"]["spa_Latn"] == pytest.approx(
        sum(m["by_pair"]["deu_Latn"]["spa_Latn"] for m in metrics) / 2
    )


def test_comparisons_are_differences_of_the_arms(undisturbed):
    content = undisturbed["content"]
    arms = content["benchmarks"]["xquad-r"]["groups"]["all"]["arms"]
    keys = [(c["first"], c["second"], c["measure"]) for c in content["primary"]]
    assert keys == [("hybrid", "mono", "Mul"), ("hybrid", "cross", "Mo")] + [
        ("hybrid", "english", m) for m in ("Mo", "Cr", "Mul")
    ]
    for c in content["primary"]:
        first, second = (arms[c[name]][c["measure"]] for name in ("first", "second"))
        apart = [a - b for a, b in zip(first["by_seed"], second["by_seed"], strict=True)]
        assert c["by_seed"] == pytest.approx(apart) and c["difference"] == pytest.approx(sum(apart) / 2)
        assert c["interval"][0] <= c["difference"] <= c["interval"][1] and c["p"] <= c["p_holm"] <= 1
    # Three pairs, four measures, three groups, without the five primary ones.
    assert len(content["secondary"]) == 3 * 4 * 3 - 5
    assert len(content["by_language"]) == 3 * 4 * 3


def test_arms_see_the_same_items(undisturbed):
    fair = undisturbed["content"]["fairness"]
    assert fair["equal"] and set(fair["by_seed"]) == {"1", "2"}
    assert {arm["pairs"] for arm in fair["by_seed"]["1"].values()} == {32}


def test_language_matrix_holds_the_differences(undisturbed):
    content = undisturbed["content"]
    pairs = content["benchmarks"]["xquad-r"]["pairs"]
    cells = differences(content, "xquad-r", "hybrid", "mono")
    english, spanish = pairs["hybrid"]["eng_Latn"]["spa_Latn"], pairs["mono"]["eng_Latn"]["spa_Latn"]
    assert len(cells) == 3 and cells[1][2] == pytest.approx(english - spanish)
    svg = (undisturbed["out"] / "languages.svg").read_text(encoding="utf-8")
    assert "hybrid − mono, xquad-r: mAP × 100" in svg and f"{100 * cells[1][2]:+.1f}".replace("-", "−") in svg
    assert "<image" not in svg


def test_pairs_without_questions_are_left_blank():
    pairs = {arm: {"a": {"a": 0.5, "b": None}, "b": {"a": 0.25, "b": 1.0}} for arm in ("x", "y")}
    content = {"benchmarks": {"m": {"pairs": pairs, "languages": ["a", "b"]}}}
    cells = differences(content, "m", "x", "y")
    assert cells[0][0] == cells[1][0] == 0 and math.isnan(cells[0][1])


def test_text_tells_the_seeds_and_the_answers(undisturbed):
    content = undisturbed["content"]
    printed, page = summary(content), markdown(content)
    for text in (printed, page):
        assert "2 of 2 seeds; 4 steps and 32 pairs" in text and content["answers"][0] in text
        assert "saw the same items equally often" in text and "hybrid − english" in text
    assert all(verdict in page for verdict in content["verdicts"])
    assert "German (seen)" in page and "| Spanish |" in page
    assert str(undisturbed["out"].parent) not in page


KILLED = """
import sys
import time
from pathlib import Path
from mtqa.study.run import run_study
from mtqa.study.settings import load_study
print("ready", flush=True)
run_study(load_study(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def test_one_seed_now_and_the_rest_later_is_undisturbed(undisturbed, study, tmp_path):
    out = tmp_path / "study"
    first = run_study(study, out, 1)
    assert first["seeds"] == [1] and [done for _, done in pending(study, out)] == [True] * 5 + [False] * 4
    run_study(study, out)
    assert files_of(out) == files_of(undisturbed["out"])


def test_killed_and_resumed_is_undisturbed(undisturbed, recipe, save_recipe, tmp_path):
    """Killed when the first run of seed 1 is evaluated."""
    out, path = tmp_path / "study", save_recipe(recipe)
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path), str(out)], env=environment)
    while not (out / "evaluation/english/seed-1/xquad-r/_manifest.json").is_file():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / RESULTS).exists()
    run_study(load_study(path), out)
    assert files_of(out) == files_of(undisturbed["out"])


@pytest.mark.slow
def test_killed_at_random_moments_is_undisturbed(undisturbed, recipe, save_recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))
    out, path = tmp_path / "study", save_recipe(recipe)
    seconds = killed.undisturbed(KILLED, path, tmp_path / "whole")

    def look():
        assert not (out / RESULTS).exists() or json.loads((out / RESULTS).read_text())["seeds"] in ([1], [1, 2])

    assert killed.kill_at_random(KILLED, path, out, seconds=seconds, times=4, look=look) >= 2
    run_study(load_study(path), out)
    assert files_of(out) == files_of(undisturbed["out"]) == files_of(tmp_path / "whole")


def test_a_second_time_nothing_is_done(undisturbed, study, monkeypatch):
    from mtqa.train import loop

    monkeypatch.setattr(loop, "train_steps", lambda *_: pytest.fail("trained again"))
    before = files_of(undisturbed["out"])
    run_study(study, undisturbed["out"])
    assert files_of(undisturbed["out"]) == before


def test_runs_go_seed_by_seed(study):
    names = [run.name for run in runs(study, [1, 2])]
    assert names[:3] == ["untrained/untrained", "english/seed-1", "mono/seed-1"] and names[5] == "english/seed-2"


def test_another_recipe_s_folder_is_refused(undisturbed, recipe, save_recipe):
    other = load_study(save_recipe({**recipe, "name": "other"}))
    with pytest.raises(UsageError, match="holds a run of the recipe 'small'"):
        run_study(other, undisturbed["out"])


def test_dev_pairs_and_alphas(recipe, save_recipe, files, tmp_path):
    recipe |= {
        "seeds": [1],
        "alphas": [0.3],
        "arms": {"hybrid": {"shards": {"mode": "hybrid"}}, "mono": {"shards": {"mode": "mono"}}},
    }
    recipe |= {"primary": [{"first": "hybrid", "second": "mono", "measures": ["Mul"]}], "dev_batches": 2}
    recipe["dev"] = {"sources": [files["en"]], "validation": 0, "limit": 20}
    content = run_study(load_study(save_recipe(recipe)), tmp_path / "study")
    assert [step for step, _ in content["curves"]["hybrid-0.3"]] == [4]
    assert "α" in (tmp_path / "study/curves.svg").read_text(encoding="utf-8")
    assert content["answers"][-1].startswith("With 1 seed this describes")


def test_objectives_and_encoders_are_arms(recipe, save_recipe, encoder, tmp_path):
    """One seed of a study whose arms differ in what they minimise and what they start from, not in their items."""
    shutil.copytree(encoder, tmp_path / "other")
    (tmp_path / "other/config_sentence_transformers.json").write_text('{"prompts": {"query": "who: "}}')
    mimo = {"train": {"objective": "mimo"}, "shards": {"mode": "cross", "pair_with": "eng_Latn"}}
    recipe |= {
        "seeds": [1],
        "arms": {
            "hybrid": {"shards": {"mode": "hybrid"}},
            "lakda": {"train": {"objective": "lakda"}, "shards": {"mode": "hybrid", "pair_with": "eng_Latn"}},
            "mimo": mimo,
            "other": {"train": {"encoder": str(tmp_path / "other")}, "shards": {"mode": "hybrid"}},
        },
        "primary": [{"first": name, "second": "hybrid", "measures": ["Mul"]} for name in ("lakda", "mimo", "other")],
    }
    content = run_study(load_study(save_recipe(recipe)), tmp_path / "study")
    model = tmp_path / "study/model"
    manifests = {arm: load_manifest(model / arm / "seed-1") for arm in recipe["arms"]}
    objectives = {arm: manifest.settings["objective"] for arm, manifest in manifests.items()}
    assert objectives == {"hybrid": "infonce", "lakda": "lakda", "mimo": "mimo", "other": "infonce"}
    assert manifests["other"].inputs["encoder"] != manifests["hybrid"].inputs["encoder"]
    assert manifests["other"].info["encoder"]["prompts"]["query"] == "who: "
    assert content["fairness"]["equal"]
    weights = {(model / arm / "seed-1/model.safetensors").read_bytes() for arm in ("hybrid", "lakda", "mimo")}
    assert len(weights) == 3
    assert {(c["first"], c["second"]) for c in content["primary"]} == {
        (a, "hybrid") for a in ("lakda", "mimo", "other")
    }
