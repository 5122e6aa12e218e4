from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli.sources import command
from mtqa.collect.cards import Card, card_folder, card_names, load_card
from mtqa.collect.settings import FIELDS, CollectSettings
from mtqa.collect.sources import BUNDLED, open_sources
from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse

ROOT = Path(__file__).parents[2]


def test_the_cards_that_are_promised() -> None:
    assert set(card_names()) >= {
        "sample",
        "squad",
        "squadshifts-new_wiki",
        "squadshifts-reddit",
        "policyqa",
        "pubmedqa",
        "covid-qa",
        "nq-open",
        "afriqa",
        "amharicqa",
    }


@pytest.mark.parametrize("name", card_names())
def test_every_card_is_valid(name: str) -> None:
    card = load_card(name)
    assert set(card.map) <= set(FIELDS)
    assert set(card.fields) <= {"question", "passage", "answers", "title", "id"}
    assert "question" in card.fields
    assert card.collected_language in card.languages
    assert card.total > 0
    assert card.bundled == (name in BUNDLED)
    if card.hub and card.hub.revision.startswith("refs/"):
        assert any("moving ref" in problem for problem in card.known_problems)
    if card.licence.startswith("CC-BY") and "-NC" not in card.licence and "-ND" not in card.licence:
        assert card.permissions == type(card.permissions)(redistribution=True, commercial=True, derivatives=True)


def test_the_sample_has_as_many_rows_as_its_card_says() -> None:
    source = open_sources(CollectSettings(sources=["sample"]))[0]
    assert source.dataset == "squadshifts-new_wiki"
    assert sum(1 for _ in source.read()) == load_card("sample").total


def test_cards_are_strict() -> None:
    values = load_card("squad").record()
    with pytest.raises(UsageError, match="Unknown key 'licens'"):
        parse(Card, {**values, "licens": "MIT"}, "card")
    with pytest.raises(UsageError, match="not FLORES-200 codes: en"):
        parse(Card, {**values, "languages": ["en"]}, "card")
    with pytest.raises(UsageError, match="bundled, on the Hub or have files"):
        parse(Card, {**values, "hub": None, "files": []}, "card")


def test_unknown_source_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'pubmedqa'"):
        load_card("pubmed-qa")


def test_packaging_lists_every_package_and_the_cards() -> None:
    """The wheel takes the packages that pyproject lists; one that is forgotten would be missing from it."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {p.parent.relative_to(ROOT).as_posix().replace("/", ".") for p in (ROOT / "mtqa").rglob("__init__.py")}
    assert set(config["packages"]) == folders | {"mtqa.data_cards"}
    assert config["package-dir"]["mtqa.data_cards"] == "data_cards"
    assert card_folder().is_dir()


def test_command() -> None:
    app = typer.Typer()
    app.command()(command)
    run = CliRunner().invoke(app, [])
    assert run.exit_code == 0
    assert [line.split()[0] for line in run.output.splitlines()] == list(card_names())
    assert "licence: CC-BY-SA-4.0" in CliRunner().invoke(app, ["squad"]).output
    assert json.loads(CliRunner().invoke(app, ["squad", "--json"]).output)["name"] == "squad"
