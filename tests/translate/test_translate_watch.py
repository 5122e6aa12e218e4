from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.core.schema import Flag
from mtqa.translate.watch import LOOP, copied, loops, problems, too_short

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SOURCE = "The committee decided to postpone the vote until the autumn of next year."


@pytest.mark.parametrize(
    ("target", "hit", "expected"),
    [
        ("Das Komitee beschloss, die Abstimmung auf den Herbst zu verschieben.", False, []),
        ("Das Komitee beschloss, die Abstimmung auf den Herbst zu", True, [Flag.HIT_LIMIT]),
        ("Das Komitee und das Komitee und das Komitee und das Komitee und das Komitee", False, [Flag.LOOP]),
        ("  ", False, [Flag.EMPTY]),
        ("— … — … — … — … — … — … —", False, [Flag.SYMBOLS]),
        (SOURCE.upper(), False, [Flag.COPIED]),
        ("Das Komitee.", False, [Flag.TOO_SHORT]),
    ],
)
def test_each_fault_is_seen_and_nothing_else(target: str, hit: bool, expected: list[Flag]) -> None:
    assert problems(SOURCE, target, hit, "deu_Latn") == expected


def test_loops() -> None:
    assert loops("la la la la la la")
    assert loops("abcd" * 30)
    assert not loops("........................")
    assert not loops("1 000 000 000 000 000")
    assert not loops("Ha ha ha!")
    assert problems("Ha Ha Ha Ha Ha Ha", "Ha Ha Ha Ha Ha Ha", False, "deu_Latn") == []


def test_names_and_numbers_may_be_copied() -> None:
    assert not copied("Marie Curie", "Marie Curie")
    assert not copied("University of Oxford", "University of Oxford")
    assert copied("she moved to Paris", "She moved  to Paris")


def test_too_short_depends_on_the_script() -> None:
    assert too_short("x" * 100, "y" * 20, "deu_Latn")
    assert not too_short("x" * 100, "y" * 20, "zho_Hans")
    assert too_short("x" * 100, "y" * 5, "zho_Hans")
    assert not too_short("x" * 39, "y", "deu_Latn")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_professional_translations_hardly_ever_look_faulty() -> None:
    folder = SHARED / "mt_outputs"
    source = (folder / "en-de" / "flores-dev.en").read_text(encoding="utf-8").splitlines()
    found = 0
    for code, lang in (("de", "deu_Latn"), ("hi", "hin_Deva"), ("zh", "zho_Hans"), ("ar", "arb_Arab")):
        target = (folder / f"en-{code}" / f"flores-dev.{code}").read_text(encoding="utf-8").splitlines()
        found += sum(bool(problems(s, t, False, lang)) for s, t in zip(source, target, strict=True))
    assert found <= 2


@settings(max_examples=300, deadline=None)
@given(st.text("ab ", max_size=80) | st.text("abcdefgh", max_size=40).map(lambda t: t * 5))
def test_the_quick_look_misses_no_loop(text: str) -> None:
    """What `loops` finds is what a search of the whole text for repetitions finds, and what the 4-grams say."""
    found = any(len(m[0]) >= 12 and any(c.isalpha() for c in m[1]) for m in LOOP.finditer(text))
    grams = [text[i : i + 4] for i in range(len(text) - 3)]
    assert loops(text) == (found or (len(text) >= 60 and len(set(grams)) < 0.5 * len(grams)))
