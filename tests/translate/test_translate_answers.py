from __future__ import annotations

from mtqa.translate.answers import Place, locate

PASSAGE = "Curie wurde in Warschau geboren. Sie zog 1891 nach Paris, weg von Warschau."
PLACES = [Place(0, 28, 0, 32), Place(29, 70, 33, 75)]


def test_the_occurrence_in_the_corresponding_segment_is_taken() -> None:
    assert locate(PASSAGE, ["Warschau"], 20, PLACES) == (15, 23)
    assert locate(PASSAGE, ["Warschau"], 60, PLACES) == (66, 74)


def test_case_and_punctuation_at_the_ends_do_not_count() -> None:
    assert locate(PASSAGE, ["WARSCHAU."], 20, PLACES) == (15, 23)
    assert locate(PASSAGE, ["„sie zog 1891“"], 40, PLACES) == (33, 45)


def test_no_match_inside_a_word() -> None:
    assert locate(PASSAGE, ["War"], 20, PLACES) is None
    assert locate("Es war 1950.", ["5"], 0, [Place(0, 10, 0, 12)]) is None
    assert locate("एक किताबी", ["किताब"], 0, [Place(0, 10, 0, 9)]) is None
    assert locate("他在华沙出生。", ["华沙"], 0, [Place(0, 10, 0, 7)]) == (2, 4)


def test_another_segment_is_second_choice_and_for_the_translation_only() -> None:
    assert locate(PASSAGE, ["Paris"], 5, PLACES) == (51, 56)
    assert locate(PASSAGE, ["nirgends", "Paris"], 5, PLACES) is None
    assert locate(PASSAGE, ["nirgends", "Paris"], 50, PLACES) == (51, 56)


def test_nearest_to_the_same_relative_place() -> None:
    places = [Place(0, 100, 0, 21)]
    assert locate("rot blau grau rot rot", ["rot"], 0, places) == (0, 3)
    assert locate("rot blau grau rot rot", ["rot"], 65, places) == (14, 17)
    assert locate("rot blau grau rot rot", ["rot"], 99, places) == (18, 21)


def test_nothing_to_look_for() -> None:
    assert locate(PASSAGE, ["", " . "], 0, PLACES) is None
    assert locate("", ["x"], 0, []) is None


def test_letters_that_fold_to_two_keep_their_places() -> None:
    assert locate("Die Straße İx: ROT", ["rot"], 0, [Place(0, 9, 0, 18)]) == (15, 18)
