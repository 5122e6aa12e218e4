"""The command: a dry run needs no network, contradictions are found before work starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli import publish
from mtqa.core.errors import UsageError

app = typer.Typer()
app.command()(publish.command)
MakeModel = Callable[..., tuple[Path, Path]]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_dry_runs_write_beside_the_input_and_only_there(corpus: Path, make_model: MakeModel) -> None:
    model, evaluation = make_model()
    before = {p.name for p in corpus.parent.iterdir()}
    assert "ready, see" in run("dataset", corpus, "--repo", "me/x", "--dry-run")
    assert "ready, see" in run("model", model, "--repo", "me/y", "--evaluation", evaluation, "--dry-run")
    assert {p.name for p in corpus.parent.iterdir()} - before == {"filtered.published", "model.published"}
    assert 'load_dataset("me/x"' in (corpus.parent / "filtered.published" / "README.md").read_text()
    assert "XQuAD-R" in (corpus.parent / "model.published" / "README.md").read_text()


def test_a_second_dry_run_replaces_its_own_folder_but_not_one_that_was_named(corpus: Path, tmp_path: Path) -> None:
    run("dataset", corpus, "--repo", "me/x", "--dry-run")
    run("dataset", corpus, "--repo", "me/other", "--dry-run")
    run("dataset", corpus, "--repo", "me/x", "--dry-run", "--out", tmp_path / "o")
    with pytest.raises(UsageError, match="different: repo"):
        run("dataset", corpus, "--repo", "me/other", "--dry-run", "--out", tmp_path / "o")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repo", "a b"], "'repo' is 'a b'"),
        (["--repo", "x", "--branch", "b", "--pull-request"], "not both"),
        (["--repo", "x", "--evaluation", "e"], "no evaluations"),
    ],
)
def test_contradictions(corpus: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run("dataset", corpus, *arguments)
    assert not (corpus.parent / "filtered.published").exists()
