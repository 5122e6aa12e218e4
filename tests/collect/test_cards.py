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
from mtqa.publish.licences import find

ROOT = Path(__file__).parents[2]


def test_every_source_of_the_paper_has_a_card() -> None:
    assert set(card_names()) == {
        "afriqa",
        "amharicqa",
        "covid-qa",
        "duorc",
        "entityquestions",
        "hotpotqa",
        "medquad",
        "mfaq",
        "miracl",
        "mmarco",
        "mr-tydi",
        "natural-questions",
        "newsqa",
        "nq-open",
        "policyqa",
        "pubmedqa",
        "sample",
        "squad",
        "squadshifts-amazon",
        "squadshifts-new_wiki",
        "squadshifts-nyt",
        "squadshifts-reddit",
        "triviaqa",
        "tydiqa",
        "web-questions",
        "wikiqa",
        "yahoo-qa",
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
    if card.hub and card.hub.revision is None:
        assert any("moving ref" in problem for problem in card.known_problems)
    named = {**(card.hub.data if card.hub else {}), **(card.download.data if card.download else {})}
    assert set(named) <= set(card.rows) or "total" in card.rows
    assert find(card.licence) or card.licence == "unknown"
    licence = find(card.licence)
    if licence:
        assert card.permissions.redistribution == licence.redistribution
        assert card.permissions.commercial == licence.commercial
        assert card.permissions.derivatives == licence.derivatives
    else:
        assert card.permissions.redistribution is None


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
    with pytest.raises(UsageError, match="bundled, on the Hub, on the web or to be had by hand"):
        parse(Card, {**values, "hub": None}, "card")
    with pytest.raises(UsageError, match="null and why"):
        parse(Card, {**values, "hub": {**values["hub"], "revision": None}}, "card")
    with pytest.raises(UsageError, match="Commit"):
        parse(Card, {**values, "hub": {**values["hub"], "revision": "main"}}, "card")
    with pytest.raises(UsageError, match="No files for the split test"):
        parse(Card, {**values, "collect": ["test"]}, "card")
    web = load_card("squadshifts-nyt").record()
    with pytest.raises(UsageError, match=r"nor a sha256 for nyt_v1\.0\.json"):
        parse(Card, {**web, "sha256": {}}, "card")
    with pytest.raises(UsageError, match=r"sha256\.nyt_v1\.0\.json"):
        parse(Card, {**web, "sha256": {"nyt_v1.0.json": "abc"}}, "card")
    values = load_card("miracl").record()
    with pytest.raises(UsageError, match="miracl-corpus"):
        parse(Card, {**values, "hub": {**values["hub"], "beside": {"miracl/miracl-corpus": ["x"]}}}, "card")


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
