"""Upload of a built folder to the Hugging Face Hub: to a pull request or branch, verified, then merged.

`main` changes in one step, the merge, and only after every file of the pull request has the right hash; so nobody sees
half a data set. Where `hf_xet` is installed the client sends large files through Xet; our tests cover its other way,
git-LFS. The token comes from huggingface_hub's own sources (`HF_TOKEN`, `hf auth login`) and stays there.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import file_sha256
from mtqa.core.progress import say
from mtqa.publish.hub_errors import retried, translated
from mtqa.publish.layout import CHECKSUMS, published_files, read_checksums

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")
MESSAGE = "Upload with mtqa"


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

    Files that an earlier upload by mtqa left and that are not in the new one are deleted; others' files stay. Raises
    MtqaError for a refused token, missing rights, no network and files that arrive with other hashes; in the last case
    the pull request is closed and `main` is as it was. Server errors and lost connections are retried.
    """
    api = _api()
    repo, kind = target.repo, target.kind
    _call(
        "creating the repository",
        repo,
        lambda: api.create_repo(repo, repo_type=kind, private=target.private or None, exist_ok=True),
    )
    stale = _stale(api, target, folder)
    if target.branch:
        branch = target.branch
        _call(
            f"creating branch {branch}",
            repo,
            lambda: api.create_branch(repo, branch=branch, repo_type=kind, exist_ok=True),
        )
        _send(api, target, folder, branch, stale)
        _verify(api, target, folder, branch)
        return f"{_address(api, target)}/tree/{branch}"
    request = _call(
        "opening a pull request", repo, lambda: api.create_pull_request(repo, title=MESSAGE, repo_type=kind)
    )
    revision = f"refs/pr/{request.num}"
    try:
        _send(api, target, folder, revision, stale)
        _verify(api, target, folder, revision)
    except BaseException:
        _close(api, target, request.num)
        raise
    _open_or_merge(api, target, request.num)
    return f"{_address(api, target)}/discussions/{request.num}" if target.pull_request else _address(api, target)


def differences(folder: Path, remote: dict[str, Any]) -> list[str]:
    """Return what is wrong with the files of a revision (path → RepoFile), one short line a file.

    Large files are compared by the sha256 of their LFS record, small ones by git's sha1 of the blob; sizes too.
    """
    from huggingface_hub.utils.sha import git_hash

    problems = []
    for name in published_files(folder):
        path, found = folder / name, remote.get(name)
        if found is None:
            problems.append(f"{name}: missing")
        elif found.size != path.stat().st_size:
            problems.append(f"{name}: {found.size:,} bytes instead of {path.stat().st_size:,}")
        elif found.lfs is not None:
            if found.lfs.sha256 != file_sha256(path):
                problems.append(f"{name}: another sha256")
        elif found.blob_id != git_hash(path.read_bytes()):
            problems.append(f"{name}: another content")
    return problems


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(library_name="mtqa")


def _call(doing: str, where: str, call: Callable[[], T]) -> T:
    """Do one idempotent call with retries; turn what the client raises into MtqaError."""
    with translated(doing, where):
        return retried(call)


def _send(api: HfApi, target: Upload, folder: Path, revision: str, stale: list[str]) -> None:
    """Upload all files in one go; done again after an error it sends only what is missing."""
    names = published_files(folder)
    say(f"uploading {len(names)} files to {target.repo} ({revision})")
    _call(
        "uploading",
        target.repo,
        lambda: api.upload_folder(
            repo_id=target.repo,
            repo_type=target.kind,
            folder_path=folder,
            revision=revision,
            allow_patterns=[glob.escape(name) for name in names],
            delete_patterns=[glob.escape(name) for name in stale] or None,
            commit_message=MESSAGE,
        ),
    )


def _stale(api: HfApi, target: Upload, folder: Path) -> list[str]:
    """Return files that the repo's own SHA256SUMS lists and the new folder has not: an earlier upload's leftovers."""
    from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError

    revision = target.branch or "main"

    def fetch() -> str:
        try:
            path = api.hf_hub_download(target.repo, CHECKSUMS, repo_type=target.kind, revision=revision)
        except (EntryNotFoundError, RevisionNotFoundError):
            return ""
        return Path(path).read_text(encoding="utf-8")

    old = read_checksums(_call("reading the repository", target.repo, fetch))
    return sorted(set(old) - set(published_files(folder)))


def _verify(api: HfApi, target: Upload, folder: Path, revision: str) -> None:
    """Raise MtqaError unless the revision holds every file with the right hash."""

    def tree() -> dict[str, Any]:
        entries = api.list_repo_tree(target.repo, recursive=True, revision=revision, repo_type=target.kind)
        return {entry.path: entry for entry in entries if hasattr(entry, "blob_id")}

    problems = differences(folder, _call("verifying", target.repo, tree))
    if problems:
        shown = "; ".join(problems[:5]) + (f"; {len(problems) - 5} more" if len(problems) > 5 else "")
        raise MtqaError(
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
