"""Accents lost: a text without any, though every text of its length and language has some."""

from __future__ import annotations

import re
import unicodedata

from mtqa.filter.target import Target
from mtqa.filter.text import uncopied

ENOUGH = {
    "vie_Latn": 30, "hun_Latn": 40, "ces_Latn": 50, "lvs_Latn": 50, "slk_Latn": 60, "ell_Grek": 80, "isl_Latn": 80,
    "pol_Latn": 105, "swe_Latn": 105, "lit_Latn": 110, "fao_Latn": 120, "tuk_Latn": 120, "azj_Latn": 150,
    "crh_Latn": 150, "als_Latn": 150, "kmr_Latn": 150, "hrv_Latn": 160, "bos_Latn": 160, "fin_Latn": 175,
    "ron_Latn": 180, "tur_Latn": 200, "est_Latn": 220, "srp_Latn": 240, "fra_Latn": 250, "gle_Latn": 250,
    "glg_Latn": 325, "deu_Latn": 330, "dan_Latn": 350, "slv_Latn": 380, "cat_Latn": 420, "por_Latn": 440,
    "nob_Latn": 450, "nno_Latn": 450, "spa_Latn": 1000,
}  # fmt: skip
"""Letters that are not copied, in a text without one accent: 1.5 times the most in FLORES dev, XQuAD and GNOME's help,
or where none of these has the language, 9 accents' worth. Languages that people often write without (Hausa, Igbo,
Yoruba) are left out."""
WITHOUT_ANY = {"tur_Latn": 80, "azj_Latn": 80, "dan_Latn": 210, "nob_Latn": 250, "nno_Latn": 250}
"""The same where no letter at all is beyond a to z: these have several that are no letter with an accent (ı, ə, ø)."""
ACCENTED = re.compile(
    f"[{''.join(char for char in map(chr, range(0xC0, 0x250)) if unicodedata.decomposition(char))}"
    "\u0300-\u0333\u1e00-\u1eff]"
)
"""Letters of which something is left when the accent is taken; ø, ł and đ stay as they are then."""
BEYOND_ASCII = re.compile(r"[^\W\d_A-Za-z]")
TONOS = re.compile("[άέήίόύώΐΰΆΈΉΊΌΎΏϊϋ]")


def accents_lost(source: str, target: str, lang: Target) -> bool:
    """Whether no letter of a translation has an accent, though it is long enough for several."""
    enough = ENOUGH.get(lang.code)
    if enough is None:
        return False
    if lang.code in WITHOUT_ANY and (target.isascii() or not BEYOND_ASCII.search(target)):
        enough = WITHOUT_ANY[lang.code]
    if len(target) < enough:
        return False
    if not target.isascii() and (TONOS if lang.script == "Grek" else ACCENTED).search(target):
        return False
    return uncopied(source, target).letters >= enough
