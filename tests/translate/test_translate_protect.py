from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtqa.core.schema import Flag
from mtqa.translate.protect import around, items, lost, numbers, split_around, translatable_pieces

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://a.org/x?y=1, or www.b.de.", ["https://a.org/x?y=1", "www.b.de"]),
        ("Write to a.b+c@mail.example.org!", ["a.b+c@mail.example.org"]),
        ("Hello {name}, {{user.id}} and ${HOME}", ["{name}", "{{user.id}}", "${HOME}"]),
        ("%s of %(total)d, %5.2f", ["%s", "%(total)d", "%5.2f"]),
        ("a <b>bold</b> <br/> &amp; &#39;", ["<b>", "</b>", "<br/>", "&amp;", "&#39;"]),
        ("run `ls -l` now", ["`ls -l`"]),
        ("**very** [good](https://a.org) ![x](y.png)", ["**", "**", "[", "](https://a.org)", "![", "](y.png)"]),
        ("5 % of x < y and z > 3, 50 %, [1]", []),
        ("plain text, nothing to see", []),
    ],
)
def test_what_is_protected(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in items(text)] == expected


@given(st.lists(st.sampled_from(["word ", "{x}", "<b>", " ", "`c`", "1", ".", "a@b.org", "\n", "%s "])).map("".join))
def test_a_text_in_parts_is_whole_again(text: str) -> None:
    assert "".join(part for _, part in split_around(text)) == text
    assert around(text, translatable_pieces(text)) == text
    assert not lost(text, around(text, [piece.upper() for piece in translatable_pieces(text)]))


def test_pieces_are_translated_around_what_is_protected() -> None:
    source = "Hello {name}, see  https://a.org now."
    assert translatable_pieces(source) == ["Hello", ", see", "now."]
    assert around(source, ["Hallo", ", siehe", "jetzt."]) == "Hallo {name}, siehe  https://a.org jetzt."
    assert lost(source, "Hallo {Name}, siehe https://a.org") and not lost(source, "{name} https://a.org")
    assert lost("%s and %s", "%s und")


@pytest.mark.parametrize(
    ("source", "target", "text", "flags"),
    [
        ("In 1867 she", "1876 war sie", "1867 war sie", [Flag.RESTORED]),
        ("In 1867 she", "Sie war", "Sie war", [Flag.LOST_NUMBER]),
        ("3,500 people", "3.500 Menschen", "3.500 Menschen", []),
        ("1,234.5 m", "9.876,5 m", "1,234.5 m", [Flag.RESTORED]),
        ("in 1867", "१८६७ में", "१८६७ में", []),
        ("at 5 p.m.", "um 17 Uhr", "um 17 Uhr", []),
        ("12 people", "zwölf Leute", "zwölf Leute", []),
        ("2.3 million", "230万", "230万", []),
        ("the 1970s", "die 70er", "die 70er", []),
        ("45 people", "54 Leute", "54 Leute", [Flag.LOST_NUMBER]),  # too few digits to be sure of
        ("1914 to 1918", "1915 bis 1919", "1915 bis 1919", [Flag.LOST_NUMBER]),
        ("no number", "keine 7", "keine 7", []),
    ],
)
def test_numbers(source: str, target: str, text: str, flags: list[Flag]) -> None:
    assert numbers(source, target, "deu_Latn") == (text, flags)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_professional_translations_are_left_alone() -> None:
    """Of sentences with a number few are flagged, and next to none is changed."""
    folder = SHARED / "mt_outputs"
    source = (folder / "en-tr" / "flores-dev.en").read_text(encoding="utf-8").splitlines()
    asked = flagged = changed = 0
    for code, lang in (("ar", "arb_Arab"), ("hi", "hin_Deva"), ("tr", "tur_Latn"), ("vi", "vie_Latn")):
        target = (folder / f"en-{code}" / f"flores-dev.{code}").read_text(encoding="utf-8").splitlines()
        for english, text in zip(source, target, strict=True):
            if re.search(r"\d", english):
                asked += 1
                made, flags = numbers(english, text, lang)
                flagged += bool(flags)
                changed += made != text
    assert asked > 800 and flagged <= 0.03 * asked and changed <= 0.005 * asked, (asked, flagged, changed)
