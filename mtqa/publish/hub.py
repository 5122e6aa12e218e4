"""Upload of a built folder to the Hugging Face Hub: to a pull request or branch, verified, then merged.

`main` changes in one step, the merge, and only after every file of the pull request has the right hash; so nobody sees
half a data set. Files go up in batches, a commit each; an upload that was interrupted goes on in the same pull request
with what is missing. Where `hf_xet` is installed the client sends large files through Xet; our tests cover its other
way, git-LFS. The token comes from huggingface_hub's own sources (`HF_TOKEN`, `hf auth login`) and stays there.
"""

from __future__ import annotations

import contextlib
import glob
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import file_sha256
from mtqa.core.progress import progress, say
from mtqa.publish.hub_errors import retried, translated
from mtqa.publish.layout import CARD, CHECKSUMS, published_files, read_checksums
from mtqa.publish.staging import differences, staged

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")
MESSAGE = "Upload with mtqa"
FILES_A_COMMIT = 50
"""The Hub's advice is 50 to 100 files a commit (https://huggingface.co/docs/hub/storage-limits)."""


class HashError(MtqaError):
    """Files arrived with other hashes than they were sent with."""


@dataclass(frozen=True)
class Upload:
    """Where to and how. Neither `branch` nor `pull_request`: a pull request that is merged once it is verified."""

    repo: str
    kind: str
    private: bool = False
    branch: str | None = None
    pull_request: bool = False

    def __post_init__(self) -> None:
        if self.branch and self.pull_request:
            raise UsageError("Give a branch or ask for a pull request, not both.", where="--branch, --pull-request")
        if self.kind not in ("dataset", "model"):
            raise ValueError(self.kind)


def full_name(repo: str) -> str:
    """Return `user/name` of a repo name, asking the Hub who the token's user is where no owner is given.

    Raises MtqaError where there is no token, the Hub refuses it or cannot be reached: also a check before work starts.
    """
    api = _api()
    user = _call("asking who you are", repo, lambda: api.whoami())
    return repo if "/" in repo else f"{user['name']}/{repo}"


def upload(folder: Path, target: Upload) -> str:
    """Upload a folder that `publish_dataset` or `publish_model` built; return the address to look at.

    What people wrote into the repository's card stays (see `merge`). Files that an earlier upload by mtqa left and that
    are not in the new one are deleted; others' files stay. Raises MtqaError for a refused token, missing rights, no
    network and files that arrive with other hashes; in the last case the pull request is closed. `main` is as it was.
    Server errors and lost connections are retried; after an interruption the same call sends only what is missing.
    """
    api = _api()
    repo, kind = target.repo, target.kind
    _call(
        "creating the repository",
        repo,
        lambda: api.create_repo(repo, repo_type=kind, private=target.private or None, exist_ok=True),
    )
    old_sums = read_checksums(_remote_text(api, target, CHECKSUMS))
    with tempfile.TemporaryDirectory(prefix=".mtqa-", dir=folder.resolve().parent) as scratch:
        sent = staged(folder, Path(scratch), _remote_text(api, target, CARD), old_sums.get(CARD))
        stale = sorted(set(old_sums) - set(published_files(sent)))
        if target.branch:
            return _to_branch(api, target, sent, target.branch, stale)
        return _to_pull_request(api, target, sent, stale)


def _to_branch(api: HfApi, target: Upload, folder: Path, branch: str, stale: list[str]) -> str:
    _call(
        f"creating branch {branch}",
        target.repo,
        lambda: api.create_branch(target.repo, branch=branch, repo_type=target.kind, exist_ok=True),
    )
    _send(api, target, folder, branch, stale)
    _verify(api, target, folder, branch)
    return f"{_address(api, target)}/tree/{branch}"


def _to_pull_request(api: HfApi, target: Upload, folder: Path, stale: list[str]) -> str:
    number = _pull_request(api, target, folder)
    revision = f"refs/pr/{number}"
    try:
        _send(api, target, folder, revision, stale)
        _verify(api, target, folder, revision)
    except HashError:
        _close(api, target, number)
        raise
    _open_or_merge(api, target, number)
    return f"{_address(api, target)}/discussions/{number}" if target.pull_request else _address(api, target)


def _pull_request(api: HfApi, target: Upload, folder: Path) -> int:
    """Return the pull request that an interrupted upload of the very same files left, or a new one."""
    repo, kind = target.repo, target.kind
    title = f"{MESSAGE} ({file_sha256(folder / CHECKSUMS)[:12]})"

    def find() -> int | None:
        found = api.get_repo_discussions(repo, repo_type=kind, discussion_type="pull_request")
        return next((d.num for d in found if d.title == title and d.status in ("draft", "open")), None)

    number = _call("looking for an earlier upload", repo, find)
    if number is not None:
        say(f"going on with pull request {number}, which an earlier upload left")
        return number
    request = _call("opening a pull request", repo, lambda: api.create_pull_request(repo, title=title, repo_type=kind))
    return int(request.num)


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(library_name="mtqa")


def _call(doing: str, where: str, call: Callable[[], T]) -> T:
    """Do one idempotent call with retries; turn what the client raises into MtqaError."""
    with translated(doing, where):
        return retried(call)


def _remote_text(api: HfApi, target: Upload, name: str) -> str:
    """Return a text file of the repository as it is now, "" where there is none."""
    from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError

    def fetch() -> str:
        for revision in dict.fromkeys([target.branch or "main", "main"]):
            try:
                path = api.hf_hub_download(target.repo, name, repo_type=target.kind, revision=revision)
            except (EntryNotFoundError, RevisionNotFoundError):
                continue
            return Path(path).read_text(encoding="utf-8")
        return ""

    return _call("reading the repository", target.repo, fetch)


def _send(api: HfApi, target: Upload, folder: Path, revision: str, stale: list[str]) -> None:
    """Upload what the revision lacks or has otherwise, and delete what is stale, some files a commit."""
    there = _tree(api, target, revision)
    names = [name for name, _ in differences(folder, there)]
    gone = [name for name in stale if name in there]
    batches = [names[n : n + FILES_A_COMMIT] for n in range(0, len(names), FILES_A_COMMIT)] or ([[]] if gone else [])
    say(f"uploading {len(names)} of {len(published_files(folder))} files to {target.repo} ({revision})")
    with progress("upload", len(names), "files") as bar:
        for number, batch in enumerate(batches):
            patterns = [glob.escape(name) for name in batch] or ["/"]  # matches no file: a commit that only deletes
            deleted = [glob.escape(name) for name in gone] if number == 0 else []
            _call("uploading", target.repo, lambda p=patterns, d=deleted: _commit(api, target, folder, revision, p, d))  # type: ignore[misc]
            bar.update(len(batch))


def _commit(api: HfApi, target: Upload, folder: Path, revision: str, patterns: list[str], deleted: list[str]) -> None:
    api.upload_folder(
        repo_id=target.repo,
        repo_type=target.kind,
        folder_path=folder,
        revision=revision,
        allow_patterns=patterns,
        delete_patterns=deleted or None,
        commit_message=MESSAGE,
    )


def _tree(api: HfApi, target: Upload, revision: str) -> dict[str, Any]:
    def tree() -> dict[str, Any]:
        entries = api.list_repo_tree(target.repo, recursive=True, revision=revision, repo_type=target.kind)
        return {entry.path: entry for entry in entries if hasattr(entry, "blob_id")}

    return _call("listing files", target.repo, tree)


def _verify(api: HfApi, target: Upload, folder: Path, revision: str) -> None:
    """Raise HashError unless the revision holds every file with the right hash."""
    problems = [f"{name}: {what}" for name, what in differences(folder, _tree(api, target, revision))]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; {len(problems) - 5} more" if len(problems) > 5 else "")
        raise HashError(
            f"The uploaded files are not those that were sent: {shown}.",
            where=f"{target.repo}, {revision}",
            expected="equal hashes",
            next_step="run the same command again; nothing was merged"
            if not target.branch
            else "run the same command again before anyone uses the branch",
        )
    say("verified: every file has the right hash")


def _open_or_merge(api: HfApi, target: Upload, number: int) -> None:
    """Take the pull request out of draft, and merge it unless it was asked for; each step is done once only."""
    repo, kind = target.repo, target.kind

    def step() -> None:
        status = api.get_discussion_details(repo, number, repo_type=kind).status
        if status in ("draft", "closed"):
            api.change_discussion_status(repo, number, "open", repo_type=kind)
        if status != "merged" and not target.pull_request:
            api.merge_pull_request(repo, number, repo_type=kind)

    _call("opening the pull request" if target.pull_request else "merging", repo, step)


def _close(api: HfApi, target: Upload, number: int) -> None:
    """Close a pull request that must not be merged; if even that fails, the first error is the one to report."""
    with contextlib.suppress(Exception):
        api.change_discussion_status(target.repo, number, "closed", repo_type=target.kind)


def _address(api: HfApi, target: Upload) -> str:
    prefix = "datasets/" if target.kind == "dataset" else ""
    return f"{api.endpoint}/{prefix}{target.repo}"
