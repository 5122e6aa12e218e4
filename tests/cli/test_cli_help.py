"""What a newcomer reads first: `mtqa`, `mtqa --help`, `mtqa COMMAND --help`, `mtqa --version`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import Cli, Ended

from mtqa import __version__
from mtqa.cli.app import COMMANDS

HEAVY = ("torch", "transformers", "datasets", "ctranslate2", "sentence_transformers", "matplotlib", "pyarrow", "numpy")


def test_mtqa_alone_is_its_help(cli: Cli) -> None:
    alone, asked = cli(""), cli("--help")
    assert alone == asked
    assert alone.code == 0 and alone.err == ""
    for name, short in COMMANDS.items():
        assert len(short) <= 55
        assert re.search(rf"^  {name} +{re.escape(short)}$", alone.out, re.MULTILINE)


def test_version(cli: Cli) -> None:
    assert cli("--version") == Ended(0, f"mtqa {__version__}\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(name: str, cli: Cli) -> None:
    ended = cli(f"{name} --help")
    assert ended.code == 0 and ended.err == ""
    assert "Example: mtqa" in " ".join(ended.out.split())
    assert f"mtqa {name} " in ended.out.partition("Example:")[2]
    assert cli(f"{name} -h") == ended


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=lambda a: " ".join(a) or "mtqa")
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = {['mtqa', *arguments, '--help']!r}\n"
        "from mtqa.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_module_is_the_command(cli: Cli, tmp_path: Path) -> None:
    module = [sys.executable, "-m", "mtqa"]
    shown = subprocess.run([*module, "mine", "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout == cli("mine --help").out
    wrong = subprocess.run([*module, "mine", "nothing"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (2, cli("mine nothing").err)


def test_the_example_of_translate_works_as_it_stands(cli: Cli, world: Path) -> None:
    """A newcomer copies the example, with nothing but its table at hand."""
    text = " ".join(cli("translate --help").out.split())
    example = re.search(r"Example: mtqa (translate faq\.csv .*?--out \S+)", text)
    assert example is not None
    ended = cli(example[1])
    assert ended.code == 0, ended.err
    assert "deu_Latn: 1 rows" in ended.out and "spa_Latn: 1 rows" in ended.out
