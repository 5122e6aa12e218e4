"""Which parts may import which: core ← stage ← pipeline ← cli, read from the source's syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = {"collect", "translate", "filter", "shards", "mine", "train", "debias", "evaluate", "publish"}
ALLOWED = {
    "core": {"core"},
    "bundled": {"core", "bundled"},
    "report": {"core", "bundled", "report", "pipeline"},
    **{stage: {"core", "bundled", stage} for stage in STAGES},
    "pipeline": {"core", "bundled", "report", "pipeline", *STAGES},
    "study": {"core", "bundled", "report", "pipeline", "study", *STAGES},
    "cli": {"core", "bundled", "report", "pipeline", "study", "cli", *STAGES},
}
HEAVY = ("torch", "transformers", "datasets", "ctranslate2", "sentence_transformers", "matplotlib", "sacrebleu")
MODULES = sorted((ROOT / "mtqa").rglob("*.py"))
MOST_LINES = 300


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Return the dotted names that a module imports anywhere, in functions too."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_import_only_what_their_layer_may(path: Path) -> None:
    parts = path.relative_to(ROOT / "mtqa").parts
    if len(parts) == 1:
        return
    others = {n.split(".")[1] for n in imported(path) if n.startswith("mtqa.") and n.count(".") > 1}
    wrong = others - ALLOWED[parts[0]]
    assert not wrong, f"{name(path)} imports {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short_and_documented_and_never_call_hash(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{name(path)} has {lines} lines"
    assert ast.get_docstring(tree(path)), f"{name(path)} has no docstring"
    calls = {n.func.id for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert "hash" not in calls, f"{name(path)}: hash() differs between processes, use mtqa.core.hashing"


def test_every_folder_has_a_layer() -> None:
    folders = {p.name for p in (ROOT / "mtqa").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= set(ALLOWED)


def test_help_is_quick_to_load() -> None:
    """`mtqa --help` and every command's options load none of the heavy libraries."""
    code = (
        "import sys; from mtqa.cli.app import app\n"
        "try:\n    app(['--help'], standalone_mode=False)\nfinally:\n"
        f"    print('HEAVY', [m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("HEAVY []")
    assert "build-shards" in done.stdout


def test_settings_are_quick_to_load() -> None:
    """A recipe is checked without numpy, pyarrow or anything heavier."""
    modules = [f"mtqa.{p.parent.name}.settings" for p in (ROOT / "mtqa").glob("*/settings.py")]
    code = f"import sys, {', '.join(modules)}; print([m for m in {(*HEAVY, 'numpy', 'pyarrow')} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
