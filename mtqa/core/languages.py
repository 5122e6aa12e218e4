"""The FLORES-200 languages and every other name that people and models have for them."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mtqa.core.errors import UsageError

ENGLISH = "eng_Latn"
TABLE = Path(__file__).with_name("languages.csv")
NEAR = 3
NEXT_STEP = "see 'mtqa languages' for all codes and names"


@dataclass(frozen=True)
class Language:
    """One language in one script.

    `code` is the FLORES-200 code (`deu_Latn`); `iso1` the ISO 639-1 code, of the macro-language where the language is
    its standard form (`ar` of `arb_Arab`), or ""; `iso3` ISO 639-3; `script` ISO 15924; `nllb` the token of NLLB-200's
    vocabulary, or "" where NLLB does not know the language; `marian` the codes that OPUS-MT models use in
    `>>code<<` tokens and in their names, likeliest first; `aliases` other names, English and native, and tags.
    """

    code: str
    name: str
    iso1: str
    iso3: str
    script: str
    nllb: str
    aliases: tuple[str, ...]
    marian: tuple[str, ...]


def all_languages() -> list[Language]:
    """Return all 204 languages of FLORES-200, sorted by code."""
    return list(_table().values())


def get(code: str) -> Language:
    """Return a language by its FLORES-200 code; raises UsageError where the code is no such code."""
    language = _table().get(code)
    if language is None:
        raise _unknown(code)
    return language


def resolve(text: str) -> str:
    """Return the FLORES-200 code that a code, tag or name stands for.

    Takes ISO 639-1 and 639-3, BCP 47 (a region that no table row names is ignored), NLLB and Marian tokens
    (`>>deu<<`, `__de__`), English and native names, in any case, with `_`, `-` or space, with or without diacritics.
    Raises UsageError that lists the candidates where several fit, or the nearest names where none does.
    """
    if text in _table():
        return text
    key = _fold(re.sub(r"^\s*(?:>>|__)|(?:<<|__)\s*$", "", text))
    codes = _lookup(key)
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise UsageError(
            f"The language '{text}' is ambiguous.",
            where=text,
            expected="one of " + ", ".join(f"{code} ({get(code).name})" for code in codes),
            next_step="give one of these codes",
        )
    raise _unknown(text)


def resolve_list(text: str) -> list[str]:
    """Return the codes of a comma-separated list in its order, each once; raises UsageError as `resolve` does."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("No language was given.", expected="codes or names with commas between", next_step=NEXT_STEP)
    return list(dict.fromkeys(resolve(name) for name in names))


def search(text: str) -> list[Language]:
    """Return the languages that have a word beginning with the text among their codes, names, tags and script.

    Sorted by code; an empty text finds all.
    """
    key = f" {_fold(text)}"
    return [lang for lang in all_languages() if any(key in f" {_fold(n)}" for n in (*_names(lang), lang.script))]


@cache
def _table() -> dict[str, Language]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lists = ("aliases", "marian")
    return {
        row["code"]: Language(**{k: tuple(v.split(";")) if k in lists else v for k, v in row.items()})  # type: ignore[arg-type]
        for row in rows
    }


def _names(language: Language) -> tuple[str, ...]:
    names = (language.code, language.name, language.nllb, *language.aliases)
    return tuple(n for n in (*names, language.iso1, language.iso3, *language.marian) if n)


@cache
def _index() -> list[dict[str, list[str]]]:
    """Return three maps from folded text to codes, to be asked in turn.

    What the table says outright (codes, names, aliases: `zh` is zho_Hans) comes before what several languages share
    (ISO codes: `kas` has two scripts), and that before Marian's codes.
    """
    levels: list[dict[str, list[str]]] = [{}, {}, {}]
    for lang in all_languages():
        outright = (lang.code, lang.name, lang.nllb, *lang.aliases)
        for level, names in zip(levels, (outright, (lang.iso1, lang.iso3), lang.marian), strict=True):
            for key in {_fold(name) for name in names if name}:
                level.setdefault(key, []).append(lang.code)
    return levels


def _lookup(key: str) -> list[str]:
    for level in _index():
        if key in level:
            return level[key]
    base, _, rest = key.partition(" ")
    if rest and re.fullmatch(r"[a-z]{2,3}", base):
        if re.fullmatch(r"[a-z]{2}|\d{3}", rest):
            return _lookup(base)
        tag = re.fullmatch(r"([a-z]{4})(?: (?:[a-z]{2}|\d{3}))?", rest)
        if tag:
            pool = [get(code) for code in _same_language(base)]
            return [lang.code for lang in pool if lang.script.casefold() == tag[1]]
    return []


def _same_language(base: str) -> list[str]:
    """Return the codes that an ISO code stands for, whatever the script."""
    return list(dict.fromkeys(code for level in _index() for code in level.get(base, ())))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()) if not text.isascii() else text.lower()
    if not plain.isascii():
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.replace("_", " ").replace("-", " ").split())


def _unknown(text: str) -> UsageError:
    keys = {key: codes[0] for level in reversed(_index()) for key, codes in level.items()}
    near = difflib.get_close_matches(_fold(text), keys, n=3 * NEAR, cutoff=0.0)
    codes = list(dict.fromkeys(keys[key] for key in near))[:NEAR]
    return UsageError(
        f"There is no language '{text}'.",
        where=text or "(empty)",
        expected="a code or name; nearest: " + ", ".join(f"{code} ({_table()[code].name})" for code in codes),
        next_step=NEXT_STEP,
    )
