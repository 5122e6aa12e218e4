"""Every command that README and the pages print is run, or, where it cannot be here, its options are looked up."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import workspace
from typer.testing import CliRunner

from mtqa.cli.app import app

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"publish.md", "sources.md", "tutorial.md"}
"""Pages whose commands run in tests of their own."""

NOT_RUN = {
    "make ": "the tests run inside it",
    "torchrun ": "tests/train/test_train_ranks.py runs both launchers",
    "accelerate ": "tests/train/test_train_ranks.py runs both launchers",
    "mtqa study recipes/study-cpu.yaml --data": "takes hours; tests/study runs a small one",
    "mtqa translate faq-5 --to de,es --round-trip": "the model at hand knows one direction; tests/translate runs it",
    "mtqa train shards --encoder FacebookAI/xlm-roberta-base --bf16": "the model at hand is float32; see tests/train",
    "mtqa memory DIR": "tests/translate/test_translate_commands.py runs it",
}


def commands(page: Path) -> list[str]:
    """Return the lines of a page's blocks, in order, without comments."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for line in "".join(blocks).splitlines() if line and not line.startswith("#")]


PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if page.name not in ELSEWHERE and commands(page)
]


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stand-ins")
    before = Path.cwd()
    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTQA_CACHE", str(folder / "cache"))
        workspace.build(folder)
        os.chdir(before)
        yield folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_runs(page: Path, stand_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    shutil.copytree(stand_ins, folder)
    monkeypatch.chdir(folder)
    if page.name == "README.md":
        for made in ("corpus", "translated", "filtered", "shards"):
            shutil.rmtree(made)
    if page.name == "study.md":
        (folder / "recipes").symlink_to(ROOT / "recipes")
        for arm in ("hybrid", "mono"):
            workspace.run(
                f"mtqa evaluate demo --benchmark xquad-r --data xquad-r --out runs/quickstart/evaluation/{arm}"
            )
    for command in commands(page):
        if any(command.startswith(start) for start in NOT_RUN):
            continue
        if "--vectors vectors.npz" in command:
            workspace.vectors()
        workspace.run(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_options_exist(page: Path) -> None:
    for command in commands(page):
        name = re.search(r"(?:mtqa|mtqa\.cli\.main) ([a-z-]+)", command)
        if not name:
            continue
        shown = CliRunner().invoke(app, [name[1], "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
        for option in re.findall(r" (--[a-z0-9-]+)", command[name.start() :].partition("  #")[0]):
            assert re.search(rf"{option}\b", shown), f"{command}: {option}"


def test_what_is_not_run_still_stands_somewhere() -> None:
    lines = [command for page in PAGES for command in commands(page)]
    assert all(any(line.startswith(start) for line in lines) for start in NOT_RUN)
