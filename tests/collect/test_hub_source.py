"""Sources of the Hub through the real client and `datasets`, against a local server; web files through a local one."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_server import TOKEN, HubServer
from hub_state import Blob, Repo
from layout_rows import ROWS

from mtqa.collect import download as web
from mtqa.collect.cards import Card, load_card
from mtqa.collect.download import download
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import chosen_splits
from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse

READ = """
import json, sys
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import open_sources
from mtqa.core.errors import UsageError
for line in sys.stdin:
    try:
        source = open_sources(CollectSettings.model_validate(json.loads(line)))[0]
        items = [[i.id, i.question, i.passage, i.split, str(i.drop)] for i in source.read()]
        answer = {"fingerprint": source.fingerprint, "revision": source.revision, "items": items}
    except UsageError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""
"""One process for all tests: it reads its environment, the local server's address, when the client is imported."""

Run = Callable[..., dict[str, Any]]


def parquet(rows: list[dict[str, Any]]) -> Blob:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return Blob(sink.getvalue(), True)


def publish(server: HubServer, name: str, files: dict[str, Blob]) -> str:
    """Put files into a repository at the revision that the source's card names."""
    hub = load_card(name).hub
    assert hub is not None
    repo = server.repos["dataset", hub.id] = Repo(private=False)
    repo.commit(hub.ref, files, oid=hub.revision)
    return hub.id


@pytest.fixture(scope="module")
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    env |= {"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf"))}
    env |= {"HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", READ], env=env, **pipes) as process:  # type: ignore[call-overload]
        yield process
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.fixture
def run(client: subprocess.Popen[str]) -> Callable[..., dict[str, Any]]:
    def call(**values: Any) -> dict[str, Any]:
        assert client.stdin and client.stdout
        client.stdin.write(json.dumps(values) + "\n")
        client.stdin.flush()
        answer: dict[str, Any] = json.loads(client.stdout.readline())
        return answer

    return call


def test_a_table_of_the_hub_is_streamed_at_its_revision(server: HubServer, run: Run) -> None:
    rows, items = ROWS["wikiqa"]
    files = {f"data/{split}-00000-of-00001.parquet": parquet(rows) for split in ("train", "test")}
    publish(server, "wikiqa", files)
    answer = run(sources=["wikiqa"])
    wanted = [[i.id, i.question, i.passage, None, str(i.drop)] for i in items]
    assert answer["items"] == wanted
    assert load_card("wikiqa").hub.revision in "".join(server.log)  # type: ignore[union-attr]
    assert answer["revision"] == f"microsoft/wiki_qa@{server.repos['dataset', 'microsoft/wiki_qa'].resolve('main')}"
    both = run(sources=["wikiqa"], splits=["train", "test"])
    assert both["items"] == wanted + [[*row[:3], "test", row[4]] for row in wanted]
    assert both["fingerprint"] != answer["fingerprint"]


def test_nested_columns_and_compressed_lines_are_streamed(server: HubServer, run: Run) -> None:
    rows, items = ROWS["natural-questions"]
    publish(server, "natural-questions", {"default/train-00000-of-00002.parquet": parquet(rows)})
    answer = run(sources=["natural-questions"])
    assert answer["items"] == [[i.id, i.question, i.passage, None, str(i.drop)] for i in items]
    rows, items = ROWS["mr-tydi"]
    lines = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    publish(server, "mr-tydi", {"mrtydi-v1.1-english/train.jsonl.gz": Blob(lines, True)})
    answer = run(sources=["mr-tydi"])
    assert answer["items"] == [[i.id, i.question, i.passage, None, str(i.drop)] for i in items]


def test_files_that_make_a_row_together_are_downloaded(server: HubServer, run: Run) -> None:
    topics, qrels = b"3\thow high is kall\n", b"3 Q0 12#3 1\n"
    publish(
        server,
        "miracl",
        {
            "miracl-v1.0-en/topics/topics.miracl-v1.0-en-train.tsv": Blob(topics, False),
            "miracl-v1.0-en/topics/topics.miracl-v1.0-en-dev.tsv": Blob(b"9\tno\n", False),
            "miracl-v1.0-en/qrels/qrels.miracl-v1.0-en-train.tsv": Blob(qrels, False),
        },
    )
    (place,) = load_card("miracl").hub.beside  # type: ignore[union-attr]
    name, _, pinned = place.partition("@")
    corpus = server.repos["dataset", name] = Repo(private=False)
    document = json.dumps({"docid": "12#3", "title": "Kall", "text": "Forty."}).encode()
    files = {"miracl-corpus-v1.0-en/docs-0.jsonl.gz": Blob(gzip.compress(document), True)}
    corpus.commit("main", files, oid=pinned)
    corpus.commit("main", {"miracl-corpus-v1.0-en/docs-0.jsonl.gz": Blob(b"what came later", True)})
    answer = run(sources=["miracl"])
    assert answer["items"] == [["3 12#3", "how high is kall", "Forty.", None, "None"]]


def test_a_repository_that_is_not_there_is_a_usage_error(server: HubServer, run: Run) -> None:
    assert "hotpotqa=FILE" in run(sources=["hotpotqa"])["error"]


def test_splits() -> None:
    card = load_card("squad")
    assert chosen_splits(card, CollectSettings(sources=["squad"])) == {"train": None}
    named = CollectSettings(sources=["squad"], splits=["validation", "train"])
    assert chosen_splits(card, named) == {"validation": "validation", "train": None}
    with pytest.raises(UsageError, match="no split 'dev'"):
        chosen_splits(card, CollectSettings(sources=["squad"], splits=["dev"]))


class Files(SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/cut.json":
            self.send_response(200)
            self.send_header("Content-Length", "40")
            self.end_headers()
            self.wfile.write(b'[{"question": "Who?"}]')
            return
        if len(self.asked) == 1:
            self.send_error(503)
            return
        super().do_GET()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "train.json").write_text('[{"question": "Who?", "answers": ["Ann"]}]')
    Files.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder))) as http:
        Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()


def test_web_files_are_fetched_once_and_checked(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(web, "WAIT_SECONDS", 0.01)
    values = load_card("entityquestions").record()
    values["download"] = {
        "base": f"https://example.org/{'0' * 40}/",
        "data": {"train": ["train.json"], "dev": ["dev.json"], "cut": ["cut.json"]},
    }
    digest = hashlib.sha256((tmp_path / "site" / "train.json").read_bytes()).hexdigest()
    card = parse(Card, {**values, "sha256": {"train.json": digest}}, "card")
    source = card.download.model_copy(update={"base": site})  # type: ignore[union-attr]
    (path,) = download(card, source, "train")
    assert path.read_bytes() == (tmp_path / "site" / "train.json").read_bytes()
    assert download(card, source, "train") == [path]
    assert Files.asked == ["/train.json"] * 2  # a 503, then the file; the second time the cache has it
    with pytest.raises(UsageError, match=r"(?s)404.*entityquestions=FILE"):
        download(card, source, "dev")
    with pytest.raises(UsageError, match="22 of 40 bytes came"):
        download(card, source, "cut")
    path.write_text("changed")
    with pytest.raises(UsageError, match="not the one that its card knows"):
        download(card, source, "train")
    assert not path.exists() and [p.name for p in path.parent.iterdir()] == []
