"""Faults to plant in good translations, by kind: each takes (line, pair, draw) and returns the faulty text or None."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Pair = tuple[str, str]
Fault = Callable[[int, Pair, random.Random], str | Pair | None]
SYMBOLS = ("", " ", ".", "...", "* * *", "—", "?!", "……", "。。。", "- - - -", "\u200b", "?????", "•••", "#")
URLS = (
    "https://www.example.org/a?b=1",
    "http://news.example.com/2019/06/story",
    "www.example.net/help",
    "info@example.org",
)
PLACEHOLDERS = ("{name}", "%s", "[NAME]", "<b>", "{{count}}", "$USER", "__TITLE__")
TAGS = (
    "<br>",
    "<p>{}</p>",
    "&nbsp;",
    "<b>{}</b>",
    "&quot;",
    '<a href="x">{}</a>',
    "&#39;",
    "</div>",
    "<unk>",
    "[[{}]]",
)
MISREAD = ("cp1252", "latin-1", "cp1251", "mac_roman")
WRONG_SCRIPT = {"Latn": "ru", "Cyrl": "de", "Arab": "hi", "Deva": "zh", "Hans": "ru"}
SAME_SCRIPT = {"de": "fr", "es": "de", "fr": "es", "tr": "de", "vi": "fr", "ig": "tr"}
MECHANICAL = ("copied", "empty or symbols", "loop", "mojibake", "replacement character", "markup", "URL lost")
MECHANICAL += ("placeholder lost", "wrong script", "wrong language", "English instead", "traditional characters")

SHORTER, LONGER = "length_ratio cut_off missing_sentence semantic", "length_ratio added_sentence semantic"
REASONS = {
    "copied": "copy language",
    "empty or symbols": "empty",
    "loop": "repetition",
    "oscillation": "repetition",
    "mojibake": "encoding",
    "replacement character": "encoding",
    "markup": "markup",
    "URL lost": "urls",
    "placeholder lost": "placeholders",
    "wrong script": "script",
    "traditional characters": "script",
    "wrong language": "language",
    "English instead": "language script",
    "half untranslated": "copy",
    "cut off": SHORTER,
    "half dropped": f"{SHORTER} numbers",
    "number changed": "numbers",
    "number dropped": "numbers",
    "invented sentence": f"{LONGER} numbers",
    "shuffled": f"{SHORTER} {LONGER} numbers",
    "sentence dropped": f"{SHORTER} numbers",
}
"""Checks that say of a fault what it is."""


@dataclass(frozen=True)
class Texts:
    """All languages' pairs by code, lines parallel, and the code that faults are planted in."""

    pairs: dict[str, list[Pair]]
    code: str
    script: str


def faults(texts: Texts) -> dict[str, Fault]:
    """Return the faults by kind."""
    code, pairs = texts.code, texts.pairs
    other, foreign = SAME_SCRIPT.get(code), WRONG_SCRIPT[texts.script]
    return {
        "copied": lambda n, pair, draw: pair[0],
        "empty or symbols": lambda n, pair, draw: draw.choice(SYMBOLS),
        "loop": lambda n, pair, draw: half(pair[1]) + draw.randint(4, 12) * (" " + piece(pair[1], draw)),
        "oscillation": lambda n, pair, draw: _oscillate(pair[1], draw),
        "mojibake": lambda n, pair, draw: _misread(pair[1], draw),
        "replacement character": lambda n, pair, draw: _replace(pair[1], draw),
        "markup": lambda n, pair, draw: _mark(pair[1], draw),
        "URL lost": lambda n, pair, draw: (f"{pair[0]} {draw.choice(URLS)}", pair[1]),
        "placeholder lost": lambda n, pair, draw: (_insert(pair[0], draw.choice(PLACEHOLDERS), draw), pair[1]),
        "wrong script": lambda n, pair, draw: pairs[foreign][n][1],
        "traditional characters": lambda n, pair, draw: _traditional(pair[1]) if code == "zh" else None,
        "wrong language": lambda n, pair, draw: pairs[other][n][1] if other else None,
        "English instead": lambda n, pair, draw: pairs[code][n - 1][0],
        "half untranslated": lambda n, pair, draw: half(pair[1]) + " " + pair[0][len(pair[0]) // 2 :],
        "cut off": lambda n, pair, draw: pair[1][: int(len(pair[1]) * draw.uniform(0.3, 0.8))].rstrip(),
        "half dropped": lambda n, pair, draw: half(pair[1]).rstrip(".,;:。") + pair[1].rstrip('"”')[-1:],
        "number changed": lambda n, pair, draw: _change(pair[1], draw),
        "number dropped": lambda n, pair, draw: _drop_number(pair),
        "invented sentence": lambda n, pair, draw: f"{pair[1]} {pairs[code][n - 2][1]}",
        "shuffled": lambda n, pair, draw: pairs[code][n - 1][1],
    }


def half(text: str) -> str:
    """Return the first half of a text, to a space where there is one."""
    first = text[: len(text) // 2]
    return first.rpartition(" ")[0] or first


def piece(text: str, draw: random.Random) -> str:
    """Return a piece of 4 to 30 characters from the middle of a text."""
    start = len(text) // 3
    return text[start : start + draw.randint(4, 30)].strip() or "la"


def _oscillate(text: str, draw: random.Random) -> str:
    first, second = piece(text, draw), text[-draw.randint(6, 20) :].strip()
    return f"{half(text)} " + " ".join(first if n % 2 else second for n in range(draw.randint(6, 10)))


def _misread(text: str, draw: random.Random) -> str | None:
    return None if text.isascii() else text.encode().decode(draw.choice(MISREAD), "replace")


def _replace(text: str, draw: random.Random) -> str:
    place = draw.randrange(max(1, len(text)))
    return f"{text[:place]}\ufffd{text[place + 1 :]}"


def _mark(text: str, draw: random.Random) -> str:
    tag = draw.choice(TAGS)
    if "{}" in tag:
        middle = len(text) // 2
        return f"{text[: middle // 2]}{tag.format(text[middle // 2 : middle])}{text[middle:]}"
    return _insert(text, tag, draw)


def _insert(text: str, what: str, draw: random.Random) -> str:
    words = text.split(" ")
    words.insert(draw.randint(0, len(words)), what)
    return " ".join(words)


def _change(text: str, draw: random.Random) -> str | None:
    """Change one digit of a number of two digits or more."""
    places = [m.start() + draw.randrange(len(m[0])) for m in re.finditer(r"(?<![\d.,])\d{2,}", text)]
    if not places:
        return None
    place = draw.choice(places)
    return text[:place] + str((int(text[place]) + draw.randint(1, 9)) % 10) + text[place + 1 :]


def _drop_number(pair: Pair) -> str | None:
    numbers = re.findall(r"\d[\d.,]*", pair[0])
    if not any(len(number) >= 3 for number in numbers) or len(numbers) != 1:
        return None
    return re.sub(r"\d[\d.,]*", "", pair[1], count=1)


def _traditional(text: str) -> str | None:
    """Return Chinese in traditional characters, where opencc-python-reimplemented is installed."""
    try:
        from opencc import OpenCC
    except ImportError:
        return None
    converted: str = OpenCC("s2t").convert(text)
    return converted
