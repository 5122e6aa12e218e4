"""Facts: what manifests may say about translation models."""

import pytest

from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest, Part
from mtqa.publish.facts import Model, Source, hub_languages, translator
from mtqa.publish.known import model_licence
from mtqa.publish.sections import source_table

NLLB = Model("facebook/nllb-200-distilled-600M", "abc", "CC-BY-NC-4.0")


def translated(info: dict, model: str = "nllb-600m") -> Manifest:
    before = Manifest("translate", 1, {"model": model, "beam_size": 4, "device": "cpu"}, {}, {}, info=info)
    return Manifest("filter", 1, {}, {}, {}, info={"lineage": lineage(before)})


@pytest.mark.parametrize(
    ("info", "models"),
    [
        ({"model": NLLB.name, "revision": "abc", "licence": "unknown"}, (NLLB,)),
        ({"model": {"name": NLLB.name, "revision": "abc"}}, (NLLB,)),
        ({"models": {"deu_Latn": {"name": "a", "licence": "MIT"}, "spa_Latn": {"name": "b", "licence": "MIT"}}},
         (Model("a", "", "MIT"), Model("b", "", "MIT"))),
        ({"models": {"deu_Latn": {"name": "a", "licence": "MIT"}, "spa_Latn": {"name": "a", "licence": "MIT"}}},
         (Model("a", "", "MIT"),)),
        ({}, (Model("nllb-600m", "", "CC-BY-NC-4.0"),)),
        ({"model": "/home/me/models/own"}, (Model("own"),)),
    ],
)  # fmt: skip
def test_models(info: dict, models: tuple[Model, ...]) -> None:
    found = translator(translated(info))
    assert found.models == models and found.decoding == {"beam_size": 4}
    assert [use.licence for use in found.uses()] == [model.licence for model in models]


def test_a_given_licence_counts_and_without_translation_there_is_no_model() -> None:
    assert translator(translated({"model": "own"}), "MIT").models == (Model("own", "", "MIT"),)
    assert not translator(Manifest("collect", 1, {}, {}, {}))


def test_share_of_answers_with_a_place() -> None:
    parts = {lang: Part("f", {}, {"answers": n}) for lang, n in {"deu_Latn": {"found": 3, "lost": 1}}.items()}
    parts |= {"eng_Latn": Part("f", {}, {"rows": 4}), "spa_Latn": Part("f", {}, {"answers": {"found": 0, "lost": 0}})}
    assert translator(Manifest("translate", 1, {"model": "x"}, {}, parts)).placed == {"deu_Latn": 0.75}


def test_names() -> None:
    assert hub_languages(["deu_Latn", "eng_Latn", "zho_Hans", "zho_Hant", "yor_Latn", "ceb_Latn"]) == [
        "en", "ceb", "de", "yo", "zh"]  # fmt: skip
    assert model_licence("Helsinki-NLP/opus-mt-en-de") == "Apache-2.0"
    assert model_licence("Helsinki-NLP/opus-mt-tc-big-en-de") == "CC-BY-4.0"
    assert model_licence("someone/else") == ""


def test_the_table_of_sources_names_revisions_where_there_are_any() -> None:
    plain = [Source("a", "MIT", 3, "https://example.org/a"), Source("b", "")]
    assert source_table(plain).splitlines()[0] == "| source | licence | English rows |"
    pinned = [Source("a", "MIT", 3, "", "", "me/a@0f1e2d"), Source("b", "CC0-1.0", 1_200)]
    assert source_table(pinned).splitlines() == [
        "| source | licence | revision | English rows |",
        "| --- | --- | --- | --: |",
        "| a | MIT | `me/a@0f1e2d` | 3 |",
        "| b | CC0-1.0 | – | 1,200 |",
    ]
