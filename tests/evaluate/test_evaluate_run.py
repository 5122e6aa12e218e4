import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from mtqa import __version__
from mtqa.cli.evaluate import command
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest
from mtqa.core.recipe import parse
from mtqa.evaluate.bootstrap import paired_difference
from mtqa.evaluate.run import evaluate, export_texts
from mtqa.evaluate.settings import EvaluateSettings

app = typer.Typer()
app.command()(command)


@pytest.fixture
def settings(mini, mini_vectors):
    return EvaluateSettings(data=str(mini), vectors=str(mini_vectors))


def test_hand_worked_metrics(settings, tmp_path):
    evaluate(None, settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    log6 = np.log2(6)
    deu = {"Mo": 3 / 4, "Cr": 3 / 4, "Mul": 2 / 3, "rank_distance": 2, "max_at_r": 3.5}
    eng = {"Mo": 11 / 18, "Cr": 5 / 12, "Mul": 0.4, "rank_distance": 2, "max_at_r": 4}
    deu["max_at_r_normalised"] = 100 * np.mean([log6 - np.log2(3), log6 - 2]) / (log6 - 1)
    eng["max_at_r_normalised"] = 100 * np.mean([(log6 - 2) / (log6 - 1), (log6 - np.log2(5)) / (log6 - 1), 1 / log6])
    assert metrics["by_language"]["deu_Latn"] == pytest.approx({**deu, "queries": 2, "candidates": 3})
    assert metrics["by_language"]["eng_Latn"] == pytest.approx({**eng, "queries": 3, "candidates": 3})
    for name, value in (metrics["mAP"] | metrics["bias"]).items():
        assert value == pytest.approx((deu[name] + eng[name]) / 2), name
        low, high = metrics["intervals"][name]
        assert low <= value <= high
        assert metrics["signatures"][name].split("|")[1:] == metrics["signature"].split("|")[1:]
    assert metrics["by_pair"]["deu_Latn"] == pytest.approx({"deu_Latn": 3 / 4, "eng_Latn": 3 / 4})
    assert metrics["by_pair"]["eng_Latn"] == pytest.approx({"deu_Latn": 5 / 12, "eng_Latn": 11 / 18})
    assert metrics["mean_rank_by_passage_language"] == pytest.approx({"deu_Latn": 2.75, "eng_Latn": 37 / 12})
    assert metrics["first_hit_confusion"]["deu_Latn"] == {"deu_Latn": 0.5, "eng_Latn": 0.5}
    assert metrics["first_hit_confusion"]["eng_Latn"] == pytest.approx({"deu_Latn": 1 / 3, "eng_Latn": 2 / 3})
    assert metrics["top_share_by_passage_language"]["share"] == {"deu_Latn": 0.5, "eng_Latn": 0.5}
    assert metrics["counts"]["skipped_cells"] == 1
    assert metrics["signature"] == (
        "mAP|pool:xquad-r-6|langs:deu_Latn+eng_Latn|cand:sentence|gold:all-langs|cut:none|tie:order|sim:dot"
        f"|bs:1000|seed:7|v:{__version__}"
    )


def test_hand_worked_values_of_each_query(settings, tmp_path):
    evaluate(None, settings, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "per_query.parquet").to_pylist()
    assert [row["AP_mono"] for row in rows] == pytest.approx([1, 1 / 2, 1, 1 / 2, 1 / 3])
    assert [row["AP_pooled"] for row in rows] == pytest.approx([5 / 6, 1 / 2, 5 / 12, 9 / 20, 1 / 3])
    assert [row["rank_distance"] for row in rows] == [2, 2, 1, 3, None]
    assert rows[2]["rank"] == {"deu_Latn": 4, "eng_Latn": 3}
    assert rows[2]["rank_within"] == {"deu_Latn": 3, "eng_Latn": 1}
    assert rows[4]["rank"] == {"deu_Latn": None, "eng_Latn": 3}
    assert rows[4]["ap"] == {"deu_Latn": None, "eng_Latn": pytest.approx(1 / 3)}


def test_intervals_by_language_and_pair_hold_their_values(settings, tmp_path):
    evaluate(None, settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    ends = metrics["intervals"]
    for lang, row in metrics["by_language"].items():
        for name, (low, high) in ends["by_language"][lang].items():
            assert low <= row[name] <= high, (lang, name)
        for other, value in metrics["by_pair"][lang].items():
            low, high = ends["by_pair"][lang][other]
            assert low <= value <= high
    assert ends["by_pair"]["eng_Latn"]["eng_Latn"] == ends["by_language"]["eng_Latn"]["Mo"]
    assert ends["by_pair"]["deu_Latn"]["eng_Latn"] == ends["by_language"]["deu_Latn"]["Cr"]


def test_results_by_answer(settings, tmp_path):
    """All answers are `x`: one class of each kind, with the whole benchmark's numbers."""
    evaluate(None, settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    found = metrics["by_answer"]
    assert found["type"]["phrase"] == {"questions": 3, **metrics["mAP"], **metrics["bias"]}
    assert found["length"]["1 word"]["questions"] == 3
    assert found["type"]["name"] == {"questions": 0}
    german = settings.model_copy(update={"languages": ["deu_Latn"], "vectors": str(tmp_path / "german.npz")})
    np.savez(tmp_path / "german.npz", queries=np.eye(3)[:2], candidates=np.eye(3))
    evaluate(None, german, tmp_path / "german")
    assert read_metrics(tmp_path / "german")["by_answer"] is None


def test_one_language_has_neither_cross_lingual_metric_nor_bias(mini, tmp_path):
    np.savez(tmp_path / "one.npz", queries=np.eye(3), candidates=np.eye(3))
    settings = EvaluateSettings(data=str(mini), vectors=str(tmp_path / "one.npz"), languages=["English"])
    evaluate(None, settings, tmp_path / "out")
    metrics = read_metrics(tmp_path / "out")
    assert metrics["mAP"] == {"Mo": 1, "Cr": None, "Mul": 1}
    assert metrics["bias"]["rank_distance"] is None
    assert metrics["intervals"]["Cr"] is None


def test_done_work_is_not_repeated_and_other_work_does_not_replace_it(settings, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = evaluate(None, settings, out)
    monkeypatch.setattr("mtqa.evaluate.run.gold_ranks", lambda *_, **__: pytest.fail("ranked again"))
    assert evaluate(None, settings, out) == first
    other = settings.model_copy(update={"seed": 8})
    with pytest.raises(UsageError, match="different: seed"):
        evaluate(None, other, out)
    monkeypatch.undo()
    assert evaluate(None, other, out, overwrite=True).settings["seed"] == 8


def test_equal_bytes_wherever_the_files_lie(settings, mini, mini_vectors, tmp_path):
    evaluate(None, settings, tmp_path / "a")
    moved = mini.rename(tmp_path / "moved"), mini_vectors.rename(tmp_path / "v2.npz")
    evaluate(None, settings.model_copy(update={"data": str(moved[0]), "vectors": str(moved[1])}), tmp_path / "b")
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == ["_manifest.json", "metrics.json", "per_query.parquet"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert str(tmp_path) not in (tmp_path / "a" / "_manifest.json").read_text()


def test_manifest_says_what_was_evaluated(settings, tmp_path):
    evaluate(None, settings, tmp_path / "out")
    manifest = load_manifest(tmp_path / "out")
    assert (manifest.stage, list(manifest.parts), sorted(manifest.inputs)) == ("evaluate", ["all"], ["data", "vectors"])
    assert manifest.parts["all"].files["per_query.parquet"].rows == 5
    assert manifest.licences == ["CC BY-SA 4.0"]
    assert manifest.info["mAP"] == read_metrics(tmp_path / "out")["mAP"]


def test_a_model_is_encoded_by_role_and_known_by_its_fingerprint(mini, tmp_path, monkeypatch):
    """A stand-in for the encoder: vectors of letter counts, other ones for queries."""
    calls = []

    def encode(model, texts, role, **_):
        calls.append((model, role, len(texts)))
        return np.array([[text.count(c) + (role == "query") for c in "abcdeilnorstuw"] for text in texts], np.float32)

    monkeypatch.setattr("mtqa.core.encode.load_encoder", lambda name, device: f"{name} on {device}")
    monkeypatch.setattr("mtqa.core.encode.encode_texts", encode)
    monkeypatch.setattr("mtqa.core.encode.model_fingerprint", lambda name: f"hash of {name}")
    monkeypatch.setattr("mtqa.core.encoder_files.is_by_dot_product", lambda name: False)
    settings = EvaluateSettings(data=str(mini), candidate="sentence+context")
    manifest = evaluate("letters", settings, tmp_path / "out")
    assert calls == [("letters on cpu", "query", 5), ("letters on cpu", "document", 6)]
    assert manifest.inputs["model"] == "hash of letters"
    assert manifest.info["encoder"] == {"model": "letters", "dimensions": 14}
    assert "|cand:sentence+context|" in manifest.info["signature"]
    evaluate("letters", settings, tmp_path / "out")
    assert len(calls) == 2


def test_texts_stand_in_evaluation_order(mini, mini_vectors, tmp_path):
    settings = EvaluateSettings(data=str(mini))
    assert export_texts(settings, tmp_path / "new" / "texts.parquet") == 11
    rows = pq.read_table(tmp_path / "new" / "texts.parquet").to_pylist()
    assert list(rows[0]) == ["role", "lang", "id", "text", "context"]
    assert [row["role"] for row in rows] == ["query"] * 5 + ["candidate"] * 6
    assert rows[4] == {"role": "query", "lang": "eng_Latn", "id": "q3", "text": "q3 of One is red.?", "context": None}
    assert rows[9]["text"] == "Two is blue."
    assert rows[9]["context"] == "One is red. Two is blue. Three is gold."
    with_context = settings.model_copy(update={"candidate": "sentence+context"})
    export_texts(with_context, tmp_path / "texts.parquet")
    assert pq.read_table(tmp_path / "texts.parquet")["text"][9].as_py() == f"Two is blue. {rows[9]['context']}"


def bad_vectors(tmp_path, arrays):
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"queries": np.ones((5, 4))}, "no array 'candidates'"),
        ({"queries": np.ones((4, 4)), "candidates": np.ones((6, 4))}, r"'queries' has the shape \(4, 4\)"),
        ({"queries": np.ones((5, 4)), "candidates": np.ones((6, 3))}, "4 dimensions, candidates 3"),
        ({"queries": np.ones(5), "candidates": np.ones((6, 4))}, r"shape \(5,\)"),
        ({"queries": np.ones((5, 4), str), "candidates": np.ones((6, 4))}, "type <U1"),
        ({"queries": np.full((5, 4), np.nan), "candidates": np.ones((6, 4))}, "not finite"),
        ({"queries": np.array([[{}] * 4] * 5), "candidates": np.ones((6, 4))}, "cannot be read"),
    ],
)
def test_wrong_vectors_are_refused_and_nothing_is_written(mini, tmp_path, arrays, message):
    settings = EvaluateSettings(data=str(mini), vectors=bad_vectors(tmp_path, arrays))
    with pytest.raises(UsageError, match=message):
        evaluate(None, settings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_that_gives_nan_is_refused(mini, tmp_path):
    """Unnoticed, all would tie for the first rank: a mAP above 1."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    diverged = StaticEmbedding(tokenizer, embedding_weights=np.full((1, 4), np.nan, np.float32))
    SentenceTransformer(modules=[diverged]).save_pretrained(str(tmp_path / "model"), create_model_card=False)
    with pytest.raises(MtqaError, match="not of finite numbers"):
        evaluate(str(tmp_path / "model"), EvaluateSettings(data=str(mini)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_requests_are_refused(settings, mini, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 broken")
    np.savez_compressed(tmp_path / "bad.npz", queries=np.arange(9999), candidates=np.arange(9999))
    scrambled = bytearray((tmp_path / "bad.npz").read_bytes())
    scrambled[500:600] = b"\xff" * 100
    (tmp_path / "bad.npz").write_bytes(scrambled)
    for model, changes, message in [
        (None, {"vectors": None}, "Give a model or vectors"),
        ("demo", {}, "not both"),
        (None, {"vectors": str(tmp_path / "nowhere.npz")}, "There is no file"),
        (None, {"vectors": str(tmp_path / "broken.npz")}, "cannot be read"),
        (None, {"vectors": str(tmp_path / "bad.npz")}, "cannot be read"),
        (None, {"data": "sample", "benchmark": "mlqa-r"}, "no sample of mlqa-r"),
        (None, {"data": str(tmp_path / "nowhere")}, "There is no folder"),
    ]:
        with pytest.raises(UsageError, match=message):
            evaluate(model, settings.model_copy(update=changes), tmp_path / "out")


def test_settings_take_any_name_of_a_language():
    assert EvaluateSettings(languages=["de", "English", "deu"]).languages == ["deu_Latn", "eng_Latn"]
    for languages, message in [(["klingonish"], "klingonish"), ([], "at least one language")]:
        with pytest.raises(UsageError, match=message):
            parse(EvaluateSettings, {"languages": languages}, "test")


@pytest.fixture
def two_results(settings, tmp_path):
    """Return two evaluations; the second ranks every gold sentence first."""
    perfect = np.eye(6)[[0, 1, 0, 1, 5]] + 0.9 * np.eye(6)[[3, 4, 3, 4, 5]]
    np.savez(tmp_path / "perfect.npz", queries=perfect, candidates=np.eye(6))
    evaluate(None, settings, tmp_path / "a")
    evaluate(None, settings.model_copy(update={"vectors": str(tmp_path / "perfect.npz")}), tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def test_paired_difference(two_results):
    a, b = two_results
    found = paired_difference(b, a, "Mul", resamples=500)
    assert (found.a, found.b) == (1.0, pytest.approx(8 / 15))
    assert found.difference == pytest.approx(7 / 15)
    assert found.interval[0] > 0
    assert found.p < 0.05
    back = paired_difference(a, b, "Mul", resamples=500)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    same = paired_difference(a, a, "rank_distance")
    assert (same.difference, same.interval, same.p) == (0, (0, 0), 1)


def test_what_is_not_comparable_is_not_compared(two_results, settings, tmp_path):
    a, _ = two_results
    other = settings.model_copy(update={"candidate": "sentence+context"})
    evaluate(None, other, tmp_path / "c")
    with pytest.raises(UsageError, match="different: candidate"):
        paired_difference(a, tmp_path / "c", "Mo")
    with pytest.raises(UsageError, match="no metric 'mo'"):
        paired_difference(a, a, "mo")
    with pytest.raises(UsageError, match="no folder"):
        paired_difference(a, tmp_path / "nowhere", "Mo")
    (a / "per_query.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read"):
        paired_difference(a, a, "Mo")


def test_command(mini, mini_vectors, tmp_path):
    arguments = ["--data", str(mini), "--vectors", str(mini_vectors), "--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "mAP Mo" in shown.stdout
    assert "0.6806  [" in shown.stdout
    assert "|pool:xquad-r-6|" in shown.stdout
    metrics = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(metrics.stdout) == read_metrics(tmp_path / "out")
    texts = CliRunner().invoke(app, ["--data", str(mini), "--write-texts", str(tmp_path / "texts.parquet")])
    assert "11 texts" in texts.stdout
    missing = CliRunner().invoke(app, ["--data", str(mini), "--vectors", str(mini_vectors)])
    assert isinstance(missing.exception, UsageError)
    assert "output folder" in missing.exception.what
    wrong = CliRunner().invoke(app, [*arguments, "--benchmark", "xqad"])
    assert isinstance(wrong.exception, UsageError)


def test_settings_and_command_import_quickly():
    code = (
        "import sys, mtqa.cli.evaluate, mtqa.evaluate.settings;"
        "assert not {'numpy', 'torch', 'pyarrow', 'transformers'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
