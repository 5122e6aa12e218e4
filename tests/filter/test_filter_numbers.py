from __future__ import annotations

from decimal import Decimal

import pytest

from mtqa.filter.numbers import unmatched_numbers
from mtqa.filter.numerals import ascii_digits, english_values, letter_values, numbers, roman_values
from mtqa.filter.target import target


@pytest.mark.parametrize(
    ("source", "text", "lang"),
    [
        ("In 1974, 12,500 people", "1974 kamen 12.500 Menschen", "deu_Latn"),
        ("12,500 people", "12 500 personas", "spa_Latn"),
        ("37.6 billion", "37 600 millones", "spa_Latn"),
        ("3.5 percent", "3,5 Prozent", "deu_Latn"),
        ("4,400 people", "watu 4, 400", "swh_Latn"),
        ("the number is 932-8647", "le numéro est 932-86-47", "fra_Latn"),
        ("on August 25", "am 25.8. um", "deu_Latn"),
        ("on May 5, 1818", "el 5.5.1818", "spa_Latn"),
        ("12,000 employees", "従業員数は1万2000人", "jpn_Jpan"),
        ("350 million won", "3억 5,000만 원", "kor_Hang"),
        ("wait 30 minutes", "eine halbe Stunde warten", "deu_Latn"),
        ("half an hour", "30 Minuten", "deu_Latn"),
        ("90 minutes", "une heure et demie", "fra_Latn"),
        ("15 minutes", "eine Viertelstunde", "deu_Latn"),
        ("50% of them", "la moitié", "fra_Latn"),
        ("about 75% of them", "drei Viertel", "deu_Latn"),
        ("26.2 miles", "42,2 Kilometer", "deu_Latn"),
        ("within 5-10 meters (about 16-33 feet) of it", "5-10 Meter entfernt", "deu_Latn"),
        ("at 0230 UTC", "um 02:30 UTC", "deu_Latn"),
        ("at 0230 UTC", "um 0230 UTC", "deu_Latn"),
        ("tested for COVID-19", "新冠病毒检测", "zho_Hans"),
        ("10 to 12 feet high", "3 bis 3,7 Meter hoch", "deu_Latn"),
        ("6 feet 2 inches tall", "1,88 Meter groß", "deu_Latn"),
        ("100 degrees Fahrenheit", "38 grados", "spa_Latn"),
        ("a 150-pound man", "un hombre de 68 kilos", "spa_Latn"),
        ("in the 1970s", "in den '70ern", "deu_Latn"),
        ("in the 1970s", "في السبعينيات", "arb_Arab"),
        ("in the 1970s", "20世纪70年代", "zho_Hans"),
        ("by the 1700s", "au XVIIIe siècle", "fra_Latn"),
        ("by the 1700s", "18世纪", "zho_Hans"),
        ("5 billion", "5 billones", "spa_Latn"),
        ("between 5 million and 10 million", "zwischen 5 und 10 Millionen", "deu_Latn"),
        ("5 billion dollars in 5 years", "cinco mil millones en 5 años", "spa_Latn"),
        ("54 million", "5.4 करो\u095c", "hin_Deva"),
        ("162 million euros", "162 εκατ. ευρώ", "ell_Grek"),
        ("230 million people", "2.3亿人", "zho_Hans"),
        ("30 to 50 thousand", "3到5万", "zho_Hans"),
        ("5 million", "50 लाख", "hin_Deva"),
        ("In 1999", "ในปี 2542", "tha_Thai"),
        ("In 1999", "ในปี ๒๕๔๒", "tha_Thai"),
        ("1,234 of 56", "١٬٢٣٤ من ٥٦", "arb_Arab"),
        ("22,338,618", "22،338،618", "arb_Arab"),
        ("18% of 99", "१८% ९९", "hin_Deva"),
        ("5 dogs", "fünf Hunde", "deu_Latn"),
        ("five dogs", "5 Hunde", "deu_Latn"),
        ("November 7, 1973", "1973年11月7日", "zho_Hans"),
        ("Super Bowl XXXIII", "السوبر بول 33", "arb_Arab"),
        ("the 21st century", "siglo XXI", "spa_Latn"),
        ("3 pm", "15 Uhr", "deu_Latn"),
        ("a 9-to-5 job", "von 9 bis 17 Uhr", "deu_Latn"),
        ("about 1,600 meters", "etwa 1,6 Kilometer", "deu_Latn"),
        ("a billion people", "1000 millones de personas", "spa_Latn"),
        ("twenty-five miles", "25 Meilen", "deu_Latn"),
        ("two hundred", "200", "deu_Latn"),
        ("1914–18", "1914–1918", "deu_Latn"),
        ("in 1990 and again 1990", "1990 und wieder", "deu_Latn"),
        ("carbon dioxide", "CO2", "vie_Latn"),
        ("170 people", "一百七十人", "zho_Hans"),
        ("no number", "keine", "deu_Latn"),
        ("a stake 100 feet (30 m) away", "un pieu à 30 mètres", "fra_Latn"),
        ("at 90 degrees", "bei 90 °F (32 °C)", "deu_Latn"),
        ("a 1.5 hour drive", "hora y media de viaje", "spa_Latn"),
        ("at 10 o'clock", "um 10:00 Uhr", "deu_Latn"),
        ("four dozen bases", "48 üs", "tur_Latn"),
        ("28 people", "mmadụ iri abụọ na asatọ", "ibo_Latn"),
        ("700 people", "mmadụ narị asaa", "ibo_Latn"),
        ("10 billion", "iri nde", "ibo_Latn"),
        ("1,600 people", "otu puku mmadụ na narị isii", "ibo_Latn"),
        ("28 people", "mmadụ ọgụ na asatọ", "ibo_Latn"),
        ("2.3 billion", "ijeri abụọ na narị nde atọ", "ibo_Latn"),
        ("in the 1960s", "na iri isii", "ibo_Latn"),
        ("300 people", "mutane ɗari uku", "hau_Latn"),
        ("300 people", "tanani gou", "kmb_Latn"),
        ("50 people", "পঞ্চাশ জন", "ben_Beng"),
        ("in 15 minutes", "in fünfzehn Minuten", "deu_Latn"),
        ("33 years", "treinta y tres años", "spa_Latn"),
        ("at 2:30", "um 2.30 Uhr", "deu_Latn"),
        ("at 2:30", "um halb drei", "deu_Latn"),
        ("9am to 1pm", "kuanzia saa 3 asubuhi hadi saa 7 mchana", "swh_Latn"),
        ("in the 1960s", "in den sechziger Jahren", "deu_Latn"),
    ],
)
def test_numbers_that_mean_the_same_are_paired(source, text, lang):
    assert unmatched_numbers(source, text, target(lang)) == 0


@pytest.mark.parametrize(
    ("source", "text", "lang", "score"),
    [
        ("in 1998", "1988", "deu_Latn", 2),
        ("the COVID-19 pandemic", "die COVID- Pandemie", "deu_Latn", 1),
        ("in 1998", "1989", "deu_Latn", 2),
        ("in 1998", "19998", "deu_Latn", 2),
        ("in 1998", "1789", "deu_Latn", 1),
        ("5.3 million", "5 Millionen", "deu_Latn", 1),
        ("5 million people", "5 Menschen", "deu_Latn", 2),
        ("5 million people", "5 Milliarden Menschen", "deu_Latn", 2),
        ("230 million", "230万", "zho_Hans", 2),
        ("in 1998", "damals", "deu_Latn", 1),
        ("then", "1998", "deu_Latn", 1),
        ("5 dogs", "7 Hunde", "deu_Latn", 1),
        ("at 0230 UTC", "um 02:40 UTC", "deu_Latn", 2),
        ("tested for COVID-19 in 1998", "检测新冠病毒", "zho_Hans", 1),
        ("26 miles", "52 Kilometer", "deu_Latn", 1),
        ("26 miles in 1998", "42 Kilometer im Jahr 1988", "deu_Latn", 3),
        ("30 minutes", "eine Stunde", "deu_Latn", 1),
        ("30 dogs", "halbe Hunde", "deu_Latn", 1),
        ("120–160 litres", "120160 Liter", "deu_Latn", 2),
        ("rose by 25.8 in May", "stieg im August um 25.9", "deu_Latn", 2),
        ("10,000", "1,000", "deu_Latn", 2),
        ("230 million", "2.4亿", "zho_Hans", 1),
        ("1998 and 2001", "1988 und 2002", "deu_Latn", 4),
        ("In 1999", "2542", "deu_Latn", 1),
        ("In 2000", "200 yılında", "tur_Latn", 2),
        ("38 in XXXIII", "8 في 33", "arb_Arab", 1),
        ("a stake 100 feet (30 m) away", "un pieu là-bas", "fra_Latn", 2),
        ("a stake 100 feet (30 m) away", "un pieu à 100 pieds (31 m)", "fra_Latn", 2),
        ("28 people", "ndị mmadụ", "ibo_Latn", 1),
        ("700 people", "mmadụ iri asaa", "ibo_Latn", 1),
        ("28 people", "mmadụ iri abụọ na itoolu", "ibo_Latn", 1),
        ("2.3 billion", "ego ole na ole", "ibo_Latn", 1),
        ("1,600 people", "otu puku mmadụ", "ibo_Latn", 1),
        ("in the 1960s", "na iri asaa", "ibo_Latn", 1),
        ("47 people", "কিছু মানুষ", "ben_Beng", 1),
    ],
)
def test_numbers_that_differ_are_counted(source, text, lang, score):
    assert unmatched_numbers(source, text, target(lang)) == score


def test_numbers_abstain_without_a_source():
    assert unmatched_numbers(None, "1998", target("deu_Latn")) is None


def test_reading_of_separators():
    values = [set(map(float, n.values)) for n in numbers("1,234 1.5 1.234.567,89 12.05.1999 1970,1980")]
    assert values == [{1234.0, 1.234}, {1.5}, {1234567.89}, {12.0}, {5.0}, {1999.0}, {1970.0}, {1980.0}]


def test_words_and_numerals():
    assert ascii_digits("٣१๔") == "314"
    assert roman_values("Ludwig XIV. und Karl IX") == {Decimal(14), Decimal(9)}
    assert {Decimal(25), Decimal(5), Decimal(20)} <= english_values("twenty-five")
    assert Decimal(3_000_000) in english_values("three million")
    assert Decimal(48) in english_values("four dozen")
    assert {Decimal(170), Decimal(1970), Decimal(3_000_000)} <= letter_values("一百七十 一九七〇 三百万")
