"""docs/tutorial.md and docs/format.md: commands run, tables say what the schemas say, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from mtqa.cli.app import app
from mtqa.core.schema import CORPUS, SHARD

DOCS = Path(__file__).parents[2] / "docs"


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")
    text = text_of("tutorial.md")
    (table,) = re.findall(r"```csv\n(.*?)```", text, flags=re.DOTALL)
    Path("faq.csv").write_text(table, encoding="utf-8")
    commands = "".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)).splitlines()
    assert len(commands) == 6
    for command in commands:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(code, "tutorial.md", "exec"), {})


@pytest.mark.parametrize(("mark", "schema"), [("corpus", CORPUS), ("shard", SHARD)])
def test_the_tables_name_the_columns(mark: str, schema: pa.Schema) -> None:
    text = text_of("format.md")
    table = text[text.index(f"<!-- {mark} begin -->") : text.index(f"<!-- {mark} end -->")]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, flags=re.MULTILINE)
    assert [name for name, _ in rows] == schema.names
    for name, kind in rows:
        assert kind.endswith("?") == schema.field(name).nullable, name
        if pa.types.is_string(schema.field(name).type) or pa.types.is_int32(schema.field(name).type):
            assert kind.strip("?") == str(schema.field(name).type), name


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    text = text_of(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = DOCS / path if path else DOCS / page
        assert file.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads], target
