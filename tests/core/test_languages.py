from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli.languages import command
from mtqa.core.errors import UsageError
from mtqa.core.languages import TABLE, all_languages, get, resolve, resolve_list, search


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("deu_Latn", "deu_Latn"),
        ("deu-Latn", "deu_Latn"),
        ("DEU_LATN", "deu_Latn"),
        ("deu", "deu_Latn"),
        ("de", "deu_Latn"),
        ("de-DE", "deu_Latn"),
        ("de_AT", "deu_Latn"),
        ("de-Latn-CH", "deu_Latn"),
        ("ger", "deu_Latn"),
        ("German", "deu_Latn"),
        ("  german ", "deu_Latn"),
        ("Deutsch", "deu_Latn"),
        (">>deu<<", "deu_Latn"),
        (">>de<<", "deu_Latn"),
        ("__de__", "deu_Latn"),
        ("español", "spa_Latn"),
        ("Espanol", "spa_Latn"),
        ("हिन्दी", "hin_Deva"),
        ("日本語", "jpn_Jpan"),
        ("ar", "arb_Arab"),
        ("ara", "arb_Arab"),
        ("ar-EG", "arz_Arab"),
        ("ar-Latn", "arb_Latn"),
        ("zh", "zho_Hans"),
        ("zh-CN", "zho_Hans"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant-HK", "zho_Hant"),
        (">>cmn_Hans<<", "zho_Hans"),
        ("Cantonese", "yue_Hant"),
        ("no", "nob_Latn"),
        ("fa", "pes_Arab"),
        ("fa-AF", "prs_Arab"),
        ("ms", "zsm_Latn"),
        ("ku", "kmr_Latn"),
        ("ku-Arab", "ckb_Arab"),
        ("sat_Beng", "sat_Olck"),
        ("sr", "srp_Cyrl"),
        ("uz", "uzn_Latn"),
        ("tw", "twi_Latn"),
        ("ak", "aka_Latn"),
        ("pt-BR", "por_Latn"),
        ("ks-Deva", "kas_Deva"),
        ("iw", "heb_Hebr"),
        ("swa", "swh_Latn"),
    ],
)
def test_resolve(text: str, code: str) -> None:
    assert resolve(text) == code


def test_every_code_and_iso_code_leads_back() -> None:
    """ISO 639-3 must lead to its language, or be ambiguous between that language's scripts."""
    for lang in all_languages():
        assert resolve(lang.code) == resolve(lang.code.lower().replace("_", "-")) == lang.code
        assert resolve(lang.name) == lang.code
        try:
            assert resolve(lang.iso3).startswith(lang.iso3)
        except UsageError as error:
            assert "ambiguous" in str(error)
            assert lang.code in str(error)


def test_table_is_flores_200_and_nllb() -> None:
    nllb_module = pytest.importorskip("transformers.models.nllb.tokenization_nllb")
    languages = all_languages()
    assert len(languages) == 204
    assert [x.code for x in languages] == sorted(x.code for x in languages)
    assert {x.nllb for x in languages} - {""} == set(nllb_module.FAIRSEQ_LANGUAGE_CODES)
    assert {x.code for x in languages if not x.nllb} == {"arb_Latn", "min_Arab"}
    assert {x.code for x in languages if x.nllb not in ("", x.code)} == {"sat_Olck"}


def test_rows_are_well_formed() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert row["code"] == f"{row['iso3']}_{row['script']}"
        assert re.fullmatch("[a-z]{2}|", row["iso1"])
        assert row["marian"]
        assert all(x == x.strip() and x for x in row["marian"].split(";"))


@pytest.mark.parametrize("text", ["kas", "ks", "Kashmiri", "ace", "bjn", "min", "taq", "kr"])
def test_ambiguous_names_list_the_candidates(text: str) -> None:
    with pytest.raises(UsageError, match="ambiguous") as error:
        resolve(text)
    assert str(error.value).count("_Latn") + str(error.value).count("_Arab") >= 1


@pytest.mark.parametrize("text", ["xx", "sr-Latn", "uz-Cyrl", "Klingon", "", "deu_Cyrl", "latin"])
def test_unknown_names_give_three_near_ones(text: str) -> None:
    with pytest.raises(UsageError, match="no language") as error:
        resolve(text)
    assert len(re.findall(r"[a-z]{3}_[A-Z][a-z]{3} \(", str(error.value))) == 3
    assert "mtqa languages" in str(error.value)


def test_a_typo_finds_the_language_meant() -> None:
    with pytest.raises(UsageError) as error:
        resolve("Germn")
    assert "nearest: deu_Latn (German)" in str(error.value)


def test_resolve_list_keeps_order_and_drops_repeats() -> None:
    assert resolve_list("es, de,spa") == ["spa_Latn", "deu_Latn"]
    with pytest.raises(UsageError):
        resolve_list(" , ")


def test_get_wants_a_code() -> None:
    assert get("deu_Latn").marian == ("deu", "de")
    assert get("arb_Arab").iso1 == "ar"
    with pytest.raises(UsageError):
        get("de")


def test_search_matches_beginnings_of_words() -> None:
    assert [x.code for x in search("Deutsch")] == ["deu_Latn"]
    assert {"arb_Arab", "arz_Arab"} <= {x.code for x in search("arab")}
    assert search("nothing like it") == []


def test_resolving_is_fast_and_light() -> None:
    code = (
        "import sys, time; import mtqa.core.languages as m; t = time.perf_counter(); m.resolve('German');"
        "print(time.perf_counter() - t, any(x in sys.modules for x in ('torch', 'transformers', 'pyarrow', 'numpy')))"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        first, heavy = done.stdout.split()
        assert heavy == "False"
        seconds.append(float(first))
    assert min(seconds) < 0.05  # about 6 ms on an idle core
    began = time.perf_counter()
    for _ in range(1000):
        resolve("Deutsch")
    assert time.perf_counter() - began < 0.5


def test_command() -> None:
    app = typer.Typer()
    app.command()(command)
    run = CliRunner().invoke(app, ["german"])
    assert run.exit_code == 0
    assert run.output.splitlines() == ["deu_Latn  German  de  Latn"]
    rows = json.loads(CliRunner().invoke(app, ["--json"]).output)
    assert len(rows) == 204
    assert isinstance(CliRunner().invoke(app, ["qqq"]).exception, UsageError)
