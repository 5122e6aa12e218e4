"""Sources of the Hub through the real client and `datasets`, against a local server; web files through a local one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from layout_rows import ROWS

from mtqa.collect import download as web
from mtqa.collect.cards import Card, load_card
from mtqa.collect.download import download
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import chosen_splits
from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse

sys.path.insert(0, str(Path(__file__).parents[1] / "publish"))
from hub_server import TOKEN, HubServer
from hub_state import Blob, Repo

READ = """
import json, sys
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import open_sources
source = open_sources(CollectSettings.model_validate(json.loads(sys.argv[1])))[0]
items = [[i.id, i.question, i.passage, i.split, str(i.drop)] for i in source.read()]
print(json.dumps({"fingerprint": source.fingerprint, "items": items}))
"""


def parquet(rows: list[dict[str, Any]]) -> Blob:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return Blob(sink.getvalue(), True)


def publish(server: HubServer, name: str, files: dict[str, Blob]) -> str:
    """Put files into a repository at the revision that the source's card names."""
    hub = load_card(name).hub
    assert hub is not None
    repo = server.repos["dataset", hub.id] = Repo(private=False)
    oid = repo.commit("main", files)
    repo.refs[hub.at] = oid
    return hub.id


@pytest.fixture(scope="module")
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture(scope="module")
def environment(server: HubServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    env |= {"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf"))}
    env |= {"HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return env | {"PYTHONPATH": str(Path(__file__).parents[2])}


def run(environment: dict[str, str], **values: Any) -> dict[str, Any]:
    command = [sys.executable, "-c", READ, json.dumps(values)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_a_table_of_the_hub_is_streamed_at_its_revision(server: HubServer, environment: dict[str, str]) -> None:
    rows, items = ROWS["wikiqa"]
    files = {f"data/{split}-00000-of-00001.parquet": parquet(rows) for split in ("train", "test")}
    publish(server, "wikiqa", files)
    answer = run(environment, sources=["wikiqa"])
    wanted = [[i.id, i.question, i.passage, None, str(i.drop)] for i in items]
    assert answer["items"] == wanted
    assert load_card("wikiqa").hub.revision in "".join(server.log)  # type: ignore[union-attr]
    both = run(environment, sources=["wikiqa"], splits=["train", "test"])
    assert both["items"] == wanted + [[*row[:3], "test", row[4]] for row in wanted]
    assert both["fingerprint"] != answer["fingerprint"]


def test_files_that_make_a_row_together_are_downloaded(server: HubServer, environment: dict[str, str]) -> None:
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
    corpus = server.repos["dataset", "miracl/miracl-corpus"] = Repo(private=False)
    document = json.dumps({"docid": "12#3", "title": "Kall", "text": "Forty."}).encode()
    import gzip

    corpus.commit("main", {"miracl-corpus-v1.0-en/docs-0.jsonl.gz": Blob(gzip.compress(document), True)})
    answer = run(environment, sources=["miracl"])
    assert answer["items"] == [["3 12#3", "how high is kall", "Forty.", None, "None"]]


def test_a_repository_that_is_not_there_is_a_usage_error(server: HubServer, environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", READ, json.dumps({"sources": ["hotpotqa"]})]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert "UsageError" in done.stderr and "hotpotqa=FILE" in done.stderr


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
    values["download"] = {"base": "https://example.org/x/", "data": {"train": ["train.json"], "dev": ["dev.json"]}}
    digest = hashlib.sha256((tmp_path / "site" / "train.json").read_bytes()).hexdigest()
    card = parse(Card, {**values, "sha256": {"train.json": digest}}, "card")
    source = card.download.model_copy(update={"base": site})  # type: ignore[union-attr]
    (path,) = download(card, source, "train")
    assert path.read_bytes() == (tmp_path / "site" / "train.json").read_bytes()
    assert download(card, source, "train") == [path]
    assert Files.asked == ["/train.json"] * 2  # a 503, then the file; the second time the cache has it
    with pytest.raises(UsageError, match=r"(?s)404.*entityquestions=FILE"):
        download(card, source, "dev")
    path.write_text("changed")
    with pytest.raises(UsageError, match="not the one that its card knows"):
        download(card, source, "train")
    assert not path.exists() and [p.name for p in path.parent.iterdir()] == []
