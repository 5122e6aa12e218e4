from __future__ import annotations

import pytest

from mtqa.filter.chatter import chatter
from mtqa.filter.form import odd_form
from mtqa.filter.question import answered
from mtqa.filter.target import target

QUESTION = "When was the old mill by the river built?"
GOOD = {
    "deu_Latn": "Wann wurde die alte Mühle am Fluss gebaut?",
    "zho_Hans": "河边的老磨坊是什么时候建的？",
    "arb_Arab": "متى بُنيت الطاحونة القديمة بجانب النهر؟",
    "tha_Thai": "โรงสีเก่าริมแม่น้ำสร้างเมื่อใด",
    "ell_Grek": "Πότε χτίστηκε ο παλιός μύλος δίπλα στο ποτάμι;",
}


@pytest.mark.parametrize("lang", GOOD)
def test_good_questions_have_nothing_odd(lang):
    for check in (chatter, answered, odd_form):
        assert check(QUESTION, GOOD[lang], target(lang)) == 0


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Translation: {}", "deu_Latn"),
        ("Übersetzung: {}", "deu_Latn"),
        ("Hier ist die Übersetzung ins Deutsche: {}", "deu_Latn"),
        ("German: {}", "deu_Latn"),
        ("Sure! {}", "deu_Latn"),
        ("Here is your translation. {}", "deu_Latn"),
        ("{} (Note: Mühle means mill.)", "deu_Latn"),
        ("{} Antwort: 1874", "deu_Latn"),
        ("Question: {}", "deu_Latn"),
        ("Output: {}", "deu_Latn"),
        ("{} I hope this helps!", "deu_Latn"),
        ("{} Σημείωση: μύλος.", "ell_Grek"),
        ("翻译：{}", "zho_Hans"),
        ("以下是翻译结果：{}", "zho_Hans"),
        ("{}答：1874年", "zho_Hans"),
        ("الترجمة: {}", "arb_Arab"),
        ("{} الجواب: 1874", "arb_Arab"),
    ],
)
def test_what_models_say_beside_a_translation(text, lang):
    assert chatter(QUESTION, text.format(GOOD[lang]), target(lang)) >= 1


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("He said that he was late.", "Er sagte: „Ich bin spät.“"),
        ("Note: the mill is closed.", "Hinweis: Die Mühle ist geschlossen."),
        ("The translation reads so.", "Die Übersetzung lautet: so."),
        ("Sure! The mill is old.", "Sure! Die Mühle ist alt."),
        ("Of this there are three: one is old.", "Antwort von dreien: eine ist alt."),
        ("Let me know if it helps.", "Let me know if it helps."),
    ],
)
def test_what_the_source_has_too_is_no_chatter(source, text):
    assert chatter(source, text, target("deu_Latn")) == 0
    assert chatter(None, text, target("deu_Latn")) is None


def test_a_label_beside_the_colons_of_the_source_is_chatter():
    source, text = "Of this there are three: one is old.", "Antwort: Davon gibt es drei: eines ist alt."
    assert chatter(source, text, target("deu_Latn")) == 1


def test_a_word_for_translation_within_another_is_none():
    assert chatter("To reverse the order:", "A sorrend megfordításához:", target("hun_Latn")) == 0
    assert chatter("To reverse the order:", "Fordítás: a sorrend megfordításához:", target("hun_Latn")) >= 1


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        (QUESTION, "Die alte Mühle am Fluss wurde 1874 gebaut.", 1),
        (QUESTION, "Wann wurde die alte Mühle gebaut? Sie wurde 1874 gebaut.", 1),
        (QUESTION, "Wann wurde die alte Mühle gebaut", 0),
        (QUESTION, "Wann wurde die alte Mühle gebaut? 1874.", 1),
        (QUESTION, "Wann wurde die alte Mühle gebaut? :-)", 0),
        ("What are three old mills?", "Nennen Sie drei alte Mühlen.", 0.5),
        ("Is it old? Is it closed?", "Sie ist alt.", None),
        ("The mill is old.", "Ist die Mühle alt?", None),
        ("He asked (who knows why?)", "Er fragte (wer weiß warum?)", 0),
        (None, "Wann?", None),
        ("Why don't you call the miller?", "Ruf doch den Müller an!", 0.5),
        ("The mill is old, isn't it?", "Die Mühle ist doch alt!", 0.5),
        ("Could you open the mill?", "Bitte öffnen Sie die Mühle.", 0.5),
        ("Why was the mill built?", "Die Mühle wurde gebaut.", 1),
        ("In what year was the mill built?", "Die Mühle wurde 1874 gebaut.", 1),
        ("What is an example of an old mill?", "Nennen Sie eine alte Mühle.", 0.5),
    ],
)
def test_questions_that_are_none_any_more(source, text, score):
    assert answered(source, text, target("deu_Latn")) == score


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (GOOD["deu_Latn"].upper(), "deu_Latn"),
        (" ".join(GOOD["deu_Latn"].replace(" ", "")), "deu_Latn"),
        (GOOD["deu_Latn"][::-1], "deu_Latn"),
        (GOOD["arb_Arab"][::-1], "arb_Arab"),
        (GOOD["deu_Latn"].replace("Müh", "Müh\u200b"), "deu_Latn"),
        (GOOD["deu_Latn"].replace(" ", ""), "deu_Latn"),
        (GOOD["arb_Arab"].replace(" ", ""), "arb_Arab"),
        ("Wann wurde die " + "alteMühleamFlussgebautundwiederaufgebautunddann" + " zerstört?", "deu_Latn"),
        (" ".join(GOOD["zho_Hans"]), "zho_Hans"),
        ("\u200b".join(GOOD["zho_Hans"]), "zho_Hans"),
        (" ".join("पुरानी चक्की कब बनाई गई थी?".replace(" ", "")), "hin_Deva"),
        ("Die alte Mühle steht am Fluss."[::-1], "deu_Latn"),
        ("पुरानी चक्की नदी के किनारे है।"[::-1], "hin_Deva"),
        ("Wann wurde die al\u00adte Müh\u00adle am Fluss ge\u00adbaut?", "deu_Latn"),
        ("Wann Wurde Die Alte Mühle Am Fluss Gebaut?", "deu_Latn"),
        ("Coi xay cu ben song duoc xay dung khi nao?", "vie_Latn"),
        (
            "Nehrin kenarindaki eski degirmen ne zaman kuruldu ve bugune kadar kimler tarafindan isletildi?",
            "tur_Latn",
        ),
        ("Kdy byl postaven stary mlyn u reky, ktery vsichni zname z detstvi?", "ces_Latn"),
    ],
)
def test_odd_forms(text, lang):
    assert odd_form(QUESTION, text, target(lang)) >= 1


@pytest.mark.parametrize(
    ("source", "text", "lang"),
    [
        ("NATO", "NATO", "deu_Latn"),
        ("NEW YORK IS A CITY IN AMERICA", "NEW YORK IST EINE STADT IN AMERIKA", "deu_Latn"),
        ("A B C D E F G H are letters", "A B C D E F G H sind Buchstaben", "deu_Latn"),
        ("The old mill", "โรง\u200bสี\u200bเก่า", "tha_Thai"),
        ("You will not be able to make us go", "Gidemeyeceğimizdensin", "tur_Latn"),
        (QUESTION, "โรงสีเก่าริมแม่น้ำสร้างเมื่อใด", "tha_Thai"),
        ("What is .NET made of?", ".NET besteht woraus?", "deu_Latn"),
        ("… and the mill?", "...und die Mühle?", "deu_Latn"),
        ("The IPCC and the NATO and the UNESCO", "IPCC 和 NATO 和 UNESCO", "zho_Hans"),
        (QUESTION, "Wann wurde die al\u00adte Mühle am Fluss ge\u00adbaut?", "deu_Latn"),
        ("The Old Mill By The River Of My Youth", "Die Alte Mühle Am Fluss Meiner Jugend Steht", "deu_Latn"),
        ("Who is Doctor Who - The Ultimate Adventure?", "Doctor Who - The Ultimate Adventure là ai?", "vie_Latn"),
        ("Was the mill by the river in Kano old?", "tsohon nikan da ke bakin kogi a kano ne?", "hau_Latn"),
    ],
)
def test_forms_that_are_right(source, text, lang):
    assert odd_form(source, text, target(lang)) == 0


def test_names_without_a_capital():
    source = "Was the mill in Kano built by Bello?"
    assert odd_form(source, "bello ne ya gina nikan da ke kano?", target("hau_Latn")) == 1
    assert odd_form(source, "Bello ne ya gina nikan da ke kano?", target("hau_Latn")) == 0


@pytest.mark.parametrize(
    ("text", "lang", "score"),
    [
        (" ".join("河边的旧磨坊是什么时候建的"), "zho_Hans", 1),
        ("川辺 の 古い 水車 小屋 は い つ 建 て ら れ ま し た か 。", "jpn_Jpan", 0),
    ],
)
def test_letters_apart_are_all_apart_where_a_tokeniser_leaves_short_words(text, lang, score):
    assert odd_form(QUESTION, text, target(lang)) == score
