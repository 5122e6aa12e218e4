"""Texts to the words that BM25 counts, by script and language.

Scripts that are written without spaces (and Hangul, whose words carry particles) give pairs of neighbouring characters,
as Lucene's CJKAnalyzer does; other text gives words with their combining marks, which Python's `\\w` would cut off in
Hindi or Bengali. Where Snowball has a stemmer for the language, words are stemmed; where bm25s has a list of stop
words, these are left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import pairwise

PAIRED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}ー"
RUNS = rf"(?P<paired>[{PAIRED}]+)|[[\p{{L}}\p{{M}}\p{{N}}]--[{PAIRED}]]+"
STEMMERS = {
    "cat_Latn": "catalan",
    "ces_Latn": "czech",
    "dan_Latn": "danish",
    "deu_Latn": "german",
    "ell_Grek": "greek",
    "eng_Latn": "english",
    "epo_Latn": "esperanto",
    "est_Latn": "estonian",
    "eus_Latn": "basque",
    "fin_Latn": "finnish",
    "fra_Latn": "french",
    "gle_Latn": "irish",
    "hin_Deva": "hindi",
    "hun_Latn": "hungarian",
    "hye_Armn": "armenian",
    "ind_Latn": "indonesian",
    "ita_Latn": "italian",
    "lit_Latn": "lithuanian",
    "nld_Latn": "dutch",
    "nno_Latn": "norwegian",
    "nob_Latn": "norwegian",
    "npi_Deva": "nepali",
    "pes_Arab": "persian",
    "pol_Latn": "polish",
    "prs_Arab": "persian",
    "por_Latn": "portuguese",
    "ron_Latn": "romanian",
    "rus_Cyrl": "russian",
    "sot_Latn": "sesotho",
    "spa_Latn": "spanish",
    "srp_Cyrl": "serbian",
    "swe_Latn": "swedish",
    "tam_Taml": "tamil",
    "tur_Latn": "turkish",
    "ydd_Hebr": "yiddish",
    **dict.fromkeys(("arb_Arab", "ars_Arab", "acm_Arab", "acq_Arab", "aeb_Arab", "ajp_Arab"), "arabic"),
    **dict.fromkeys(("apc_Arab", "ary_Arab", "arz_Arab"), "arabic"),
}
STOP_WORDS = {
    "dan_Latn": "DANISH",
    "deu_Latn": "GERMAN",
    "eng_Latn": "EN",
    "fra_Latn": "FRENCH",
    "ita_Latn": "ITALIAN",
    "nld_Latn": "DUTCH",
    "nno_Latn": "NORWEGIAN",
    "nob_Latn": "NORWEGIAN",
    "por_Latn": "PORTUGUESE",
    "rus_Cyrl": "RUSSIAN",
    "spa_Latn": "SPANISH",
    "swe_Latn": "SWEDISH",
    "tur_Latn": "TURKISH",
}
DOTLESS = ("tur_Latn", "azj_Latn")


def words(text: str, lang: str | None) -> list[str]:
    """Return the words of a text, repeated ones too; `lang` is a FLORES-200 code, None where it is not known."""
    found: list[str] = []
    plain: list[str] = []
    stop = _stop_words(lang)
    for run in _runs().finditer(_folded(text, lang)):
        if run["paired"]:
            found += _pairs(run[0])
        elif run[0] not in stop:
            plain.append(run[0])
    return found + _stem(lang)(plain)


def _folded(text: str, lang: str | None) -> str:
    if lang in DOTLESS:
        text = text.replace("I", "ı").replace("İ", "i")
    return unicodedata.normalize("NFKC", text).casefold()


def _pairs(run: str) -> list[str]:
    """Return the pairs of neighbouring characters (with their marks) of a run; one alone stands for itself."""
    import regex

    characters = regex.findall(r"\X", run)
    return [a + b for a, b in pairwise(characters)] or characters


@cache
def _runs():  # type: ignore[no-untyped-def]
    import regex

    return regex.compile(RUNS, regex.VERSION1)


@cache
def _stem(lang: str | None) -> Callable[[list[str]], list[str]]:
    if lang not in STEMMERS:
        return list
    import Stemmer

    return Stemmer.Stemmer(STEMMERS[lang]).stemWords  # type: ignore[no-any-return]


@cache
def _stop_words(lang: str | None) -> frozenset[str]:
    if lang not in STOP_WORDS:
        return frozenset()
    from bm25s import stopwords

    return frozenset(_folded(word, lang) for word in getattr(stopwords, f"STOPWORDS_{STOP_WORDS[lang]}"))
