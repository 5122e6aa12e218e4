from __future__ import annotations

import pytest

from mtqa.filter.damage import encoding_damage
from mtqa.filter.markup import leftover_markup
from mtqa.filter.protected import lost_placeholders, lost_urls
from mtqa.filter.target import target

GERMAN = target("deu_Latn")
TEXTS = {
    "deu_Latn": "Die Mühle gehörte früher der Familie Größ, später mehreren Käufern.",
    "rus_Cyrl": "Старая мельница у реки была построена давно, и она молола муку.",
    "zho_Hans": "河边的老磨坊很久以前就建成了，一直为整个山谷磨面粉。",
    "hin_Deva": "नदी के किनारे की पुरानी चक्की बहुत पहले बनाई गई थी।",
    "tha_Thai": "โรงสีเก่าริมแม่น้ำสร้างขึ้นเมื่อนานมาแล้วและยังใช้งานอยู่",
    "arb_Arab": "بُنيت الطاحونة القديمة على ضفة النهر منذ زمن بعيد، وكانت تطحن الدقيق.",
    "vie_Latn": "Cối xay cũ bên sông được xây dựng từ lâu và đã xay bột cho cả thung lũng.",
    "ell_Grek": "Ο παλιός μύλος δίπλα στο ποτάμι χτίστηκε πριν από πολλά χρόνια.",
}


@pytest.mark.parametrize("lang", TEXTS)
def test_good_text_of_any_script_is_whole(lang):
    assert encoding_damage("The old mill by the river", TEXTS[lang], target(lang)) == 0
    for word in TEXTS[lang].split():
        assert encoding_damage("The old mill by the river", word, target(lang)) == 0


@pytest.mark.parametrize("codec", ["latin-1", "cp1252", "cp1251", "mac_roman", "cp437", "iso8859-2"])
@pytest.mark.parametrize("lang", TEXTS)
def test_utf8_read_as_something_else_is_damage(lang, codec):
    text = TEXTS[lang].encode().decode(codec, "replace")
    assert encoding_damage("The old mill by the river", text, target(lang)) > 0


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Die M\ufffdhle", 10),
        ("Die M\x00hle", 10),
        (r"Die M\u00fchle", 1),
        ("Die M=C3=BChle", 1),
        ("Die M?hle steht", 1),
        ("Die Mühle? Ja", 0),
        ("Die MГјhle und die Mјhle", 1),
        ("Wie viel ist 20 % von 5?", 0),
    ],
)
def test_damaged_places_are_counted(text, score):
    assert encoding_damage("The mill", text, GERMAN) == pytest.approx(score, abs=1 if "Г" in text else 0)


@pytest.mark.parametrize(
    ("text", "lang", "score"),
    [
        ("Modifier le délai avant l’extinction de l’écran et de l’éclairage.", "fra_Latn", 0),
        ("Wie man es auf die »übliche« Art macht.", "deu_Latn", 0),
        ("Das Caf\uff83\uff69 am Fluss", "deu_Latn", 1),
        ("Стaрая мельницa у рeки", "rus_Cyrl", 2),
        ("Старая мельница у рeки, созданная Симанcом", "rus_Cyrl", 2),
        ("Старая мельница у рeки и сеть Wi-Fi", "rus_Cyrl", 0),
        ("Старая м?льница у р?ки", "rus_Cyrl", 2),
        ("Eski deðirmen nehrin yanýnda", "tur_Latn", 2),
        ("Eski deðirmen nehrin yanında", "tur_Latn", 0),
        ("Şair Þórður ve kızı Ýrr", "tur_Latn", 0),
        ("Starý mlýn u øeky, který pøežil", "ces_Latn", 2),
        ("Öreg malom, mely erõs vizû folyónál áll", "hun_Latn", 2),
        ("\u202eeid Mühle", "deu_Latn", 10),
    ],
)
def test_damage_of_single_letters(text, lang, score):
    assert encoding_damage("The old mill by the river", text, target(lang)) == score


def test_what_the_source_has_is_no_damage():
    assert encoding_damage("The M\ufffdhle", "Die M\ufffdhle", GERMAN) == 0


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        ("the mill", "die <b>Mühle</b>", 2),
        ("the <b>mill</b>", "die <b>Mühle</b>", 0),
        ("the <b>mill</b>", "die < b > Mühle < / b >", 0),
        ("the mill", "die &quot;Mühle&quot;", 2),
        ("R&D", "F&E", 0),
        ("a < b and c > d", "a < b und c > d", 0),
        ("the mill", "▁die ▁Mühle", 2),
        ("the mill", ">>deu<< die Mühle", 1),
        ("the mill", "deu_Latn die Mühle", 1),
        ("the mill", "die [[Mühle]]", 2),
        ("the mill", "die Mühle <unk>", 1),
        ("the mill", "die [UNK] Mühle", 1),
        ("the old mill", "die alte,\\nrote\\nMühle", 2),
        ("the folder C:\\new and \\nabla", "der Ordner C:\\new und \\nabla", 0),
        ("the mill", "die Mühle (alt), 5 * 3 = 15", 0),
        ("the mill", "die Mühle<|im_end|>", 1),
        ("the mill", "[/INST] die Mühle", 1),
        ("the mill", "die Mühle de_DE", 1),
        ("the mill", "<2de> die Mühle", 1),
        ("the mill", "die Müh ##le", 1),
        ("the mill", "die \\textit{Mühle}", 1),
        ("the mill", "die Mühle[12] steht", 1),
        ("the mill", "die Mühle im Jahrhundert [XXI] und [1] hier", 0),
        ("Mill & Company?", "Μύλος & Company;", 0),
        ("the mill", "die Mühle & quot ;alt& quot ;", 2),
    ],
)
def test_leftover_markup(source, text, score):
    assert leftover_markup(source, text, GERMAN) == score


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        ("See https://www.example.org/a.", "Siehe https://www.example.org/a.", 0),
        ("See https://example.org/a", "参见https://example.org/a。", 0),
        ("See https://www.example.org/a.", "Siehe example.org/a/", 0),
        ("See https://example.org/a", "Siehe https://example.org/b", 1),
        ("See https://example.org/a", "Siehe dort", 1),
        ("See there", "Siehe https://example.org/a", 1),
        ("Write to info@example.org", "Schreib an info@example.org", 0),
        ("Write to info@example.org", "Schreib an uns", 1),
        ("Amazon.com sells", "Amazon verkauft", 0),
        ("miles/hour", "km/h", 0),
    ],
)
def test_lost_urls(source, text, score):
    assert lost_urls(source, text, GERMAN) == score


@pytest.mark.parametrize(
    ("source", "text", "score"),
    [
        ("Hello {name}", "Hallo {name}", 0),
        ("Hello {name}", "Hallo { name }", 0),
        ("Hello {name}", "Hallo {Name}", 1),
        ("%s files", "%s Dateien", 0),
        ("%s files", "Dateien", 1),
        ("50% of it", "50 % davon", 0),
        ("[NAME] and <b>", "[NAME] und", 1),
        ("run `make`", "führe `make` aus", 0),
        ("$HOME", "zu Hause", 1),
        ("@user said", "sagte", 1),
        ("$5 a day", "5 Dollar am Tag", 0),
        ("the ` key, where the ` is", "die Taste `, wo ` steht", 0),
        ("{count, plural, one {# mill} other {# mills}}", "{count, plural, one {# Mühle} other {# Mühlen}}", 0),
        ("{count, plural, one {# mill} other {# mills}}", "{Zahl, Mühlen}", 1),
    ],
)
def test_lost_placeholders(source, text, score):
    assert lost_placeholders(source, text, GERMAN) == score


def test_they_abstain_without_a_source():
    assert lost_urls(None, "x", GERMAN) is None and lost_placeholders(None, "x", GERMAN) is None
    assert leftover_markup(None, "<b>", GERMAN) == 1
