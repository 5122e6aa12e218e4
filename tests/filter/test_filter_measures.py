from __future__ import annotations

import pytest

from mtqa.filter.measures import changed_measures
from mtqa.filter.numbers import unmatched_numbers
from mtqa.filter.target import target


@pytest.mark.parametrize(
    ("source", "text", "lang", "score"),
    [
        ("The mill is 12 km away.", "Die Mühle ist 12 m entfernt.", "deu_Latn", 1),
        ("The mill is 12 km away.", "Die Mühle ist 12km entfernt.", "deu_Latn", 0),
        ("The mill is 12 km away.", "Die Mühle ist 12 Kilometer entfernt.", "deu_Latn", 0),
        ("The mill is 12 km away.", "Die Mühle ist 12 km (7,5 mi) entfernt.", "deu_Latn", 0),
        ("The mill is 7.5 mi (12 km) away.", "Die Mühle ist 12 km entfernt.", "deu_Latn", 0),
        ("It weighs 12.5 kg.", "Es wiegt 12,5 g.", "deu_Latn", 1),
        ("It weighs 12 kg.", "इसका वजन १२ g है।", "hin_Deva", 1),
        ("At 50 °F it freezes.", "Bei 50 °C friert es.", "deu_Latn", 1),
        ("It cost $500.", "Es kostete 500 €.", "deu_Latn", 1),
        ("It cost $500.", "Es kostete 500 US-$.", "deu_Latn", 0),
        ("It cost $500 (£400).", "Es kostete 500 $ (400 £).", "deu_Latn", 0),
        ("It cost £30m.", "Es kostete 30 Mio. £.", "deu_Latn", 0),
        ("12 m2 and 12 m/s", "12 m² und 12 km/h", "deu_Latn", 0),
        ("Some 12.5% are old.", "Rund 12,5 sind alt.", "deu_Latn", 1),
        ("Some 12.5% are old.", "Rund 12,5 Prozent sind alt.", "deu_Latn", 0),
        ("Some 12.5 % are old.", "约12.5％是旧的。", "zho_Hans", 0),
        ("Some 12.5% are old.", "Nde 12.5 mere agadi.", "ibo_Latn", 0),
    ],
)
def test_what_a_number_counts(source, text, lang, score):
    assert changed_measures(source, text, target(lang)) == score
    assert unmatched_numbers(source, text, target(lang)) == 2 * score
