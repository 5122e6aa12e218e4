"""How much text there is in a language, as Joshi et al. (ACL 2020, "The State and Fate of Linguistic Diversity and
Inclusion in the NLP World") class it: 5 and 4 are high-resource here, 3 is medium, 2 to 0 and all that they leave out
are low.

From their list of names, https://microsoft.github.io/linguisticdiversity/assets/lang2tax.txt; macro-languages stand for
their standard form and, of Chinese, for both scripts.
"""

from __future__ import annotations

from collections.abc import Sequence

CLASSES: dict[int, str] = {
    5: "arb_Arab deu_Latn eng_Latn fra_Latn jpn_Jpan spa_Latn zho_Hans zho_Hant",
    4: "cat_Latn ces_Latn eus_Latn fin_Latn hin_Deva hrv_Latn hun_Latn ita_Latn kor_Hang nld_Latn pes_Arab pol_Latn "
    "por_Latn rus_Cyrl srp_Cyrl swe_Latn tur_Latn vie_Latn",
    3: "afr_Latn arz_Arab bel_Cyrl ben_Beng bos_Latn bul_Cyrl ceb_Latn dan_Latn ell_Grek est_Latn glg_Latn heb_Hebr "
    "ind_Latn kat_Geor kaz_Cyrl lit_Latn lvs_Latn ron_Latn slk_Latn slv_Latn tam_Taml tgl_Latn tha_Thai ukr_Cyrl "
    "urd_Arab uzn_Latn zsm_Latn",
}
NAMES = {5: "high-resource", 4: "high-resource", 3: "medium-resource"}
LOW = "low-resource"


def resource(lang: str) -> str:
    """Return high-resource, medium-resource or low-resource."""
    return next((NAMES[number] for number, codes in CLASSES.items() if lang in codes.split()), LOW)


def resource_groups(languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the languages by resource, most first; nothing where all are of one kind."""
    groups = {
        name: [one for one in languages if resource(one) == name] for name in (*dict.fromkeys(NAMES.values()), LOW)
    }
    found = {name: langs for name, langs in groups.items() if langs}
    return found if len(found) > 1 else {}
