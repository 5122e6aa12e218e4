"""Runs the real client in a process of its own, whose environment names the local server before any import.

Reads one JSON request a line, {"do", "arguments", "token"}, and answers with {"code", "out", "err"}.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback


def publish(arguments: list[str]) -> int:
    import typer

    import mtqa.cli.publish as module
    from mtqa.core import progress
    from mtqa.core.errors import MtqaError
    from mtqa.publish import hub, hub_errors

    hub_errors.WAIT_SECONDS = 0.01
    hub.FILES_A_COMMIT = 5
    progress.enable()
    app = typer.Typer()
    app.command()(module.command)
    try:
        app(arguments, standalone_mode=False)
    except MtqaError as error:
        sys.stderr.write(f"error: {error}")
        return error.exit_code
    return 0


def download(arguments: list[str]) -> int:
    from huggingface_hub import snapshot_download

    repo, kind, revision, folder = arguments
    snapshot_download(repo, repo_type=kind, revision=revision, local_dir=folder)
    return 0


def load(arguments: list[str]) -> int:
    from datasets import load_dataset

    rows = load_dataset(*arguments)
    print({split: len(rows[split]) for split in rows}, rows["train"][0].get("lang"))
    return 0


def same(arguments: list[str]) -> int:
    """Compare every row of a language's split on the Hub with the corpus's own file."""
    import pyarrow.parquet as pq
    from datasets import load_dataset

    repo, lang, split, file = arguments
    there = load_dataset(repo, lang, split=split).to_list()
    print(there == pq.read_table(file).to_pylist(), len(there))
    return 0


def main() -> None:
    answers = sys.stdout
    for line in sys.stdin:
        request = json.loads(line)
        if request["token"]:
            os.environ["HF_TOKEN"] = request["token"]
        else:
            os.environ.pop("HF_TOKEN", None)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                jobs = {"publish": publish, "download": download, "load": load, "same": same}
                code = jobs[request["do"]](request["arguments"])
            except Exception:
                traceback.print_exc()
                code = 99
        answers.write(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
