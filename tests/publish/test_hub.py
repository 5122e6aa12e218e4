"""Upload through the real client to a local server, with faults; what comes back is compared byte for byte."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub_server import TOKEN, HubServer
from hub_state import Blob

from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.core.manifest import MANIFEST, load_manifest
from mtqa.publish.layout import published_files, read_checksums


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture
def hub(server: HubServer) -> HubServer:
    server.reset()
    return server


@pytest.fixture(scope="module")
def client(server: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    root = Path(__file__).parents[2]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    env |= {"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf"))}
    env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "127.0.0.1"}
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), env.get("PYTHONPATH")]))}
    command = [sys.executable, str(Path(__file__).with_name("hub_client.py"))]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.fixture
def run(client: subprocess.Popen[str]) -> Run:
    """Run one job in the client; neither the token nor a traceback may show up in what it prints."""

    def call(do: str, *arguments: object, token: str | None = TOKEN) -> Done:
        assert client.stdin and client.stdout
        client.stdin.write(json.dumps({"do": do, "arguments": [*map(str, arguments)], "token": token}) + "\n")
        client.stdin.flush()
        answer = json.loads(client.stdout.readline())
        done = Done(answer["code"], answer["out"], answer["err"])
        assert TOKEN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return call


def test_a_data_set_goes_up_through_faults_and_comes_back_identical(
    hub: HubServer, run: Run, corpus: Path, tmp_path: Path
) -> None:
    hub.fail("GET", "/whoami-v2", 503)
    hub.fail("PUT", "/lfs/", "drop")
    hub.fail("POST", "/commit/", 500)
    hub.fail("POST", "/commit/", "after")
    hub.fail("GET", "/tree/", 502)
    hub.fail("POST", "/merge", "after")
    built = tmp_path / "built"
    done = run("publish", "dataset", corpus, "--repo", "demo-qa", "--out", built, "--private")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{hub.url}/datasets/me/demo-qa"
    assert all(fault.times == 0 for fault in hub.faults)
    repo = hub.repos["dataset", "me/demo-qa"]
    assert repo.private and repo.requests == {1: "merged"}
    assert sorted(repo.files("main")) == sorted([*published_files(built), ".gitattributes"])
    assert TOKEN.encode() not in b"".join(repo.files("main").values())

    back = tmp_path / "back"
    assert run("download", "me/demo-qa", "dataset", "main", back).returncode == 0
    for name in published_files(built):
        assert (back / name).read_bytes() == (built / name).read_bytes(), name
    assert not (back / MANIFEST).exists()
    loaded = run("load", "me/demo-qa", "deu_Latn")
    assert "Ignoring" not in loaded.stderr
    assert loaded.stdout.strip() == "{'train': 15, 'validation': 4} deu_Latn", loaded.stderr


def test_a_model_on_a_branch_and_then_as_an_open_pull_request(
    hub: HubServer, run: Run, make_model: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    model, evaluation = make_model()
    arguments = ["model", model, "--repo", "me/demo", "--evaluation", evaluation, "--out", tmp_path / "built"]
    done = run("publish", *arguments, "--branch", "v1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{hub.url}/me/demo/tree/v1"
    repo = hub.repos["model", "me/demo"]
    assert sorted(repo.files("main")) == [".gitattributes"] and not repo.private
    assert repo.files("v1")["model.safetensors"] == b"weights" * 100
    done = run("publish", *arguments, "--pull-request")
    assert done.stdout.strip() == f"{hub.url}/me/demo/discussions/1", done.stderr
    assert repo.requests == {1: "open"} and sorted(repo.files("main")) == [".gitattributes"]
    assert run("download", "me/demo", "model", "refs/pr/1", tmp_path / "back").returncode == 0
    for name in published_files(tmp_path / "built"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "built" / name).read_bytes(), name


@pytest.mark.parametrize(("method", "path"), [("PUT", "/lfs/"), ("POST", "/commit/README.md")])
def test_damaged_files_are_never_merged(
    hub: HubServer, run: Run, corpus: Path, tmp_path: Path, method: str, path: str
) -> None:
    hub.fail(method, path, "damage")
    done = run("publish", "dataset", corpus, "--repo", "me/demo-qa", "--out", tmp_path / "built")
    assert done.returncode == 1
    assert "not those that were sent" in done.stderr and "nothing was merged" in done.stderr
    repo = hub.repos["dataset", "me/demo-qa"]
    assert sorted(repo.files("main")) == [".gitattributes"] and repo.requests == {1: "closed"}


def test_a_second_upload_removes_what_the_first_left_and_keeps_what_others_wrote(
    hub: HubServer, run: Run, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    built = tmp_path / "built"
    arguments = ["--repo", "me/demo-qa", "--out", built, "--overwrite"]
    corpus = make_corpus()
    assert run("publish", "dataset", corpus, *arguments).returncode == 0
    repo = hub.repos["dataset", "me/demo-qa"]
    repo.commits[repo.refs["main"]]["notes.txt"] = Blob(b"by a person", False)
    smaller = make_corpus(rows=1)
    assert run("publish", "dataset", smaller, *arguments).returncode == 0
    assert sorted(repo.files("main")) == sorted([*published_files(built), ".gitattributes", "notes.txt"])
    assert not any("train" in name for name in repo.files("main"))


def test_an_interrupted_upload_goes_on_in_its_pull_request(
    hub: HubServer, run: Run, corpus: Path, tmp_path: Path
) -> None:
    built = tmp_path / "built"
    arguments = ["publish", "dataset", corpus, "--repo", "me/demo-qa", "--out", built]
    hub.fail("POST", "/commit/", 500, times=4, skip=1)
    done = run(*arguments)
    assert done.returncode == 1 and "run the same command again" in done.stderr
    repo = hub.repos["dataset", "me/demo-qa"]
    assert repo.requests == {1: "draft"} and sorted(repo.files("main")) == [".gitattributes"]
    names = published_files(built)
    there = set(repo.files("refs/pr/1")) - {".gitattributes"}
    assert len(names) == 12 and len(there) == 5
    before = len(hub.log)
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "going on with pull request 1" in done.stderr and "uploading 7 of 12 files" in done.stderr
    commits = [line for line in hub.log[before:] if line.startswith("POST") and "/commit/" in line]
    assert len(commits) == 2 and repo.requests == {1: "merged"}
    assert {name: repo.files("main")[name] for name in names} == {n: (built / n).read_bytes() for n in names}


def test_what_people_wrote_in_the_card_stays(
    hub: HubServer, run: Run, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    built = tmp_path / "built"
    arguments = ["--repo", "me/demo-qa", "--out", built, "--overwrite"]
    assert run("publish", "dataset", make_corpus(), *arguments).returncode == 0
    repo = hub.repos["dataset", "me/demo-qa"]
    files = repo.commits[repo.refs["main"]]
    card = files["README.md"].content.decode()
    written = card.replace("# demo-qa\n", "# Our questions\n\nAsk Ann.\n") + "\nThanks to Bob.\n"
    written = written.replace("tags:\n", "paperswithcode_id: x\ntags:\n- ours\n")
    repo.commit("main", {**files, "README.md": Blob(written.encode(), False)})
    assert run("publish", "dataset", make_corpus(rows=10), *arguments).returncode == 0
    merged = repo.files("main")["README.md"].decode()
    assert "# Our questions\n\nAsk Ann." in merged and merged.rstrip().endswith("Thanks to Bob.")
    assert "paperswithcode_id: x" in merged and "- ours" in merged and merged.count("mtqa begin") == 1
    assert "29 rows" in merged and "59 rows" not in merged
    sums = read_checksums(repo.files("main")["SHA256SUMS"].decode())
    assert sums["README.md"] == hashlib.sha256(merged.encode()).hexdigest()
    assert "Ask Ann" not in (built / "README.md").read_text()
    assert run("load", "me/demo-qa", "parallel").stdout.strip() == "{'train': 8, 'validation': 2} None"


def test_what_was_collected_comes_back_row_by_row(hub: HubServer, run: Run, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    collect(CollectSettings(sources=["sample"], limit=200, passage_unit="sentence", validation=0.1), corpus)
    done = run("publish", "dataset", corpus, "--repo", "me/sample", "--out", tmp_path / "built")
    assert done.returncode == 0, done.stderr
    for split, rows in load_manifest(corpus).counts["splits"].items():
        answer = run("same", "me/sample", "eng_Latn", split, corpus / f"eng_Latn/{split}-00000.parquet")
        assert answer.stdout.split() == ["True", str(rows)], answer.stderr


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/whoami-v2", 401, "refused the token"),
        ("/repos/create", 403, "no right"),
        ("/preupload/", 404, "no such repository"),
        ("/commit/", 409, "conflict"),
        ("/commit/", 500, "answered with an error (500)"),
    ],
)
def test_refusals_are_explained_and_change_nothing(
    hub: HubServer, run: Run, corpus: Path, tmp_path: Path, path: str, status: int, message: str
) -> None:
    method = "GET" if "whoami" in path else "POST"
    hub.fail(method, path, status, times=99)
    done = run("publish", "dataset", corpus, "--repo", "me/demo-qa", "--out", tmp_path / "built")
    assert done.returncode == 1 and message in done.stderr, done.stderr
    assert "next:" in done.stderr
    for repo in hub.repos.values():
        assert sorted(repo.files("main")) == [".gitattributes"]


def test_no_token_and_no_network(hub: HubServer, run: Run, corpus: Path, tmp_path: Path) -> None:
    arguments = ["dataset", corpus, "--repo", "demo-qa", "--out", tmp_path / "built"]
    done = run("publish", *arguments, token=None)
    assert done.returncode == 1 and "no token" in done.stderr and "hf auth login" in done.stderr
    for method in ("GET", "POST"):
        hub.fail(method, "/", "drop", times=99)
    done = run("publish", *arguments)
    assert done.returncode == 1 and "cannot be reached" in done.stderr
    assert not (tmp_path / "built").exists()
