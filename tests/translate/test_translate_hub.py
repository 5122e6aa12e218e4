"""`opus-mt` and Hub ids looked up through the real client, against a local server that speaks the Hub's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import TOKEN, HubServer
from hub_state import Blob, Repo

FIND = """
import json, sys
from mtqa.core.errors import UsageError
from mtqa.core.progress import enable
from mtqa.translate.model import find_model
from mtqa.translate.tokens import load_tokens
enable()
answers = []
for name, lang, source in json.loads(sys.argv[1]):
    try:
        files = find_model(name, lang, source)
        tokens = load_tokens(files, lang, source)
        there = sorted(p.name for p in files.path.iterdir())
        answers.append([files.name, files.revision, files.licence, there, tokens.source_prefix])
    except UsageError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""
"""One process: the client reads the server's address when it is imported."""
ASKED = [
    ("opus-mt", "deu_Latn", "eng_Latn"),
    ("opus-mt", "nob_Latn", "eng_Latn"),
    ("opus-mt", "yor_Latn", "eng_Latn"),
    ("Helsinki-NLP/opus-mt-en-de", "deu_Latn", "eng_Latn"),
    ("someone/nothing", "deu_Latn", "eng_Latn"),
    ("opus-mt", "eng_Latn", "spa_Latn"),
    ("opus-mt", "eng_Latn", "nob_Latn"),
    ("opus-mt", "eng_Latn", "yor_Latn"),
]
"""Model, target, source."""


def publish(server: HubServer, name: str, folder: Path, weights: str = "model.safetensors") -> str:
    files = {p.name: Blob(p.read_bytes(), p.name == "model.safetensors") for p in folder.iterdir() if p.is_file()}
    files[weights] = files.pop("model.safetensors")
    files["README.md"] = Blob(b"---\nlicense: apache-2.0\n---\n", False)
    files["rust_model.ot"] = Blob(b"not asked for", True)
    repo = server.repos["model", name] = Repo(private=False)
    return repo.commit("main", files)


@pytest.fixture(scope="module")
def found(
    marian: Path, marian_pair: Path, marian_group: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What each lookup gives, what the lookups said, and the commits of the models that there are."""
    with HubServer() as server:
        commits = {
            "pair": publish(server, "Helsinki-NLP/opus-mt-en-de", marian),
            "group": publish(server, "Helsinki-NLP/opus-mt-en-gmq", marian_group, "pytorch_model.bin"),
            "back": publish(server, "Helsinki-NLP/opus-mt-es-en", marian_pair),
            "group back": publish(server, "Helsinki-NLP/opus-mt-gmq-en", marian_pair),
        }
        env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        env |= {"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf"))}
        env |= {"HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", FIND, json.dumps(ASKED)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
        kept = subprocess.run(
            command, env=env | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, timeout=120, check=True
        )
        offline = json.loads(kept.stdout)
        yield {"answers": json.loads(done.stdout), "said": done.stderr, "offline": offline, **commits}


def test_the_pairs_own_model_comes_first(found: dict[str, Any]) -> None:
    name, revision, licence, files, mark = found["answers"][0]
    assert (name, revision, licence) == ("Helsinki-NLP/opus-mt-en-de", found["pair"], "apache-2.0")
    assert {"source.spm", "target.spm", "vocab.json", "config.json", "model.safetensors"} <= set(files)
    assert "rust_model.ot" not in files and mark == [">>deu<<"]
    assert "deu_Latn: opus-mt is Helsinki-NLP/opus-mt-en-de" in found["said"]
    assert found["answers"][3][:2] == ["Helsinki-NLP/opus-mt-en-de", found["pair"]]


def test_a_group_model_stands_in_and_old_weights_are_taken(found: dict[str, Any]) -> None:
    name, revision, _, files, mark = found["answers"][1]
    assert mark == [">>nob<<"]
    assert (name, revision) == ("Helsinki-NLP/opus-mt-en-gmq", found["group"])
    assert "pytorch_model.bin" in files and "model.safetensors" not in files
    assert "nob_Latn: opus-mt is Helsinki-NLP/opus-mt-en-gmq" in found["said"]


def test_the_way_back_has_models_of_its_own(found: dict[str, Any]) -> None:
    pair, group = found["answers"][5:7]
    assert (pair[:2], pair[4]) == (["Helsinki-NLP/opus-mt-es-en", found["back"]], [])
    assert (group[:2], group[4]) == (["Helsinki-NLP/opus-mt-gmq-en", found["group back"]], [])
    assert "spa_Latn: opus-mt is Helsinki-NLP/opus-mt-es-en" in found["said"]


def test_what_the_hub_lacks(found: dict[str, Any]) -> None:
    assert "The Hub has no OPUS-MT model for yor_Latn" in found["answers"][2]
    assert "opus-mt-en-yo," in found["answers"][2] and "opus-mt-en-mul" in found["answers"][2]
    assert "There is no model 'someone/nothing'" in found["answers"][4]
    assert "The Hub has no OPUS-MT model for yor_Latn" in found["answers"][7]
    assert "opus-mt-yo-en" in found["answers"][7] and "opus-mt-mul-en" in found["answers"][7]


def test_offline_the_cache_is_searched_for_the_same_models(found: dict[str, Any]) -> None:
    online, offline = found["answers"], found["offline"]
    assert [offline[i] for i in (0, 1, 3, 5, 6)] == [online[i] for i in (0, 1, 3, 5, 6)]
    assert "'Helsinki-NLP/opus-mt-en-yo' is not in the offline cache" in offline[2]
    assert "'someone/nothing' is not in the offline cache" in offline[4]
