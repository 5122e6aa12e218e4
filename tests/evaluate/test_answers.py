import pytest

from mtqa.evaluate.answers import answer_length, answer_type


@pytest.mark.parametrize(
    ("answer", "kind", "length"),
    [
        ("1971", "number", "1 word"),
        ("about 40 kilometres", "number", "2–3 words"),
        ("the University of Chicago", "name", "4–7 words"),
        ('"Gold" Rush', "name", "2–3 words"),
        ("of the", "phrase", "2–3 words"),
        ("photosystem II", "phrase", "2–3 words"),
        ("because the water was too cold for them", "phrase", "8 or more words"),
    ],
)
def test_type_and_length(answer, kind, length):
    assert (answer_type(answer), answer_length(answer)) == (kind, length)
