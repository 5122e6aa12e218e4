"""The whole pipeline on a small scale: up-to-date checks, equal bytes, interruption by SIGKILL, the report."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from small_run import parquet_bytes, save

from mtqa.core.errors import UsageError
from mtqa.core.manifest import load_manifest
from mtqa.core.shardfile import open_shards
from mtqa.pipeline.recipe import load_recipe
from mtqa.pipeline.run import run_recipe
from mtqa.pipeline.status import run_status
from mtqa.pipeline.summary import run_summary

DATA_STAGES = ("collected", "translated", "filtered", "shards")


def run(recipe: dict, folder: Path, out: Path) -> dict:
    return run_recipe(load_recipe(save(recipe, folder)), out)


def made(stages: dict) -> list[str]:
    return [label for label, stage in stages.items() if stage["state"] == "made"]


def metrics(out: Path) -> dict:
    return json.loads((out / "evaluation/hybrid/xquad-r/metrics.json").read_text(encoding="utf-8"))


def test_only_what_changed_runs_again(recipe, tmp_path):
    out = tmp_path / "run"
    first = run(recipe, tmp_path, out)
    assert made(first) == list(first)
    assert [record["state"] for record in run_status(out)] == ["done"] * len(first)
    again = run(recipe, tmp_path, out)
    assert made(again) == []
    text = run_summary(out, load_recipe(save(recipe, tmp_path)), again)
    assert "All stages are up to date." in text
    assert re.search(r"hybrid − untrained +[+−]0\.\d{3} \[", text)

    recipe["shards"]["seed"] = 99
    changed = run(recipe, tmp_path, out)
    assert made(changed) == ["build-shards hybrid", "train hybrid", "evaluate hybrid xquad-r", "publish model"]

    recipe["filter"]["thresholds"] = {"question.length_ratio": 0.4}
    changed = run(recipe, tmp_path, out)
    assert not {"collect", "translate", "evaluate untrained xquad-r"} & set(made(changed))
    assert {"filter", "build-shards hybrid", "train hybrid", "publish dataset"} <= set(made(changed))

    german = parquet_bytes(out, "translated/deu_Latn")
    stamp = {p: p.stat().st_ino for p in (out / "translated/deu_Latn").iterdir()}
    recipe["translate"]["to"] = ["de", "es"]
    changed = run(recipe, tmp_path, out)
    assert "translate" in made(changed)
    assert "collect" not in made(changed)
    assert parquet_bytes(out, "translated/deu_Latn") == german
    assert {p: p.stat().st_ino for p in (out / "translated/deu_Latn").iterdir()} == stamp  # linked, not made again
    assert sorted(load_manifest(out / "translated").parts) == ["deu_Latn", "eng_Latn", "spa_Latn"]

    other = tmp_path / "other"
    run(recipe, tmp_path, other)
    assert parquet_bytes(other, *DATA_STAGES) == parquet_bytes(out, *DATA_STAGES)
    assert metrics(other) == metrics(out)
    _report_is_self_contained(out / "report.html")


def test_collections_are_searched_with_every_arm(recipe, tmp_path):
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = {"d1": "The tower of Kall is forty metres high.", "d2": "Rice is grown in the valley."}
    lines = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in documents.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "How high is the tower?"}), encoding="utf-8")
    (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td1\t1\n", encoding="utf-8")
    recipe |= {"evaluate": [], "collections": [{"benchmark": "beir", "data": str(folder)}]}
    arms = {"untrained": {"train": False}, "same": {"train": False}}
    recipe |= {"publish": None, "arms": arms, "compare": [list(arms)]}
    out = tmp_path / "run"
    stages = run(recipe, tmp_path, out)
    assert list(stages)[-1] == "evaluate same beir" and made(run(recipe, tmp_path, out)) == []
    assert [record["state"] for record in run_status(out)] == ["done"] * len(stages)
    text = run_summary(out, load_recipe(save(recipe, tmp_path)), stages)
    assert re.search(r"beir: 1 queries, 2 documents", text) and re.search(r"untrained +all +1\.000", text)
    assert "untrained − same" in text
    (pair,) = json.loads((out / "comparison.json").read_text(encoding="utf-8"))["beir"]["differences"]
    assert pair["measures"]["MAP"]["difference"] == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Results on beir" in page and "untrained − same" in page and "1 queries" in page
    (out / "run.json").unlink()  # the advice where it cannot be read
    assert made(run(recipe, tmp_path, out)) == []
    (out / "collected/_manifest.json").write_text("{")
    states = {record["stage"]: record["state"] for record in run_status(out)}
    assert states.pop("collect") == "damaged" and set(states.values()) == {"done"}
    shutil.rmtree(out / "collected")
    assert made(run(recipe, tmp_path, out)) == ["collect"]
    fewer = recipe | {"arms": {"untrained": {"train": False}}, "compare": []}
    assert "evaluate same beir" not in run(fewer, tmp_path, out)
    (out / "evaluation/untrained/beir/metrics.json").write_text("{")
    with pytest.raises(UsageError, match="metrics cannot be read"):
        run_summary(out, load_recipe(save(fewer, tmp_path)), {})


def test_hard_negatives_are_mined_once_for_all_arms(recipe, tmp_path):
    out = tmp_path / "run"
    recipe |= {"mine": {"encoder": "demo", "negatives": 3}, "shards": {**recipe["shards"], "negatives_per_pair": 2}}
    first = run(recipe, tmp_path, out)
    assert list(first)[:5] == ["collect", "translate", "filter", "mine", "evaluate untrained xquad-r"]
    negatives = open_shards(out / "shards/hybrid").batch(0).column("negatives")
    assert max(map(len, negatives)) == 2
    assert load_manifest(out / "negatives").settings["seed"] == 3
    assert [r["state"] for r in run_status(out)] == ["done"] * len(first)
    assert made(run(recipe, tmp_path, out)) == []
    assert "negatives" in (out / "report.html").read_text(encoding="utf-8")

    recipe["mine"]["negatives"] = 1
    assert made(run(recipe, tmp_path, out))[:2] == ["mine", "build-shards hybrid"]
    del recipe["mine"]
    without = run(recipe, tmp_path, out)
    assert "build-shards hybrid" in made(without) and "mine" not in [r["stage"] for r in run_status(out)]


def _report_is_self_contained(path: Path) -> None:
    """Every tag is closed, nothing is loaded from elsewhere, and the parts are there."""
    page = path.read_text(encoding="utf-8")
    sources: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            sources.extend(v or "" for k, v in attrs if k in ("src", "href", "xlink:href"))

    Links().feed(page)
    assert all(source.startswith("#") for source in sources)
    assert "<script>" not in page and "built-in method" not in page
    assert "a &lt;script&gt;small&lt;/script&gt; run" in page
    for part in ("data", "rows", "batches", "training", "how", "xquad-r"):
        assert f'id="{part}"' in page


@pytest.mark.parametrize("when", ["translate", "train"])
def test_killed_run_ends_as_an_undisturbed_one(recipe, tmp_path, when):
    path = save(recipe, tmp_path)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    run_recipe(load_recipe(path), undisturbed)
    sign = {"translate": ".memory/**/*.parquet", "train": "model/.hybrid.work/*"}[when]
    command = [sys.executable, "-m", "mtqa.cli.main", "run", str(path), "--out", str(killed)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, env=os.environ | {"HF_HUB_OFFLINE": "1"})
        while process.poll() is None and not any(killed.glob(sign)):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert any(killed.glob(sign)), (tmp_path / "log").read_text()
    assert not (killed / {"translate": "translated", "train": "model/hybrid"}[when]).exists()
    run_recipe(load_recipe(path), killed)
    assert parquet_bytes(killed, *DATA_STAGES) == parquet_bytes(undisturbed, *DATA_STAGES)
    weights = "model/hybrid/model.safetensors"
    assert (killed / weights).read_bytes() == (undisturbed / weights).read_bytes()
    assert metrics(killed) == metrics(undisturbed)


def test_a_folder_of_another_recipe_is_left_alone(recipe, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text('{"name": "other", "stages": {}}', encoding="utf-8")
    with pytest.raises(UsageError, match="recipe 'other'"):
        run(recipe, tmp_path, out)
    (out / "run.json").unlink()
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="no mtqa run wrote"):
        run(recipe, tmp_path, out)
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_two_processes_do_not_share_a_run(recipe, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "run"
    out.mkdir()
    with (out / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="Another mtqa process"):
            run(recipe, tmp_path, out)
