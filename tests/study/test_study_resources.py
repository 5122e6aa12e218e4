import pytest

from mtqa.core.languages import get
from mtqa.study.resources import CLASSES, resource, resource_groups


def test_every_code_is_a_language_and_stands_once():
    codes = [code for listed in CLASSES.values() for code in listed.split()]
    assert len(set(codes)) == len(codes) and all(get(code).code == code for code in codes)
    assert [len(listed.split()) for listed in CLASSES.values()] == [8, 18, 27]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("deu_Latn", "high-resource"),
        ("hin_Deva", "high-resource"),
        ("ell_Grek", "medium-resource"),
        ("swh_Latn", "low-resource"),
        ("acm_Arab", "low-resource"),
    ],
)
def test_classes_of_the_paper(lang, expected):
    assert resource(lang) == expected


def test_groups_keep_the_order_and_one_kind_is_no_group():
    assert resource_groups(["tha_Thai", "eng_Latn", "ibo_Latn", "ell_Grek"]) == {
        "high-resource": ["eng_Latn"],
        "medium-resource": ["tha_Thai", "ell_Grek"],
        "low-resource": ["ibo_Latn"],
    }
    assert resource_groups(["eng_Latn", "vie_Latn"]) == {}
