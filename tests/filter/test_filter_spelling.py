from __future__ import annotations

from decimal import Decimal

import pytest

from mtqa.core.languages import all_languages
from mtqa.filter.spelling import spelled


@pytest.mark.parametrize(
    ("value", "text", "lang"),
    [
        (15, "Wir landen in fünfzehn Minuten.", "deu_Latn"),
        (15, "die fünfzehnte Frage", "deu_Latn"),
        (100, "hundert Leute", "deu_Latn"),
        (1500, "eintausend­fünfhundert", "deu_Latn"),
        (150_000, "hundertfünfzigtausend Yen", "deu_Latn"),
        (1_000_000, "eine Million mal", "deu_Latn"),
        (33, "treinta y tres años", "spa_Latn"),
        (80, "à quatre-vingts yens", "fra_Latn"),
        (35, "старше тридцати пяти лет", "rus_Cyrl"),
        (60, "в шестидесятых", "rus_Cyrl"),
        (60, "في الستينيات", "arb_Arab"),
        (13, "on üç kişi", "tur_Latn"),
        (30, "तीस मिनट", "hin_Deva"),
        (13, "十三个", "zho_Hans"),
        (15, "dakika kumi na tano", "swh_Latn"),
        (2, "a las dos y media", "spa_Latn"),
    ],
)
def test_spelled_numbers_are_found(value, text, lang):
    assert spelled(Decimal(value), text, lang) is True


@pytest.mark.parametrize(
    ("value", "text", "lang"),
    [
        (13, "sonuç iyi", "tur_Latn"),  # "onuç" within another word
        (100, "stołek", "pol_Latn"),  # "sto" begins another word
        (15, "fünfzig Minuten", "deu_Latn"),
        (2, "todos", "spa_Latn"),
        (13, "三十个", "zho_Hans"),
    ],
)
def test_other_words_are_not(value, text, lang):
    assert spelled(Decimal(value), text, lang) is False


@pytest.mark.parametrize(("value", "lang"), [("15", "ibo_Latn"), ("15", "xx"), ("0.5", "deu_Latn"), ("0", "deu_Latn")])
def test_unknown_languages_and_numbers_have_no_answer(value, lang):
    assert spelled(Decimal(value), "ein Text", lang) is None


def test_every_language_of_the_table_answers():
    answers = [spelled(Decimal(value), "12 text", lang.code) for lang in all_languages() for value in (7, 21, 1999)]
    assert set(answers) <= {None, False}
    assert answers.count(False) > 3 * 70
