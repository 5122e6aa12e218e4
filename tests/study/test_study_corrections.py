import json
import shutil

import pytest
from study_texts import text

from mtqa.core.errors import UsageError
from mtqa.core.evaluations import read_metrics
from mtqa.core.manifest import load_manifest
from mtqa.debias.run import debias
from mtqa.debias.settings import DebiasSettings
from mtqa.evaluate.run import evaluate
from mtqa.study.compare import find_systems
from mtqa.study.run import pending, run_study
from mtqa.study.settings import load_study
from mtqa.study.text import markdown, summary


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def texts(tmp_path):
    """Parallel lines of the words that the encoder knows, in two languages, Spanish left out."""
    for lang in ("en", "de"):
        lines = [text(lang, number)[1] for number in range(60, 90)]
        (tmp_path / f"dev.{lang}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {lang: str(tmp_path / f"dev.{lang}") for lang in ("en", "de")}


@pytest.fixture
def finished(kept, recipe, save_recipe, texts, tmp_path_factory):
    """A study that was finished without corrections and got them afterwards: (first content, second, folder)."""
    if not kept:
        out = tmp_path_factory.mktemp("corrected") / "study"
        first = run_study(load_study(save_recipe({**recipe, "seeds": [1]})), out)
        stamps = {path: path.stat().st_mtime_ns for path in out.glob("model/*/*/_manifest.json")}
        later = {**recipe, "seeds": [1], "corrections": ["shift", "centre"], "correct_from": texts}
        second = run_study(load_study(save_recipe(later)), out)
        kept.update(first=first, second=second, out=out, stamps=stamps)
    return kept


def test_a_finished_study_gets_corrections_without_training(finished):
    out = finished["out"]
    assert finished["first"]["corrections"] is None and len(finished["stamps"]) == 4
    assert {path: path.stat().st_mtime_ns for path in finished["stamps"]} == finished["stamps"]
    same = {key: value for key, value in finished["second"].items() if key != "corrections"}
    assert same == {key: value for key, value in finished["first"].items() if key != "corrections"}
    assert len(list(out.glob("corrected/*/evaluation/*/*/xquad-r/_manifest.json"))) == 2 * (1 + 4)


@pytest.mark.parametrize("method", ["shift", "centre"])
def test_numbers_are_those_of_debias_and_evaluate(finished, recipe, tmp_path, method, save_recipe):
    out, study = finished["out"], load_study(save_recipe(recipe))
    model = out / "model/mono/seed-1"
    debias(str(model), out / "correction-texts", DebiasSettings(method=method), tmp_path / "model")
    evaluate(str(tmp_path / "model"), study.evaluate[0], tmp_path / "evaluation")
    theirs = read_metrics(tmp_path / "evaluation")
    ours = read_metrics(out / f"corrected/{method}/evaluation/mono/seed-1/xquad-r")
    assert ours["mAP"] == pytest.approx(theirs["mAP"], abs=1e-9) and ours["bias"] == pytest.approx(theirs["bias"])
    plain = read_metrics(out / "evaluation/mono/seed-1/xquad-r")
    assert ours["mAP"]["Mul"] != pytest.approx(plain["mAP"]["Mul"], abs=1e-4)
    manifest = load_manifest(out / f"corrected/{method}/evaluation/mono/seed-1/xquad-r")
    assert manifest.settings["correction"]["method"] == method and manifest.info["lineage"]


def test_results_compare_corrected_arms(finished):
    content = finished["second"]
    found = content["corrections"]
    assert found["languages"] == ["deu_Latn", "eng_Latn"]
    arms = content["benchmarks"]["xquad-r"]["groups"]["all"]["arms"]
    for method in ("shift", "centre"):
        part = found["methods"][method]["xquad-r"]
        assert part["uncorrected"] == ["spa_Latn"] and list(part["arms"]) == list(arms)
        for arm, values in part["arms"].items():
            change = part["changes"][arm]["Mul"]["difference"]
            assert change == pytest.approx(values["Mul"]["value"] - arms[arm]["Mul"]["value"])
        both = [c for c in found["applied_to_all"] if c["correction"] == method]
        assert [(c["first"], c["second"], c["measure"]) for c in both][:2] == [
            ("hybrid", "mono", "Mul"),
            ("hybrid", "cross", "Mo"),
        ]
        for c in both:
            first, second = (part["arms"][c[side]][c["measure"]]["value"] for side in ("first", "second"))
            assert c["difference"] == pytest.approx(first - second)
        against = [c for c in found["against_plain"] if c["correction"] == method and c["second"] == "mono"]
        assert [c["measure"] for c in against] == ["Mul", "rank_distance"]
        expected = arms["hybrid"]["Mul"]["value"] - part["arms"]["mono"]["Mul"]["value"]
        assert against[0]["difference"] == pytest.approx(expected)


def test_text_answers_the_question(finished):
    content = finished["second"]
    answers = content["corrections"]["answers"]
    assert len(answers) == 2 * 3 and answers[0].startswith("With shift applied to all arms: ")
    assert answers[0] in summary(content)
    page = markdown(content)
    assert "Spanish left as they are" in page and "| hybrid with centre − mono with centre |" in page
    assert "| hybrid − mono with shift |" in page


def test_corrected_evaluations_are_a_folder_for_compare(finished):
    systems = find_systems(finished["out"] / "corrected/shift")
    assert [one.name for one in systems] == ["cross", "english", "hybrid", "mono", "untrained"]
    assert all(list(one.evaluations) == ["xquad-r"] for one in systems)


def test_one_that_is_missing_is_made_again_alone(finished, recipe, save_recipe, texts):
    later = load_study(save_recipe({**recipe, "seeds": [1], "corrections": ["shift", "centre"], "correct_from": texts}))
    out = finished["out"]
    assert all(done for _, done in pending(later, out))
    lost = out / "corrected/centre/evaluation/cross/seed-1/xquad-r"
    before = (lost / "per_query.parquet").read_bytes()
    shutil.rmtree(lost)
    assert [name for name, done in pending(later, out) if not done] == ["cross/seed-1"]
    run_study(later, out)
    assert (lost / "per_query.parquet").read_bytes() == before
    made = [k for k, v in json.loads((out / "study.json").read_text())["stages"].items() if v["state"] == "made"]
    assert made == ["evaluate cross/seed-1 xquad-r with centre"]


def test_without_files_the_study_s_corpus_is_read(recipe, save_recipe, tmp_path):
    recipe |= {"seeds": [1], "corrections": ["shift"], "arms": {"mono": {"shards": {"mode": "mono"}}}, "primary": []}
    found = run_study(load_study(save_recipe(recipe)), tmp_path / "study")["corrections"]
    assert found["languages"] == ["deu_Latn", "eng_Latn"] and found["answers"] == []


@pytest.mark.parametrize(
    ("correct_from", "message"),
    [
        ({"en": "nowhere.en", "de": "nowhere.de"}, "cannot be read"),
        ({"de": "dev.de", "es": "dev.es"}, "in English and at least one other"),
        ({"en": "xquad.en", "de": "xquad.de"}, "is for evaluation"),
    ],
)
def test_wrong_texts_are_refused_before_training(recipe, save_recipe, tmp_path, correct_from, message):
    with pytest.raises(UsageError, match=message):
        study = load_study(save_recipe({**recipe, "corrections": ["shift"], "correct_from": correct_from}), tmp_path)
        run_study(study, tmp_path / "study")
    assert not (tmp_path / "study/model").exists()
