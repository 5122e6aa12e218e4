"""A local server that speaks the part of the Hub's API which the real client uses to publish and to download.

Written from what huggingface_hub 2.x sends (hf_api.py, _commit_api.py, lfs.py, file_download.py); large files go
through git-LFS, since Xet is not spoken here. Faults can be planted: an error status, a dropped connection, or bytes
that arrive damaged.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub_state import Blob, Fault, Repo

TOKEN = "hf_secretsecretsecretsecretsecret"
LARGE = (".parquet", ".safetensors", ".bin", ".model")


class HubServer:
    """Use as a context manager; `url` is the endpoint, `repos` the state by (kind, name), `log` what was asked."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.log: list[str] = []
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> HubServer:
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def reset(self) -> None:
        with self.lock:
            for state in (self.repos, self.objects, self.faults, self.log):
                state.clear()

    def fail(self, method: str, path: str, action: int | str, times: int = 1, skip: int = 0) -> None:
        self.faults.append(Fault(method, path, action, times, skip))

    def fault(self, method: str, path: str, damage: bool = False) -> int | str | None:
        """Take the next planted fault of a request; damage is asked for where bytes are stored."""
        with self.lock:
            for fault in self.faults:
                fits = fault.times and fault.method == method and fault.path in path
                if fits and (fault.action == "damage") == damage:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault.action
        return None


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self.serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def serve(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.chunks()
        with self.hub.lock:
            self.hub.log.append(f"{self.command} {unquote(url.path)}")
        fault = self.hub.fault(self.command, unquote(url.path))
        if isinstance(fault, int):
            self.reply(fault, {"error": f"planted, Authorization was {self.headers.get('Authorization')}"})
            return
        if fault == "drop":
            self.close_connection = True
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and parts[0] != "lfs":
            self.reply(401, {"error": "Invalid credentials"}, {"X-Error-Message": "Invalid credentials in header"})
            return
        with self.hub.lock:
            status, answer, headers = self.route(parts, body, parse_qs(url.query))
        if fault == "after":
            self.close_connection = True
            return
        self.reply(status, answer, headers)

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def route(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        match (self.command, *parts):
            case ("GET", "api", "whoami-v2"):
                return 200, {"name": "me", "type": "user", "orgs": []}, {}
            case ("POST", "api", "validate-yaml"):
                return 200, {"errors": [], "warnings": []}, {}
            case ("POST", "api", "repos", "create"):
                return self.create(json.loads(body))
            case ("PUT", "lfs", oid):
                damaged = self.hub.fault("PUT", f"/lfs/{oid}", damage=True)
                self.hub.objects[oid] = body[:-1] + b"\0" if damaged else body
                return 200, {}, {}
            case ("POST", "lfs", "verify"):
                return (200 if json.loads(body)["oid"] in self.hub.objects else 404), {}, {}
            case ("POST", *_, "info", "lfs", "objects", "batch"):
                return self.batch(json.loads(body))
            case ("GET" | "HEAD", first, *_) if first != "api" and "resolve" in parts:
                return self.resolve(parts)
            case (_, "api", kind, owner, repo, action, *rest):
                found = self.hub.repos.get((kind.removesuffix("s"), f"{owner}/{repo}"))
                if found is None:
                    return 404, {"error": "no"}, {"X-Error-Code": "RepoNotFound"}
                if action == "tree":
                    return self.tree(found, rest, query.get("recursive", ["False"])[0].lower() == "true")
                return self.repo_call(found, f"{owner}/{repo}", action, rest, body)
        return 404, {"error": f"not spoken here: {self.command} {self.path}"}, {}

    def create(self, wish: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        name = f"{wish.get('organization') or 'me'}/{wish['name']}"
        kind = wish.get("type") or "model"
        prefix = "datasets/" if kind == "dataset" else ""
        answer = {"url": f"{self.hub.url}/{prefix}{name}", "name": name, "id": "1"}
        if name.split("/")[0] != "me":
            return 403, {"error": "no rights"}, {}
        if (kind, name) in self.hub.repos:
            return 409, answer | {"error": "You already created this repo"}, {}
        repo = self.hub.repos[kind, name] = Repo(private=wish.get("visibility") == "private")
        repo.commit("main", {".gitattributes": Blob(b"*.parquet filter=lfs\n", False)})
        return 200, answer, {}

    def batch(self, wish: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        objects = []
        for entry in wish["objects"]:
            one: dict[str, Any] = {"oid": entry["oid"], "size": entry["size"]}
            if entry["oid"] not in self.hub.objects:
                one["actions"] = {
                    "upload": {"href": f"{self.hub.url}/lfs/{entry['oid']}"},
                    "verify": {"href": f"{self.hub.url}/lfs/verify"},
                }
            objects.append(one)
        return 200, {"transfer": "basic", "objects": objects}, {}

    def repo_call(
        self, repo: Repo, name: str, action: str, rest: list[str], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        calls: dict[str, Callable[..., tuple[int, Any, dict[str, str]]]] = {
            "preupload": self.preupload,
            "commit": self.commit,
            "paths-info": self.paths_info,
            "revision": self.revision,
            "branch": self.branch,
            "discussions": self.discussions,
        }
        return calls[action](repo, name, rest, body) if action in calls else (404, {"error": action}, {})

    def preupload(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        oid = repo.resolve("/".join(rest))
        if oid is None:
            return 404, {}, {"X-Error-Code": "RevisionNotFound"}
        files = []
        for entry in json.loads(body)["files"]:
            large, old = entry["path"].endswith(LARGE), repo.commits[oid].get(entry["path"])
            mode = "lfs" if large else "regular"
            known = None if old is None else old.sha256 if old.lfs else old.sha1
            files.append({"path": entry["path"], "uploadMode": mode, "shouldIgnore": False, "oid": known})
        return 200, {"files": files}, {}

    def commit(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        ref = "/".join(rest)
        files = dict(repo.commits[repo.refs[ref]])
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                content = base64.b64decode(value["content"])
                damaged = self.hub.fault("POST", f"/commit/{value['path']}", damage=True)
                files[value["path"]] = Blob(content[:-1] if damaged else content, False)
            elif entry["key"] == "lfsFile":
                files[value["path"]] = Blob(self.hub.objects[value["oid"]], True)
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        oid = repo.commit(ref, files)
        return 200, {"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid}, {}

    def tree(self, repo: Repo, rest: list[str], recursive: bool) -> tuple[int, Any, dict[str, str]]:
        oid, path = repo.split(rest)
        if oid is None:
            return 404, {}, {"X-Error-Code": "RevisionNotFound"}
        below = f"{path}/" if path else ""
        inside = [name for name in sorted(repo.commits[oid]) if name.startswith(below)]
        names = inside if recursive else sorted({below + name[len(below) :].split("/")[0] for name in inside})
        return 200, [repo.entry(oid, name) for name in names], {}

    def paths_info(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        oid, _ = repo.split(rest)
        if oid is None:
            return 404, {}, {"X-Error-Code": "RevisionNotFound"}
        asked = [path.strip("/") for path in parse_qs(body.decode()).get("paths", [])]
        known = [p for p in asked if any(f == p or f.startswith(f"{p}/") for f in repo.commits[oid])]
        return 200, [repo.entry(oid, path) for path in known], {}

    def revision(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        oid = repo.resolve("/".join(rest))
        if oid is None:
            return 404, {}, {"X-Error-Code": "RevisionNotFound"}
        siblings = [{"rfilename": path} for path in sorted(repo.commits[oid])]
        return 200, {"_id": "1", "id": name, "sha": oid, "private": repo.private, "siblings": siblings, "tags": []}, {}

    def branch(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        ref = "/".join(rest)
        if ref in repo.refs:
            return 409, {"error": "exists"}, {}
        repo.refs[ref] = repo.refs["main"]
        return 200, {}, {}

    def discussions(self, repo: Repo, name: str, rest: list[str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        if not rest and self.command == "GET":
            found = [self.discussion(repo, name, number) for number in repo.requests]
            return 200, {"count": len(found), "start": 0, "discussions": found}, {}
        if not rest:
            number = len(repo.requests) + 1
            repo.requests[number] = "draft"
            repo.titles[number] = json.loads(body)["title"]
            repo.refs[f"refs/pr/{number}"] = repo.refs["main"]
            return 200, {"num": number}, {}
        number = int(rest[0])
        if rest[1:] == ["status"]:
            repo.requests[number] = json.loads(body)["status"]
            event = {
                "id": "e",
                "type": "status-change",
                "createdAt": "2024-01-01T00:00:00.000Z",
                "author": {"name": "me"},
            }
            return 200, {"newStatus": event | {"data": {"status": repo.requests[number]}}}, {}
        if rest[1:] == ["merge"]:
            if repo.requests[number] != "open":
                return 400, {"error": f"the pull request is {repo.requests[number]}"}, {}
            repo.refs["main"] = repo.refs[f"refs/pr/{number}"]
            repo.requests[number] = "merged"
            return 200, {}, {}
        changes = {"events": [], "changes": {"base": "refs/heads/main"}, "filesWithConflicts": []}
        return 200, self.discussion(repo, name, number) | changes, {}

    def discussion(self, repo: Repo, name: str, number: int) -> dict[str, Any]:
        about = {"title": repo.titles[number], "num": number, "status": repo.requests[number], "isPullRequest": True}
        about |= {"author": {"name": "me"}, "createdAt": "2024-01-01T00:00:00.000Z"}
        return about | {"repo": {"name": name, "type": "dataset"}}

    def resolve(self, parts: list[str]) -> tuple[int, Any, dict[str, str]]:
        kind = "dataset" if parts[0] == "datasets" else "model"
        owner, name, _, *rest = parts[1:] if kind == "dataset" else parts
        repo = self.hub.repos.get((kind, f"{owner}/{name}"))
        if repo is None:
            return 404, b"", {"X-Error-Code": "RepoNotFound"}
        oid, path = repo.split(rest)
        if oid is None:
            return 404, b"", {"X-Error-Code": "RevisionNotFound"}
        blob = repo.commits[oid].get(path)
        if blob is None:
            return 404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": oid}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if asked:
            first, last = int(asked[1]), min(int(asked[2]), len(blob.content) - 1)
            part = {"Content-Range": f"bytes {first}-{last}/{len(blob.content)}"}
            return 206, blob.content[first : last + 1], {"X-Repo-Commit": str(oid), **part}
        return 200, blob.content, {"X-Repo-Commit": oid, "ETag": f'"{blob.sha256 if blob.lfs else blob.sha1}"'}
