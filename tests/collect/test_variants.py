"""NAME:LANGUAGE: a source in another of its languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mtqa.collect.cards import Card, card_names, load_card
from mtqa.collect.items import Answer, RawItem
from mtqa.collect.run import collect
from mtqa.collect.settings import CollectSettings
from mtqa.collect.sources import Source, open_sources
from mtqa.collect.variants import in_language, named_card
from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse
from mtqa.core.schema import Drop

AFRIQA = Path(__file__).parents[3] / "shared" / "data" / "low_resource"


def opened(text: str) -> Source:
    (source,) = open_sources(CollectSettings(sources=[text]))
    return source


@pytest.mark.parametrize("name", card_names())
def test_no_place_for_a_word_is_left_open(name: str) -> None:
    card = load_card(name)
    for code in card.by_language or [card.collected_language]:
        spoken = in_language(card, code)
        place = spoken.hub or spoken.download
        assert "{language" not in str(place)
        assert spoken.collected_language == code
        assert (spoken.name == name) == (code == card.collected_language)


def test_the_languages_own_files_are_asked_for() -> None:
    swahili = named_card("miracl:sw")
    assert swahili and swahili.hub
    assert (swahili.name, swahili.dataset) == ("miracl:swh_Latn", "miracl-swh_Latn")
    assert swahili.hub.data["dev"] == ["miracl-v1.0-sw/topics/*-dev.tsv", "miracl-v1.0-sw/qrels/*-dev.tsv"]
    (place, files), *others = swahili.hub.beside.items()
    assert place.startswith("miracl/miracl-corpus@") and not others
    assert files == ["miracl-corpus-v1.0-sw/*.jsonl.gz"]
    english = named_card("miracl")
    assert english and english.hub and english.hub.data["dev"][0] == "miracl-v1.0-en/topics/*-dev.tsv"
    hausa = named_card("afriqa:Hausa")
    assert hausa and hausa.download
    assert [name.rpartition("/")[2] for name in hausa.download.data["train"]] == [
        "gold_span_passages.afriqa.hau.en.train.json"
    ]
    assert named_card("faq:de") is None


def test_the_language_of_rows_is_picked(write: Any) -> None:
    qas = [
        {"id": f"{word}-1", "question": word, "answers": [{"text": "C", "answer_start": 0}]}
        for word in ("swahili", "thai")
    ]
    path = write("goldp.json", {"data": [{"paragraphs": [{"context": "C", "qas": qas}]}]})
    source = opened(f"tydiqa:sw={path}")
    assert (source.dataset, source.language, source.label) == ("tydiqa-swh_Latn", "swh_Latn", "tydiqa:swh_Latn")
    assert [item.drop for item in source.read()] == [None, Drop.OTHER_LANGUAGE]


def test_two_languages_of_a_source_are_two_data_sets(write: Any, tmp_path: Path) -> None:
    rows = [{"query_id": "1", "query": "jina?", "positive_passages": [{"docid": "2", "title": "", "text": "Kall."}]}]
    path = write("train.jsonl", rows)
    settings = CollectSettings(sources=[f"mr-tydi:sw={path}", f"mr-tydi:fi={path}"])
    manifest = collect(settings, tmp_path / "out")
    assert {name: n["kept"] for name, n in manifest.counts["datasets"].items()} == {
        "mr-tydi-swh_Latn": 1,
        "mr-tydi-fin_Latn": 0,
    }
    assert manifest.info["sources"]["mr-tydi-swh_Latn"]["licence"] == "Apache-2.0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("miracl:zul_Latn", r"cannot be collected in zul_Latn.*swh_Latn"),
        ("squad:de", r"cannot be collected in deu_Latn.*eng_Latn"),
        ("miracl:Klingonish", "Klingonish"),
        ("mircl:sw", "Did you mean 'miracl'"),
    ],
)
def test_what_there_is_not(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s){said}"):
        opened(name)


def test_a_split_that_a_language_lacks() -> None:
    with pytest.raises(UsageError, match=r"(?s)'afriqa:swh_Latn' has no split 'train'.*test"):
        opened("afriqa:swa")


def test_cards_name_their_own_language() -> None:
    values = load_card("mr-tydi").record()
    with pytest.raises(UsageError, match=r"(?i)by_language lacks eng_Latn"):
        parse(Card, {**values, "by_language": {"swh_Latn": "swahili"}}, "card")
    with pytest.raises(UsageError, match="not among the languages"):
        parse(Card, {**values, "languages": ["eng_Latn"]}, "card")


def test_questions_in_their_own_language_come_without_the_english_passage() -> None:
    path = AFRIQA / "afriqa.swa.test.json"
    if not path.is_file():
        pytest.skip("needs ../shared/data")
    first = next(opened(f"afriqa:swa={path}").read())
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert first == RawItem(row["id"], row["question_lang"], None, None, (Answer(row["answer_lang"]),))
