"""Licences: names, and hand-worked combinations."""

import pytest

from mtqa.core.errors import UsageError
from mtqa.publish.licences import LICENCES, Use, check, combine, find

SQUAD, SHIFTS = Use("the source SQuAD", "CC BY-SA 4.0"), Use("the source SQuADShifts", "CC-BY-4.0")
NLLB = Use("the translation model NLLB-200", "cc-by-nc-4.0")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
        ("CC BY 2.0 FR", "CC-BY-2.0-FR"),
        ("Apache License 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0".replace(",", ""), "Apache-2.0"),
        ("MIT License", "MIT"),
        ("Public Domain", "CC0-1.0"),
        ("CC BY-SA 3.0 International", "CC-BY-SA-3.0"),
        ("made up", None),
        ("", None),
    ],
)
def test_spellings(text: str, name: str | None) -> None:
    licence = find(text)
    assert (licence.name if licence else None) == name


def test_flags_of_every_licence_follow_from_its_name() -> None:
    for name, licence in LICENCES.items():
        if name.startswith("CC-"):
            letters = name.split("-")
            assert licence.commercial == ("NC" not in letters)
            assert licence.share_alike == ("SA" in letters)
            assert licence.derivatives == ("ND" not in letters)
            assert licence.redistribution and licence.attribution


@pytest.mark.parametrize(
    ("uses", "hub", "commercial"),
    [
        ([SHIFTS, Use("the translation model demo", "CC BY 2.0 FR")], "cc-by-4.0", True),
        ([SHIFTS, Use("the encoder", "Apache-2.0")], "cc-by-4.0", True),
        ([Use("a", "MIT"), Use("b", "Apache-2.0")], "apache-2.0", True),
        ([Use("a", "MIT AND CC-BY-4.0")], "cc-by-4.0", True),
        ([SHIFTS, SQUAD], "cc-by-sa-4.0", True),
        ([Use("NQ", "CC-BY-SA-3.0"), SQUAD], "cc-by-sa-4.0", True),
        ([SHIFTS, NLLB], "cc-by-nc-4.0", False),
        ([SHIFTS, NLLB, Use("x", "CC-BY-NC-SA-4.0")], "cc-by-nc-sa-4.0", False),
        ([SQUAD, NLLB], "other", False),
        ([SQUAD, Use("x", "ODbL-1.0")], "other", True),
        ([], "other", True),
    ],
)
def test_combinations(uses: list[Use], hub: str, commercial: bool) -> None:
    verdict = combine(uses)
    assert (verdict.hub, verdict.commercial, verdict.refusals) == (hub, commercial, ())
    check(verdict, allow_restricted=False, where="x")


def test_non_commercial_and_share_alike_say_whose_they_are_and_that_they_conflict() -> None:
    text = " ".join(combine([SQUAD, NLLB]).sentences)
    assert "Commercial use is excluded, because of the translation model NLLB-200 (CC-BY-NC-4.0)" in text
    assert "Share-alike: adapted versions must keep the licence of the source SQuAD (CC-BY-SA-4.0)" in text
    assert "Conflict: CC-BY-SA-4.0 forbids adding restrictions, CC-BY-NC-4.0 demands one" in text
    assert "Conflict" not in " ".join(combine([SHIFTS, NLLB]).sentences)


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("NewsQA", "forbids redistribution"),
        ("CC BY-NC-ND 4.0", "forbids passing on changed versions"),
        ("house rules", "is unknown"),
        ("", "is unknown"),
    ],
)
def test_refusals_name_the_source_and_the_flag(licence: str, reason: str) -> None:
    verdict = combine([SHIFTS, Use("the source X", licence)])
    with pytest.raises(UsageError, match=reason) as error:
        check(verdict, allow_restricted=False, where="corpus")
    assert "the source X" in error.value.what and "--allow-restricted" in str(error.value)
    check(verdict, allow_restricted=True, where="corpus")
    assert verdict.hub == "other"
