from __future__ import annotations

from decimal import Decimal

import pytest

from mtqa.filter.clock import colons, counts_from_sunrise, times_in_words


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("um 2.30 Uhr", "at 2:30", "um 2:30 Uhr"),
        ("à 14h30", "at 2:30 pm", "à 14:30"),
        ("um 2.30 Uhr", "at 2:45", "um 2.30 Uhr"),
        ("2.30 Euro", "2 euros 30", "2.30 Euro"),
        ("version 2.30.1", "at 2:30", "version 2.30.1"),
    ],
)
def test_times_are_written_with_colons_where_the_other_side_has_them(text, other, expected):
    assert colons(text, other) == expected


@pytest.mark.parametrize(
    ("english", "translation", "lang", "found"),
    [
        ("It's 3:30.", "Es ist halb vier.", "deu_Latn", {3, 30}),
        ("at 2:30", "a las dos y media", "spa_Latn", {2, 30}),
        ("at 2:30 pm", "à quatorze heures trente", "fra_Latn", {2, 30}),
        ("at 6:20", "um sechs Uhr zwanzig", "deu_Latn", {6, 20}),
        ("at 6:20", "um sechs Uhr", "deu_Latn", set()),
        ("at 2:30", "am Nachmittag", "deu_Latn", set()),
        ("at 2:30", "n'elekere abụọ na ọkara", "ibo_Latn", {2, 30}),
    ],
)
def test_times_in_words_are_found(english, translation, lang, found):
    assert times_in_words(english, translation, lang) == set(map(Decimal, found))


def test_hours_from_sunrise_need_an_english_time_of_day_and_such_a_language():
    assert counts_from_sunrise("at 3 p.m.", "swh_Latn")
    assert counts_from_sunrise("at 9:00", "amh_Ethi")
    assert not counts_from_sunrise("3 people", "swh_Latn")
    assert not counts_from_sunrise("at 3 p.m.", "deu_Latn")
