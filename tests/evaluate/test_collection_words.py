import math

import pytest

from mtqa.core.languages import get
from mtqa.evaluate.collection import bm25
from mtqa.evaluate.collection.words import STEMMERS, STOP_WORDS, words


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("The cats' Ωmega-3: 12.5 %", None, ["the", "cats", "ωmega", "3", "12", "5"]),
        ("The cats were running", "eng_Latn", ["cat", "were", "run"]),
        ("Die Häuser und die Straße", "deu_Latn", ["haus", "strass"]),
        ("ISPARTA'nın İli", None, ["isparta", "nın", "i̇li"]),
        ("हिन्दी में", None, ["हिन्दी", "में"]),
        ("日本語の本", "jpn_Jpan", ["日本", "本語", "語の", "の本"]),
        ("本", "jpn_Jpan", ["本"]),
        ("人工智能 AI 2020年", "zho_Hans", ["人工", "工智", "智能", "年", "ai", "2020"]),
        ("서울은 수도", "kor_Hang", ["서울", "울은", "수도"]),
        ("น้ำใจ", "tha_Thai", ["น\u0e49\u0e4dา", "าใ", "ใจ"]),  # a mark stays with its letter
        ("ＡＢＣ ｶﾞ", None, ["ガ", "abc"]),
        ("… — !", "eng_Latn", []),
        ("", None, []),
    ],
)
def test_hand_worked(text, lang, expected):
    assert words(text, lang) == expected


def test_turkish_has_two_letters_i():
    assert words("IŞIK", "tur_Latn") == words("ışık", "tur_Latn") != words("işik", "tur_Latn")
    assert words("İZMİR", "tur_Latn") == words("izmir", "tur_Latn")


def test_words_that_differ_by_inflection_only_are_the_same():
    for lang, one, other in (
        ("rus_Cyrl", "книга", "книги"),
        ("fin_Latn", "talo", "talossa"),
        ("arb_Arab", "الكتاب", "كتاب"),
        ("ell_Grek", "ΛΟΓΟΣ", "λόγος"),
    ):
        assert words(one, lang) == words(other, lang), lang


def test_bm25_is_lucenes_formula():
    """ln(1 + (N − n + ½) / (n + ½)) · tf / (tf + k₁ (1 − b + b · length / mean length)), each word of the query."""
    texts = ["red fox red", "lazy dog", "red dog sleeps long", "", "blue"]
    index = bm25.index((text, None) for text in texts)
    (places, scores), (none, _), (again, twice) = bm25.find(index, ["red dog", "green", "dog dog"], None, 10)
    lengths = [len(text.split()) for text in texts]
    mean = sum(lengths) / len(texts)

    def score(query, text, length):
        total = 0.0
        for word in query.split():
            n = sum(word in other.split() for other in texts)
            tf = text.split().count(word)
            total += math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) * tf / (tf + 0.9 * (0.6 + 0.4 * length / mean))
        return total

    expected = [score("red dog", text, length) for text, length in zip(texts, lengths, strict=True)]
    order = sorted((n for n, value in enumerate(expected) if value), key=lambda n: -expected[n])
    assert places.tolist() == order
    assert scores.tolist() == pytest.approx([expected[n] for n in order], rel=1e-5)
    assert none.tolist() == []
    assert again.tolist() == [1, 2]
    assert twice.tolist() == pytest.approx([score("dog dog", texts[n], lengths[n]) for n in again], rel=1e-5)


def test_of_equal_documents_the_first_is_kept():
    index = bm25.index((text, None) for text in ["a cat", "a dog", "a cat", "a cat"])
    ((places, scores),) = bm25.find(index, ["cat"], None, 2)
    assert places.tolist() == [0, 2]
    assert scores[0] == scores[1] > 0


def test_every_stemmer_and_list_of_stop_words_is_there():
    for lang in STEMMERS.keys() | STOP_WORDS.keys():
        assert get(lang).code == lang
        assert words("test", lang)
    assert words("und der", "deu_Latn") == words("i och", "swe_Latn") == []
