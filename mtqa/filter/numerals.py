"""Reading numbers in text: digits of any script, separators, scale words, English words, Roman and Chinese numerals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mtqa.filter.text import distinct

WORDS_FILE = Path(__file__).with_name("number_words.yaml")
DIGIT = re.compile(r"\d")
NATIVE = re.compile(r"[^\D0-9]")
NUMBER = re.compile(r"[0-9][0-9]*(?:[.,٫٬،'’][0-9]+)*")
SPACED = re.compile(r"(?<![0-9])[0-9]{1,3}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?![0-9])")
LIKE_SPACED = re.compile(r"[0-9][ \u00a0\u2009\u202f][0-9]{3}")
"""What every match of `SPACED` holds, found sooner."""
GROUPED = re.compile(r"[0-9]{1,3}(?:([.,٬،'’])[0-9]{3})(?:\1[0-9]{3})*|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
ROMAN = re.compile(r"(?<!\w)(?=[IVXLC])((?:L?X{0,3}|XL|XC|C)(?:IX|IV|V?I{0,3}))(?=(?:e|er|re|ème)?(?!\w))")
ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
HAN = re.compile(r"[〇零一二三四五六七八九十百千两兩]+")
HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
HALVES = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
MYRIADS = {"万": 4, "萬": 4, "만": 4, "亿": 8, "億": 8, "억": 8, "兆": 12, "조": 12}
MYRIAD = re.compile("([0-9][0-9,.]*)([兆조亿億억万萬만]?)")
COMPOUND = re.compile(r"(?:[0-9][0-9,]*[兆조亿億억万萬만]\s?)+[0-9](?:[0-9,]*[0-9])?[万萬만億亿억]?")
DAY = re.compile(r"(?<![0-9.,])([0-9]{1,2})\.([0-9]{1,2})(\.|(?![0-9.,]))")
LIKE_DAY = re.compile(r"[0-9]\.[0-9]")
DECADE = re.compile(r"['’]?s\b")
LONG_WORD, DOZEN = 5, 12


@dataclass(frozen=True)
class Number:
    """A number in a text: the values that it may have (1.234 is 1234 in German).

    `power`: that of ten of the scale words that follow, 0 without; `decade`: an s follows (1970s, 1970's); `attached`:
    it ends a word (CO2, km2).
    """

    values: frozenset[Decimal]
    power: int = 0
    decade: bool = False
    attached: bool = False

    @property
    def scaled(self) -> bool:
        """Whether a scale word follows."""
        return self.power > 0


def has_digits(text: str) -> bool:
    """Return whether there are decimal digits of any script."""
    return DIGIT.search(distinct(text)) is not None


def ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of all scripts written as 0–9."""
    for digit in NATIVE.findall(distinct(text)) if not text.isascii() else ():
        text = text.replace(digit, str(unicodedata.decimal(digit)))
    return text


def numbers(text: str, joined: frozenset[Decimal] = frozenset()) -> list[Number]:
    """Return the numbers written in digits (`text` as `ascii_digits` gives it), in order.

    Digits grouped by spaces are read as one number only if that number is in `joined` (values of the other side).
    """
    found: list[Number] = []
    passed = 0
    spaces = bool(joined) and LIKE_SPACED.search(text) is not None
    for match in NUMBER.finditer(text):
        start = match.start()
        if start < passed:
            continue
        spaced = SPACED.match(text, start) if spaces else None
        if spaced:
            whole = _number(frozenset({Decimal(re.sub(r"\D", "", spaced[0]))}), text, *spaced.span())
            if not whole.values.isdisjoint(joined):
                found.append(whole)
                passed = spaced.end()
                continue
        for last, values in _readings(match[0]):
            found.append(_number(values, text, start, start + last + 1))
    return found


def english_values(text: str) -> frozenset[Decimal]:
    """Return what English words (and Roman numerals, months, fractions) in a text may be worth in digits."""
    table = _words()
    values: set[Decimal] = set(roman_values(text))
    run = Decimal(0)
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in table["scales"]:
            power = Decimal(10) ** table["scales"][word]
            values.update({power, *(value * power for value in (run,) if value)})
            run = run * power if run else power
        elif run and word.startswith("dozen"):
            values.add(run * DOZEN)
        elif word in table["english"]:
            for number in table["english"][word]:
                values.update({Decimal(number), run + number})
            run += table["english"][word][0]
            values.add(run)
        elif run and word != "and":
            run = Decimal(0)
    return frozenset(values)


def letter_values(text: str) -> frozenset[Decimal]:
    """Return the values of Roman and Chinese numerals in a translation."""
    return roman_values(text) | frozenset(_han_values(text))


def may_be_words(value: Decimal, text: str, code: str) -> bool:
    """Return whether the words stand in a text that a number, written in words, cannot do without.

    That of its size and, where they are known, those of its digits. True for whole numbers below ten, and in languages
    whose words are not known.
    """
    sizes, digits = (_words()[name].get(code, {}) for name in ("worded", "digits"))
    size = next((size for size in (1000, 100, 10) if value >= size), 0)
    if size not in sizes and value == int(value):
        return True
    plain = bare(text)
    shown = f"{value:f}" if value * 2 != int(value * 2) else str(int(value))  # a half is a word of its own
    said = [digits[n] for n in sorted(map(int, set(shown) - {"."})) if n in digits]
    return all(words.search(plain) for words in (*([sizes[size]] if size in sizes else []), *said))


def bare(text: str) -> str:
    """Return a text in lower case without accents, dots below and tone marks."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


def roman_values(text: str) -> frozenset[Decimal]:
    """Return the values of the Roman numerals up to 100 in a text (`I` too, whatever it means)."""
    values = set()
    for match in ROMAN.finditer(text):
        digits = [ROMAN_VALUES.get(c, 0) for c in match[0]]
        values.add(Decimal(sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))))
    return frozenset(values - {Decimal(0)})


@lru_cache(maxsize=4096)
def _readings(token: str) -> tuple[tuple[int, frozenset[Decimal]], ...]:
    """Return (offset of the last digit, values) of a token: one number, or several where the groups make no number."""
    return tuple(_read(token))


def _read(token: str) -> Iterator[tuple[int, frozenset[Decimal]]]:
    parts = re.split(r"[^0-9]", token)
    whole = Decimal("".join(parts))
    if len(parts) == 1:
        # Leading zeros (007, 0012 in place of 2012) make a number of its own.
        yield len(token) - 1, frozenset({-whole - 1 if token[0] == "0" and len(token) > 2 else whole})
    elif len(parts) == 2 and not (len(parts[0]) > 3 and len(parts[1]) > 3):
        values = {Decimal(f"{parts[0]}.{parts[1]}")}
        yield len(token) - 1, frozenset(values | ({whole} if GROUPED.fullmatch(token) else set()))
    elif GROUPED.fullmatch(token):
        yield len(token) - 1, frozenset({whole})
    elif GROUPED.fullmatch(token[: -len(parts[-1]) - 1]):
        yield len(token) - 1, frozenset({Decimal("".join(parts[:-1]) + "." + parts[-1])})
    else:
        end = -1
        for part in parts:
            end += len(part) + (end >= 0)
            yield end, frozenset({Decimal(part)})


def _number(values: frozenset[Decimal], text: str, start: int, end: int) -> Number:
    """Return the number with the scale words after it applied, the bare value being kept."""
    if end < len(text) and text[end] in HALVES:
        values |= {value + HALVES[text[end]] for value in values}
    power, position, pattern = 0, end, _words()["pattern"]
    while match := pattern.match(text, position):
        power += _words()["scales"][match[1].lower()]
        position = match.end()
    if power:
        values |= {value * Decimal(10) ** power for value in values}
    decade = DECADE.match(text, end) is not None
    return Number(values, power, decade, attached=start > 0 and text[start - 1].isalpha())


def names_scale(text: str) -> bool:
    """Return whether a scale word stands in a text, beside a number or not."""
    return _words()["scale"].search(text) is not None


def _han_values(text: str) -> Iterator[Decimal]:
    for match in HAN.finditer(text):
        run = match[0]
        if any(c in HAN_UNITS for c in run):
            total, digit = 0, 0
            for c in run:
                if c in HAN_UNITS:
                    total, digit = total + (digit or 1) * HAN_UNITS[c], 0
                else:
                    digit = HAN_DIGITS[c]
            value = Decimal(total + digit)
        else:
            value = Decimal("".join(str(HAN_DIGITS[c]) for c in run))
        yield from _number(frozenset({value}), text, *match.span()).values


def joined_units(text: str, other: frozenset[Decimal]) -> str:
    """Return a text whose `1万2000` and `3億5000万` are written 12000 and 350000000 where the other side has that."""

    def plain(match: re.Match[str]) -> str:
        total = sum(
            Decimal(digits.replace(",", "")) * Decimal(10) ** MYRIADS.get(unit, 0)
            for digits, unit in MYRIAD.findall(match[0])
        )
        return f"{total:f}" if total in other else match[0]

    return COMPOUND.sub(plain, text) if any(unit in text for unit in MYRIADS) else text


def dates(text: str, english: str, given: frozenset[Decimal]) -> str:
    """Return a text whose `25.8.` is written `25. 8.` where English has that day and names that month."""
    months = _months(english) if LIKE_DAY.search(text) else frozenset()
    if not months:
        return text

    def apart(match: re.Match[str]) -> str:
        known = Decimal(match[1]) in given and int(match[2]) in months
        return f"{match[1]}. {match[2]}{match[3]} " if known else match[0]

    return DAY.sub(apart, text)


def _months(english: str) -> frozenset[int]:
    names = _words()["months"].intersection(re.findall(r"[a-z]+", english.lower()))
    return frozenset(number for name in names for number in _words()["english"][name])


@cache
def word_lists() -> dict[str, Any]:
    """Return what `number_words.yaml` holds."""
    from mtqa.core.recipe import load_yaml

    lists: dict[str, Any] = load_yaml(WORDS_FILE)
    return lists


@cache
def _words() -> dict[str, Any]:
    """Return the tables: english (word → numbers), scales (word → power of ten) and the scales' pattern."""
    raw = word_lists()
    english: dict[str, list[int]] = {}
    for table in (raw["english"], raw["months"]):
        for number, words in table.items():
            for word in words:
                english.setdefault(word, []).append(number)
    scales = {word: power for power, words in raw["scales"].items() for word in words}
    firsts = "".join(sorted({word[0] for word in scales}))
    longest_first = sorted(scales, key=lambda word: (-len(word), word))
    return {
        "english": english,
        "months": frozenset(word for words in raw["months"].values() for word in words),
        "scales": scales,
        **{
            name: {code: {n: _any_of(words) for n, words in table.items()} for code, table in raw[name].items()}
            for name in ("worded", "digits")
        },
        "scale": re.compile("|".join(_alternative(word) for word in longest_first), re.I),
        "pattern": re.compile(
            rf"[\s\u00a0.-]{{0,2}}(?=[{firsts}])({'|'.join(_alternative(w) for w in longest_first)})", re.I
        ),
    }


def _alternative(word: str) -> str:
    """Return a scale word's pattern; a capture group around all alternatives keeps the bare word by lookahead."""
    spaceless = unicodedata.name(word[0]).split(" ")[0] in ("CJK", "THAI", "HANGUL")
    return re.escape(word) if spaceless else re.escape(word) + (r"(?=\w*)" if len(word) >= LONG_WORD else r"(?!\w)")


def _any_of(words: list[str]) -> re.Pattern[str]:
    """Return a pattern of whole words, in which a star is any letters."""
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)".replace(r"\*", r"\w*") for word in words))
