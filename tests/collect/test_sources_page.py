"""docs/sources.md: its table says what the cards say, its commands run, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli import collect, sources
from mtqa.collect.cards import Card, card_names, load_card

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
BEGIN, END = "<!-- sources begin -->\n", "<!-- sources end -->"


def line(card: Card) -> str:
    shared = {True: "yes", False: "**no**", None: "ask"}[card.permissions.redistribution]
    pinned = (
        "–" if card.bundled or card.manual else "yes" if card.download or (card.hub and card.hub.revision) else "no"
    )
    how = "bundled" if card.bundled else f"`{card.name}=FILE`" if card.manual else "by name"
    languages = len(card.by_language) or 1
    about = f"| `{card.name}` | {card.title} | {card.licence} | {shared} | {card.total:,} |"
    return f"{about} {languages} | {how} | {pinned} |"


def sources_table() -> str:
    head = "| source | what | licence | share | questions | languages | how | pinned |\n"
    head += "|---|---|---|---|--:|--:|---|---|\n"
    return head + "\n".join(line(load_card(name)) for name in card_names()) + "\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_table_says_what_the_cards_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == sources_table()


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (table,) = blocks("csv")
    Path("faq.csv").write_text(table, encoding="utf-8")
    Path("questions.jsonl").write_text('{"question": "who lit the lamp", "answer": ["Ann Reed"]}\n', encoding="utf-8")
    Path("passages.jsonl").write_text('{"title": "Kall", "text": "Ann Reed lit the lamp."}\n', encoding="utf-8")
    app = typer.Typer()
    for name, module in (("collect", collect), ("sources", sources)):
        app.command(name)(module.command)
    ran = 0
    for block in blocks("bash"):
        for command in block.strip().splitlines():
            program, *arguments = shlex.split(command)
            done = CliRunner().invoke(app, arguments)
            assert program == "mtqa" and done.exit_code == 0, f"{command}: {done.output} {done.exception}"
            ran += 1
    assert ran == 6


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", PAGE.read_text(encoding="utf-8"))
    assert links and all((PAGE.parent / link).exists() for link in links if "://" not in link)


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:start] + sources_table() + text[end:], encoding="utf-8", newline="\n")
