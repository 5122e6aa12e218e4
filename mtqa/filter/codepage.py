"""Text of a code page read as another: letters that the language has not stand where its own should be."""

from __future__ import annotations

import re
from functools import cache

from mtqa.filter.target import Target
from mtqa.filter.text import characters

CZECH = "ìøùèïò", "ěřůčďťň"
CROATIAN = "èæð¹¾", "čćđšž"
MISREAD = {
    "tur_Latn": ("ýþð", "ışğ"),
    "azj_Latn": ("ýþð", "ışğə"),
    "hun_Latn": ("õû", "őű"),
    "ces_Latn": CZECH,
    "slk_Latn": CZECH,
    "pol_Latn": ("¹³æê¿ñ", "ąłćężńśź"),
    "hrv_Latn": CROATIAN,
    "bos_Latn": CROATIAN,
    "srp_Latn": CROATIAN,
    "slv_Latn": ("è¹¾", "čšž"),
    "ron_Latn": ("ãþº", "ășțşţ"),
    "lit_Latn": ("àèæëáðøûþ", "ąčęėįšųūž"),
    "lvs_Latn": ("âèçìîíïòðûþ", "āčēģīķļņšūž"),
    "fra_Latn": ("ŕčęůűďľ", "àèêùûïœ"),
    "por_Latn": ("ŕăőę", "àãõê"),
    "ita_Latn": ("ŕčůň", "àèùò"),
}
"""Language: its letters in its own code page (cp1250, 1254, 1257) read as Latin-1, or in Latin-1 read as cp1250; and
those that should stand there."""
LEAST = 2


def wrong_letters(target: str, lang: Target) -> int:
    """Return the letters of another code page within words, where none of the right ones stands in the text, else 0."""
    if lang.code not in MISREAD or target.isascii():
        return 0
    wrong, right, within = _letters(lang.code)
    found = characters(target)
    if wrong.isdisjoint(found) or not right.isdisjoint(found):
        return 0
    number = len(within.findall(target))
    return number if number >= LEAST else 0


@cache
def _letters(code: str) -> tuple[frozenset[str], frozenset[str], re.Pattern[str]]:
    wrong, right = MISREAD[code]
    return (
        frozenset(wrong),
        frozenset(right + right.upper()),
        re.compile(f"[{wrong}](?=[^\\W\\d_])|(?<=[^\\W\\d_])[{wrong}]"),
    )
