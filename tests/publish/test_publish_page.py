"""docs/publish.md: its commands run, its code names what there is, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli import collect, publish
from mtqa.publish.layout import published_files

PAGE = Path(__file__).parents[2] / "docs" / "publish.md"


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    for name, module in (("collect", collect), ("publish", publish)):
        app.command(name)(module.command)
    text = PAGE.read_text(encoding="utf-8")
    commands = "".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)).splitlines()
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
    names = published_files(Path("built"))
    for name in re.findall(r"^\| `([\w.]+)` \|", text, flags=re.MULTILINE):
        assert name in [*names, "LICENSE.md"], name
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    compile(code, "docs/publish.md", "exec")


def test_options_and_links_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    app = typer.Typer()
    app.command()(publish.command)
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    for option in set(re.findall(r"`(--[a-z-]+)", text)):
        assert option in shown, option
    assert all((PAGE.parent / link).exists() for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link)
