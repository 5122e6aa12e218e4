"""Measure which other faults the filter finds: those of text processing, lost ends, foreign sentences, small changes.

    python benchmarks/filter_other_faults.py data > filter_other_faults.json

Sentences are 300 pairs a language of FLORES dev (nine languages) and of LAFAND-MT (Swahili), passages every second one
of XQuAD-R whose sentences correspond (ten languages; read as measuring stick only). Rules without an encoder. `clean`
is what is rejected of the texts as they are. Rules were changed after a first look at these kinds, none at single rows.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filter import Row, decisions
from fit_length import Pair, _lines

from mtqa.filter.settings import FilterSettings

LANGUAGES = {
    "ar": "arb_Arab",
    "de": "deu_Latn",
    "el": "ell_Grek",
    "es": "spa_Latn",
    "fr": "fra_Latn",
    "hi": "hin_Deva",
    "ig": "ibo_Latn",
    "ru": "rus_Cyrl",
    "th": "tha_Thai",
    "tr": "tur_Latn",
    "vi": "vie_Latn",
    "zh": "zho_Hans",
}
FLORES = ("fr", "tr", "vi", "ig", "hi", "ar", "es", "ru", "zh")
XQUAD = ("ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi", "zh")
FIRST, LAST, LONG = 600, 900, 40
CASED, SPACELESS = {"Latn", "Cyrl", "Grek"}, {"Hans", "Thai"}
SPECIAL = ("<unk>", "</s>", "<pad>", "[UNK]", "▁", "⁇")
Plant = Callable[[str, str, str, random.Random], str | None]
"""source, translation, script, chance → the text with the fault, None where it cannot be had."""


def _words(text: str, script: str) -> tuple[list[str], str]:
    return (list(text), "") if script in SPACELESS else (text.split(" "), " ")


def _inserted(text: str, piece: str, script: str, chance: random.Random) -> str:
    words, gap = _words(text, script)
    place = chance.randrange(len(words) + 1)
    return gap.join([*words[:place], piece, *words[place:]])


def _escaped_break(_: str, text: str, script: str, __: random.Random) -> str:
    words, gap = _words(text, script)
    middle = len(words) // 2
    return gap.join(words[:middle]) + "\\n" + gap.join(words[middle:])


def _phrase_loop(_: str, text: str, script: str, __: random.Random) -> str:
    words, gap = _words(text, script)
    return gap.join(words + words[-4:] * 2)


def _accents_lost(_: str, text: str, script: str, __: random.Random) -> str | None:
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return bare if script in {"Latn", "Grek"} and bare != unicodedata.normalize("NFC", text) else None


def _look_alike(_: str, text: str, script: str, __: random.Random) -> str | None:
    letters = {"Latn": ("aeo", "аео"), "Cyrl": ("аео", "aeo")}
    return text.translate(str.maketrans(*letters[script])) if script in letters else None


def _capitalised(_: str, text: str, script: str, __: random.Random) -> str | None:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" ")) if script in CASED else None


def _soft_hyphens(_: str, text: str, script: str, __: random.Random) -> str | None:
    return re.sub(r"(?<=\w\w\w)(?=\w\w\w)", "\u00ad", text) if script in CASED else None


def _number(change: Callable[[str], str]) -> Plant:
    def plant(source: str, text: str, _: str, chance: random.Random) -> str | None:
        found = [m for m in re.finditer(r"\d+", text) if change(m[0]) != m[0]]
        if not found or not re.search(r"\d", source):
            return None
        match = chance.choice(found)
        return text[: match.start()] + change(match[0]) + text[match.end() :]

    return plant


def _swapped(digits: str) -> str:
    place = next((n for n in range(len(digits) - 1) if digits[n] != digits[n + 1]), None)
    if place is None:
        return digits
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


NUMBERS: dict[str, Plant] = {
    "number plus one": _number(lambda digits: str(int(digits) + 1)),
    "digits swapped": _number(_swapped),
    "zero more": _number(lambda digits: digits + "0"),
}
SENTENCES: dict[str, Plant] = {
    "clean": lambda s, t, script, chance: t,
    "special token": lambda s, t, script, chance: _inserted(t, chance.choice(SPECIAL), script, chance),
    "language token": lambda s, t, script, chance: "deu_Latn " + t,
    "source appended": lambda s, t, script, chance: f"{t} ({s})",
    "label": lambda s, t, script, chance: "Translation: " + t,
    "escaped line break": _escaped_break,
    "spaces lost": lambda s, t, script, chance: None if script in SPACELESS else t.replace(" ", ""),
    "letters apart": lambda s, t, script, chance: " ".join(t.replace(" ", "")),
    "all capitals": lambda s, t, script, chance: t.upper() if script in CASED else None,
    "percent escapes": lambda s, t, script, chance: quote(t),
    "dots at the end": lambda s, t, script, chance: t + " ." * 10,
    "phrase three times": _phrase_loop,
    "twice": lambda s, t, script, chance: t + " " + t,
    "first third": lambda s, t, script, chance: t[: len(t) // 3],
    "second half": lambda s, t, script, chance: t[len(t) // 2 :],
    "second half in English": lambda s, t, script, chance: t[: len(t) // 2] + s[len(s) // 2 :],
    "six English words more": lambda s, t, script, chance: " ".join([t, *s.split()[-6:]]),
    **NUMBERS,
    "hidden spaces": lambda s, t, script, chance: "\u200b".join(t),
    "code fence": lambda s, t, script, chance: f"```\n{t}\n```",
    "refusal": lambda s, t, script, chance: "I'm sorry, but I cannot translate this text.",
    "accents lost": _accents_lost,
    "look-alike letters": _look_alike,
    "every word capitalised": _capitalised,
    "soft hyphens": _soft_hyphens,
    "chat template": lambda s, t, script, chance: t + "<|im_end|>",
    "note": lambda s, t, script, chance: t + " Note: I kept the names.",
    "citation": lambda s, t, script, chance: t + "[12]",
    "back to front": lambda s, t, script, chance: t[::-1],
    "URL invented": lambda s, t, script, chance: t + " https://example.org/a",
}


def _joined(parts: Sequence[str], script: str) -> str:
    return ("" if script in SPACELESS else " ").join(part.strip() for part in parts)


def _passages(
    english: Sequence[str],
    ours: Sequence[str],
    other: Sequence[str],
    foreign: Sequence[str],
    script: str,
    chance: random.Random,
) -> dict[str, str | None]:
    """Return a passage, and it with each fault (None where it cannot be had); `other` is another
    passage, `foreign` this in another language."""
    at, whole, wrong = chance.randrange(len(ours)), _joined(ours, script), other[chance.randrange(len(other))]
    return {
        "clean": whole,
        "sentence lost": _joined([*ours[:at], *ours[at + 1 :]], script),
        "two sentences lost": _joined([*ours[: max(at - 1, 0)], *ours[max(at - 1, 0) + 2 :]], script),
        "sentence twice": _joined([*ours[: at + 1], *ours[at:]], script),
        "sentence in English": _joined([*ours[:at], english[at], *ours[at + 1 :]], script),
        "sentence in another language": _joined([*ours[:at], foreign[at % len(foreign)], *ours[at + 1 :]], script),
        "sentence of another": _joined([*ours[:at], wrong, *ours[at + 1 :]], script),
        "sentence of another added": _joined([*ours[:at], wrong, *ours[at:]], script),
        "last sentence half": whole[: -(len(ours[-1]) // 2)],
        "first sentence half": whole[len(ours[0]) // 2 :],
        "first half": whole[: len(whole) // 2],
        "first sentence only": ours[0],
        "another passage": _joined(other, script),
        **{
            kind: plant(_joined(english, "Latn"), whole, script, random.Random(f"{kind} {whole}"))
            for kind, plant in NUMBERS.items()
        },
    }


def sentence_rows(data: Path) -> list[Row]:
    """Return the sentences with their faults; the id is `kind|language|number`."""
    chance = random.Random(5)
    pairs: dict[str, list[Pair]] = {}
    for short in FLORES:
        folder = data / "mt_outputs" / f"en-{short}"
        pairs[LANGUAGES[short]] = _lines(folder / "flores-dev.en", folder / f"flores-dev.{short}")[FIRST:LAST]
    news = _lines(data / "parallel" / "lafand-en-swa.en", data / "parallel" / "lafand-en-swa.swa")
    pairs["swh_Latn"] = chance.sample([pair for pair in news if min(map(len, pair)) > LONG], LAST - FIRST)
    rows = []
    for code, texts in pairs.items():
        for n, (source, text) in enumerate(texts):
            for kind, plant in SENTENCES.items():
                if bad := plant(source, text, code.split("_")[1], chance):
                    rows.append(_row(f"{kind}|{code}|{n}", source, bad, code, "sentence"))
    return rows


def passage_rows(data: Path) -> list[Row]:
    """Return the passages with their faults; the id is `kind|language|number`."""
    chance, rows = random.Random(11), []
    english, spanish, german = (_sentences(data, code) for code in ("en", "es", "de"))
    for short in XQUAD:
        code, texts = LANGUAGES[short], _sentences(data, short)
        for n in range(0, len(texts), 2):
            if len(english[n]) != len(texts[n]) or len(texts[n]) < 3:
                continue
            source, other = _joined(english[n], "Latn"), texts[(n + 31) % len(texts)]
            third = (german if short == "es" else spanish)[n]
            for kind, text in _passages(english[n], texts[n], other, third, code.split("_")[1], chance).items():
                if text:
                    rows.append(_row(f"{kind}|{code}|{n}", source, text, code, "passage"))
    return rows


def _sentences(data: Path, code: str) -> list[list[str]]:
    articles = json.loads((data / "lareqa" / "xquad-r" / f"{code}.json").read_text(encoding="utf-8"))["data"]
    return [paragraph["sentences"] for article in articles for paragraph in article["paragraphs"]]


def _row(key: str, source: str, text: str, code: str, field: str) -> Row:
    return {"id": key, "source": source, "translation": text, "lang": code, "field": field}


def shares(rows: list[Row], settings: FilterSettings) -> dict[str, Any]:
    """Return, for each kind, the percentage rejected by language and its mean over languages, `macro`."""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row, decision in decisions(rows, settings):
        kind, code, _ = row["id"].split("|")
        found[kind][code].append(not decision["keep"])
    percent = {
        kind: {code: round(100 * sum(flags) / len(flags), 1) for code, flags in by_language.items()}
        for kind, by_language in found.items()
    }
    return {kind: by | {"macro": round(sum(by.values()) / len(by), 1)} for kind, by in percent.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    fields = ("question", "sentence", "passage")
    # The same text with many faults would count as a duplicate.
    settings = FilterSettings(thresholds={f"{field}.duplicate": None for field in fields})
    found = {
        "sentences": shares(sentence_rows(options.data), settings),
        "passages": shares(passage_rows(options.data), settings),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
