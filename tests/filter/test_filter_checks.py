from __future__ import annotations

import math

import pytest

from mtqa.core.schema import Check
from mtqa.filter.checks import TEXT_CHECKS, check_passage
from mtqa.filter.copied import copied_run
from mtqa.filter.cutoff import cut_off
from mtqa.filter.empty import symbol_share
from mtqa.filter.identifiers import NO_LANGUAGE, Identifier, identifier
from mtqa.filter.language import judges_for, wrong_language
from mtqa.filter.length import length_ratio
from mtqa.filter.repetition import repetition
from mtqa.filter.script import NAMES, wrong_script
from mtqa.filter.target import target
from mtqa.filter.text import letter_count, uncopied

GERMAN, CHINESE, THAI, HAUSA = (target(c) for c in ("deu_Latn", "zho_Hans", "tha_Thai", "hau_Latn"))


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        ("Why?", "", 1),
        ("Why?", " \n", 1),
        ("Why?", "...", 1),
        ("Why?", "* * *", 1),
        ("Why then?", "Wie?", 0.25),
        ("Why?", "हिन्दी", 0),
        ("?!", "?!", None),
        (None, "...", 1),
        ("The mill", "null", 1),
        ("The mill", "N/A", 1),
        ("It is zero", "null", 0),
    ],
)
def test_symbol_share(source, text, score):
    assert symbol_share(source, text, GERMAN) == score


def test_length_ratio_is_the_deviation_over_what_is_allowed():
    source, text = "x" * 99, "y" * 199
    spread = GERMAN.length.spread * math.sqrt(0.45 + 55 / 99)
    expected = abs(math.log(200 / 100) - GERMAN.length.median) / (4.2 * spread + 0.05 + 2 / 99)
    assert length_ratio(source, text, GERMAN) == pytest.approx(expected)
    assert length_ratio(None, text, GERMAN) is None


def test_length_keeps_chinese_of_a_third_and_rejects_german_of_a_third():
    source = "Where was the first conference of the two organisations held in the end?" * 3
    assert length_ratio(source, "字" * (len(source) // 3), CHINESE) < 1
    assert length_ratio(source, "w" * (len(source) // 3), GERMAN) > 1


def test_latin_names_beside_others_are_no_length():
    source, chinese = "The singers Fatih Erkoç and Müslüm Gürses followed.", target("zho_Hans")
    names = "随后是歌手法提赫·埃尔科克 (Fatih Erkoc) 和穆斯林·古尔斯（Muslum Gurses）。"
    bare = "随后是歌手法提赫·埃尔科克 和穆斯林·古尔斯。"
    assert length_ratio(source, names + "无" * 9, chinese) == length_ratio(source, bare + "无" * 9, chinese)
    assert length_ratio(source, bare + "(the singers followed them here, and everybody was very glad)", chinese) > 1


def test_languages_without_data_are_unfitted_and_wider():
    yoruba, burmese = target("yor_Latn"), target("mya_Mymr")
    assert GERMAN.fitted and GERMAN.length.slack == 0
    assert THAI.fitted and THAI.length.basis == "messages" and THAI.length.slack > 0
    assert not yoruba.fitted and yoruba.length.basis == "Latn" and yoruba.length.slack > THAI.length.slack
    assert burmese.length.basis == "other" and burmese.length.slack > yoruba.length.slack


def test_uncopied_leaves_out_words_of_the_source_in_any_script():
    assert uncopied("What is NASUWT?", "NASUWT是什么").text.split() == ["是什么"]
    assert uncopied("When did Paris fall?", "Wann fiel PARIS?").text.split() == ["Wann", "fiel", "?"]
    assert uncopied(None, "Paris") == ("Paris", 5)
    assert letter_count("a1é?b") == 3


@pytest.mark.parametrize(
    ("lang", "text", "score"),
    [
        ("deu_Latn", "Гдлe?", 1),
        ("rus_Cyrl", "Где был Paris", 0),
        ("rus_Cyrl", "wo war das", 1),
        ("hin_Deva", "पेरिस कहाँ है", 0),
        ("jpn_Jpan", "パリはどこですか", 0),
        ("zho_Hant", "巴黎在哪裡", 0),
        ("deu_Latn", "42", None),
    ],
)
def test_wrong_script(lang, text, score):
    assert wrong_script("Where was Paris", text, target(lang)) == score


@pytest.mark.parametrize(
    ("lang", "text", "wrong"),
    [
        ("zho_Hans", "這個國家什麼時候成立的？", True),
        ("zho_Hans", "这个国家什么时候成立的？", False),
        ("zho_Hant", "这个国家什么时候成立的？", True),
        ("zho_Hant", "這個國家什麼時候成立的？", False),
        ("yue_Hant", "呢個國家幾時成立㗎？", False),
        ("zho_Hans", "特斯拉是哪一年去世的？", False),
        ("zho_Hant", "特斯拉是哪一年去世的？", False),
        ("jpn_Jpan", "这个国家什么时候成立的呢请告诉我", True),
        ("kor_Hang", "這個國家什麼時候", True),
    ],
)
def test_simplified_and_traditional_characters_are_told_apart(lang, text, wrong):
    assert (wrong_script("When was it?", text, target(lang)) > 0.5) == wrong


def test_script_table_covers_the_scripts_of_flores():
    from mtqa.core.languages import all_languages

    assert {language.script for language in all_languages()} == set(NAMES)


def names(judges):
    return [judge.name for judge in judges]


def test_wrong_language_needs_two_identifiers_that_know_the_target():
    german = "Wann wurde die alte Mühle am Fluss eigentlich gebaut?"
    french = "Quand le vieux moulin au bord de la rivière a-t-il été construit?"
    assert wrong_language("When was it?", german, GERMAN) == 0
    assert wrong_language("When was it?", french, GERMAN) > 0.6
    assert names(judges_for(GERMAN)[0]) == ["cld2", "fasttext", "py3langid"]
    assert names(judges_for(HAUSA)[0]) == ["cld2", "py3langid"]
    assert wrong_language("When was it?", french, HAUSA) > 0.6
    assert wrong_language("When was it?", french, target("kmb_Latn")) is None
    assert judges_for(target("arb_Latn"))[0] == ()


def test_short_texts_are_judged_by_all_that_know_the_language(monkeypatch):
    def judge(name, label):
        return Identifier(name, frozenset({"de", "nl"}), lambda text: (label, 0.9))

    judges = (judge("a", "nl"), judge("b", "nl"), judge("c", "de"))
    monkeypatch.setattr("mtqa.filter.language.judges_for", lambda lang: (judges, ()))
    short, long = "Amsterdam Rotterdam", "Amsterdam Rotterdam Eindhoven Groningen Maastricht"
    assert wrong_language("x", short, GERMAN) == 0
    assert wrong_language("x", long, GERMAN) == 0.9


def test_an_identifier_that_knows_the_target_alone_needs_one_more_that_names_the_same_language():
    alone = target("sag_Latn")
    assert names(judges_for(alone)[0]) == ["cld2"]
    french = "Quand le vieux moulin au bord de la rivière a-t-il été construit?"
    assert 0.6 < wrong_language("When was it?", french, alone) <= 0.8


def test_one_that_is_sure_needs_another_where_all_name_one_language(monkeypatch):
    def judge(name, sure, label="en"):
        return Identifier(name, frozenset({"ha"}), lambda text: (label, sure))

    text = "Antarctica plateau kilometres desolate"

    def score(*judges):
        monkeypatch.setattr("mtqa.filter.language.judges_for", lambda lang: (judges, (judge("other", 0.9),)))
        return wrong_language("x", text, HAUSA)

    assert score(judge("a", 0.9), judge("b", 0.2)) == pytest.approx(0.7)
    assert score(judge("a", 0.9), judge("b", 0.2, "fr")) == 0
    assert score(judge("a", 0.2), judge("b", 0.2)) == 0


def test_english_is_found_whatever_identifiers_know():
    english = "The bridge that was built during the war has been closed since then."
    assert wrong_language("Where is the old mill?", english, target("kmb_Latn")) == 0.9
    assert wrong_language("Where is the old mill?", english, GERMAN) == 0.9


@pytest.mark.parametrize("text", ["", "42", "Paris?", "When was the old mill by the river built in Paris?"])
def test_wrong_language_abstains_on_little_text(text):
    assert wrong_language("When was the old mill by the river built in Paris?", text, GERMAN) is None


def test_langdetect_never_raises_and_repeats_itself():
    judge = identifier("langdetect")
    assert judge.identify("") == judge.identify("42") == (NO_LANGUAGE, 0.0)
    assert judge.identify("Otec matka syn") == judge.identify("Otec matka syn")


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        ("When was the old mill built?", "When was the old mill built?", 6),
        ("when was it", "when was it", 4),
        ("Brown v. Board", "Brown v. Board", 0),
        ("red dragon", "red dragon", 2),
        ("He said that the old mill was sold.", "Er sagte, the old mill was verkauft.", 4),
        ("such that a × b = c holds", "so dass a × b = c gilt", 0),
        ("Doctor Who and the Daleks in the Seven Keys", "Doctor Who and the Daleks in the Seven Keys gewann", 1),
        ("Return of the King of Ur", "Und Return of the King of Ur", 3),
        ("the mill of John was sold by him", "Die Müller: the mill of John was sold by ihm", 6),
        ('the film "all of the people here" won', "der Film „all of the people here“ gewann", 1),
        ("die a death", "die Sache", 1),
        (None, "the old mill was", None),
    ],
)
def test_copied_run(source, text, score):
    assert copied_run(source, text, GERMAN) == score


@pytest.mark.parametrize(
    ("source", "text", "lang", "score"),
    [
        (
            "The mill, see https://example.org/the/old/mill?by=river.",
            "Мельница, https://example.org/the/old/mill?by=river.",
            "rus_Cyrl",
            0,
        ),
        (
            "Seen on #oldmill, #river, #wheel and @the_old_mill.",
            "#oldmill, #river, #wheel और @the_old_mill पर।",
            "hin_Deva",
            0,
        ),
        ("Write to old.mill@by.the.river.org now.", "Пишите на old.mill@by.the.river.org.", "rus_Cyrl", 0),
        ("See www.example.org and then the old mill", "See www.example.org and then the old mill", "deu_Latn", 6),
    ],
)
def test_addresses_and_handles_are_no_copied_words(source, text, lang, score):
    assert copied_run(source, text, target(lang)) == score


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("Die Stadt der Stadt der Stadt der Stadt der Stadt.", True),
        ("的的的的的的的的", True),
        ("磨坊建于一八七四年建于一八七四年建于一八七四年", True),
        ("河边的磨坊常常慢慢地转着", False),
        ("हो रहा है. किया जा रहा है. किया जा रहा है. किया जा रहा है.", True),
        ("nein, nein, nein, nein, nein", True),
        ("Das Wasser fiel von der Mühle und von der Mühle und von der Mühle und", True),
        ("Das Wasser fiel von der Mühle und von der Mühle auf das Rad.", False),
        ("Man sah, dass die alte Mühle am dass die alte Mühle am Fluss steht.", True),
        ("Hahaha sagte er, und ging.", False),
        ("Im Jahr 1000000 gab es 0000 Zeichen --------", False),
        ("....................", True),
        ("Die alte Mühle am Fluss wurde 1874 gebaut und mahlte bis zur Flut Mehl.", False),
        ("", False),
    ],
)
def test_repetition(text, loop):
    assert (repetition("x", text, GERMAN) > 1) == loop


def test_repetition_abstains_where_the_source_repeats_and_ignores_spaces():
    assert repetition("ha ha ha ha ha ha!", "ja ja ja ja ja ja!", GERMAN) is None
    assert repetition("x", "Die Mühle" + " " * 50 + "steht.", GERMAN) < 1
    source = "Press the left key to move the window left in the list, and the right key to move the window right in it."
    good = "Drücken Sie die linke Taste, um das Fenster nach links in der Liste zu verschieben. "
    good += "Drücken Sie die rechte Taste, um das Fenster nach rechts in der Liste zu verschieben."
    assert repetition("x", good, GERMAN) > 1 and repetition(source, good, GERMAN) is None
    assert repetition(source, "Drücken Sie die Taste. " * 9, GERMAN) > 1


def test_long_words_in_kana_come_back_as_their_english_does():
    text = "メーリングリストは議論の場です。質問にはメーリングリストを使えます。"
    text += "多くの製品には専用のメーリングリストがあり、すべてのメーリングリストは一覧にあります。"
    text += "他の言語のメーリングリストもあり、地域のメーリングリストは国ごとです。"
    source = (
        "Mailing lists are for discussions. Ask on the mailing lists. Most products have a mailing list of their own."
    )
    assert repetition(source, text, target("jpn_Jpan")) < 1


def test_repetition_of_long_natural_text_does_not_grow_with_length():
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("nd", "rt", "ls", "mp")]
    text = " ".join(words[(i * i * 31 + i * 7) % len(words)] for i in range(4000))
    assert repetition("x", text[:900], GERMAN) == pytest.approx(repetition("x", text, GERMAN), rel=0.5)


@pytest.mark.parametrize(
    ("source", "text", "lang", "score"),
    [
        ("Where?", "Wo", "deu_Latn", 1),
        ("Where?", "Wo?", "deu_Latn", 0),
        ('He said: "No."', "Er sagte: „Nein.“ ", "deu_Latn", 0),
        ("Where is it?", "在哪里？", "zho_Hans", 0),
        ("Where is it?", "कहाँ है।", "hin_Deva", 0),
        ("Where is it?", "ที่ไหน", "tha_Thai", 0),
        ("a title", "ein Titel", "deu_Latn", 0),
        ("Where?", "", "deu_Latn", 1),
        ("The old mill by the river was built here.", "am Fluss wurde hier gebaut.", "deu_Latn", 1),
        ("The old mill by the river was built here.", "Die alte Mühle wurde hier gebaut.", "deu_Latn", 0),
        ("The old mill by the river was built here.", "al-Baraka wurde hier gebaut.", "deu_Latn", 0),
        ("The eBay site sold the old mill here.", "eBay verkaufte sie.", "deu_Latn", 0),
        ("the old mill by the river was built here.", "am Fluss wurde hier gebaut.", "deu_Latn", 0),
        ("The old mill by the river", "am Fluss", "deu_Latn", 0),
        ("The old mill by the river was built here.", "बनाया गया।", "hin_Deva", 0),
        ("In what year was Samuel Johnson born?", "ọdun wo labi Samuel Johnson?", "yor_Latn", 0),
    ],
)
def test_cut_off(source, text, lang, score):
    found = cut_off(source, text, target(lang))
    assert found > 1.25 if score else found == 0, found


def test_a_small_letter_at_the_beginning_alone_is_no_loss():
    source = "Your passport must be valid for at least six months."
    assert cut_off(source, "ihr Reisepass muss noch mindestens sechs Monate lang gültig sein.", GERMAN) < 1.25


@pytest.mark.parametrize(
    ("foreign", "score"),
    [
        ("En ese momento los trabajadores de la ciudad decidieron abandonar la fábrica junto al río.", 0.5),
        ("Nobody in this town could remember when the workers had left the factory by the river.", 0.5),
        ("In diesem Augenblick beschlossen die Arbeiter der Stadt, die Fabrik am Fluss zu verlassen.", 0.0),
    ],
)
def test_a_foreign_sentence_in_the_middle_of_a_long_text(foreign, score):
    german = (
        "Die alte Mühle am Fluss wurde im neunzehnten Jahrhundert gebaut und mahlte lange das Mehl für das ganze Tal. "
        "Nach dem Krieg wurde sie geschlossen, weil niemand das große Rad reparieren wollte, und das Dach fiel ein. "
    )
    assert wrong_language("A source of other words.", f"{german * 2}({foreign.strip('.')}). {german * 2}", GERMAN) == 0
    found = wrong_language("A source of other words.", german * 2 + foreign + " " + german * 2, GERMAN)
    assert found > score if score else found == 0


@pytest.mark.parametrize(
    ("lang", "passage", "foreign"),
    [
        (
            "deu_Latn",
            "Berlin liegt an der Spree und ist die größte Stadt des Landes.{} Viele Menschen kommen jedes Jahr, um die "
            "Museen auf der Insel zu sehen.",
            "De stad werd in de eerste eeuw door de Romeinen gesticht en groeide snel.",
        ),
        (
            "vie_Latn",
            "Hà Nội là thủ đô của Việt Nam và là một trong hai đô thị lớn nhất nước.{} Thành phố nằm ở đồng bằng sông "
            "Hồng, nơi có nhiều hồ và nhiều đền chùa cổ.",
            "La ciudad fue fundada por los romanos en el siglo primero y creció muy rápido.",
        ),
        (
            "arb_Arab",
            "تقع برلين على نهر شبريه وهي أكبر مدينة في البلاد.{} يأتي كثير من الناس كل عام لزيارة المتاحف في الجزيرة.",
            "این شهر در قرن نخست به دست رومیان بنا شد و بسیار سریع رشد کرد.",
        ),
    ],
)
def test_a_sentence_of_another_language_in_the_same_script(lang, passage, foreign):
    assert wrong_language("A source of other words.", passage.format(""), target(lang)) == 0
    assert wrong_language("A source of other words.", passage.format(f" {foreign}"), target(lang)) > 0.5


def test_close_languages_are_told_apart_in_long_texts_only():
    galician = (
        "O vello muíño do río foi construído no século dezanove e durante moitos anos moeu a fariña de todo o val. "
        "Despois da guerra pechouse, porque ninguén quería arranxar a roda grande."
    )
    spanish = (
        "El viejo molino del río fue construido en el siglo diecinueve y durante muchos años molió la harina de todo "
        "el valle. Después de la guerra se cerró, porque nadie quería arreglar la rueda grande."
    )
    found = {text: wrong_language("x", text, target("glg_Latn")) for text in (galician, spanish, spanish[:60])}
    assert found[galician] == 0 and found[spanish] > 0.5 and found[spanish[:60]] == 0


LONG_TEXT = "The old mill was built here in 1874. It was closed after the war. Nobody repaired the wheel by the river."
LONG_GERMAN = (
    "Die alte Mühle wurde hier 1874 gebaut. Nach dem Krieg wurde sie geschlossen. Niemand reparierte das Rad am Fluss."
)


@pytest.mark.parametrize("text", [LONG_GERMAN[:-24], LONG_GERMAN[22:]])
def test_half_of_the_first_or_last_of_many_sentences_is_missed(text):
    assert cut_off(LONG_TEXT * 3, LONG_GERMAN * 2 + text, GERMAN) > 2 or text[0].islower()
    assert cut_off(LONG_TEXT * 3, text + LONG_GERMAN * 2, GERMAN) > 2 or text[0].isupper()
    assert cut_off(LONG_TEXT * 3, (LONG_GERMAN * 3)[:-1], GERMAN) < 2


def test_a_sentence_of_many_left_in_english():
    text = LONG_GERMAN.replace("Nach dem Krieg wurde sie geschlossen.", "It was closed after the war.")
    assert copied_run(LONG_TEXT, text, GERMAN) == 9
    assert copied_run(LONG_TEXT, LONG_GERMAN, GERMAN) < 3


def test_no_check_raises_on_odd_text():
    for odd in ("", " ", "42", "\x00", "\ud83d\ude00", "½", "1,", "'", "\u0301", "٣", "I", "十"):
        for check, known in TEXT_CHECKS.items():
            for source in (None, "", "42 mills, 3.5 million in 1970s", odd):
                score = known.score(source, odd, GERMAN)
                assert score is None or score >= 0, check


def test_a_passage_is_as_bad_as_its_worst_sentence():
    good = ("The mill was built here long ago by the people.", "Die Mühle wurde hier vor langer Zeit gebaut von allen.")
    lost = ("It ground flour for the whole valley until the flood came and took the bridge away in spring.", "Sie.")
    source, text = " ".join((good[0], lost[0])) + "x" * 400, " ".join((good[1], lost[1])) + "x" * 400
    length, copy = TEXT_CHECKS[Check.LENGTH_RATIO], TEXT_CHECKS[Check.COPY]
    alone = length.score(source, text, GERMAN)
    assert check_passage(length, source, text, (good, lost), GERMAN) == length_ratio(*lost, GERMAN) > alone
    assert check_passage(copy, source, text, (good, lost), GERMAN) == copied_run(source, text, GERMAN)
