from __future__ import annotations

import pytest

from mtqa.filter.align import evidence
from mtqa.filter.sentences import sentences
from mtqa.filter.target import target

GERMAN = target("deu_Latn")
ENGLISH_TEXT = (
    "The old mill by the river was built in 1874 by John Carter. It ground flour for the whole valley until the flood. "
    "Nobody repaired the wheel after the war. Today a museum shows how people worked there."
)
GERMAN_TEXT = (
    "Die alte Mühle am Fluss wurde 1874 von John Carter gebaut. Sie mahlte bis zur Flut Mehl für das ganze Tal. "
    "Nach dem Krieg reparierte niemand das Rad. Heute zeigt ein Museum, wie die Leute dort arbeiteten."
)


def test_sentences_keep_everything_but_the_space_between():
    assert sentences(ENGLISH_TEXT, "en") == tuple(s.strip() + "." for s in ENGLISH_TEXT.split(".")[:-1])
    assert sentences("One\nTwo", "en") == ("One", "Two")


def test_a_whole_translation_gives_no_evidence():
    assert evidence(ENGLISH_TEXT, GERMAN_TEXT, GERMAN) == (0, 0)


def test_a_split_or_merged_sentence_is_not_lost():
    merged = GERMAN_TEXT.replace("gebaut. Sie", "gebaut, und sie")
    assert max(evidence(ENGLISH_TEXT, merged, GERMAN)) < 6
    assert max(evidence(ENGLISH_TEXT.replace("Carter. It", "Carter, and it"), GERMAN_TEXT, GERMAN)) < 6


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_dropped_sentence_and_an_invented_one_are_seen(place):
    ours, theirs = sentences(ENGLISH_TEXT, "en"), sentences(GERMAN_TEXT, "de")
    dropped = " ".join(theirs[:place] + theirs[place + 1 :])
    assert evidence(ENGLISH_TEXT, dropped, GERMAN).missing > 6 > evidence(ENGLISH_TEXT, dropped, GERMAN).added
    shorter = " ".join(ours[:place] + ours[place + 1 :])
    assert evidence(shorter, GERMAN_TEXT, GERMAN).added > evidence(shorter, GERMAN_TEXT, GERMAN).missing == 0


def test_a_long_invented_sentence_is_seen_in_a_question_too():
    question = "When was the old mill by the river built?"
    invented = "Wann wurde die alte Mühle am Fluss gebaut? Der Ort liegt an einer Straße, die 1950 erneuert wurde."
    assert evidence(question, invented, GERMAN).added > 6


def test_a_quotation_that_was_not_closed_hides_no_sentence():
    ours = 'He wrote: "The mill is old. It is closed today. The wheel is gone. Nobody comes here. The river is low."'
    theirs = (
        "Er schrieb: „Die Mühle ist alt. Sie ist heute zu. Das Rad ist weg. Niemand kommt her. Der Fluss ist flach."
    )
    assert evidence(ours, theirs, GERMAN) == (0, 0)


def test_a_bracket_that_was_not_closed_hides_no_sentence():
    ours = (
        "The mill is old. It was built (1874) by the river. It is closed today. The wheel is gone. Nobody comes here. "
        "The water is low. The roof fell in. The door (of oak) is shut. The key is lost. The owner died. His son left. "
        "The land was sold."
    )
    theirs = (
        "Die Mühle ist alt. Sie wurde (1874 am Fluss gebaut. Sie ist heute zu. Das Rad ist weg. Niemand kommt her. "
        "Das Wasser ist flach. Das Dach fiel ein. Die Tür (aus Eiche) ist zu. Der Schlüssel ist weg. Der Besitzer "
        "starb. Sein Sohn ging. Das Land wurde verkauft."
    )
    assert evidence(ours, theirs, GERMAN) == (0, 0)


def test_scripts_without_marks_and_very_long_texts_are_not_judged():
    assert evidence(ENGLISH_TEXT, "โรงสีเก่า", target("tha_Thai")) is None
    assert evidence("One. " * 200, "Eins. " * 200, GERMAN) is None
