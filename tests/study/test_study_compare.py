import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mtqa.cli.compare import command
from mtqa.core.errors import UsageError
from mtqa.evaluate.lareqa import data_files, load
from mtqa.evaluate.run import evaluate
from mtqa.evaluate.settings import EvaluateSettings
from mtqa.study.compare import compare, find_systems

app = typer.Typer()
app.command()(command)


@pytest.fixture(scope="module")
def evaluations(benchmark, tmp_path_factory):
    """Two systems of random vectors, `close` nearer to the truth than `far`."""
    root = tmp_path_factory.mktemp("evaluations")
    found = load("xquad-r", data_files(benchmark, "xquad-r"))
    random = np.random.default_rng(0)
    candidates = random.standard_normal((len(found.candidates), 16))
    own = found.gold[np.arange(len(found.queries)), found.query_languages]
    for name, noise in (("close", 0.3), ("far", 3.0)):
        queries = candidates[own] + noise * random.standard_normal((len(own), 16))
        np.savez(root / f"{name}.npz", queries=queries, candidates=candidates)
        settings = EvaluateSettings(data=str(benchmark), vectors=str(root / f"{name}.npz"), resamples=100)
        evaluate(None, settings, root / "evaluation" / name / "xquad-r")
    return root


def test_differences_agree_with_evaluate_s_own(evaluations):
    from mtqa.evaluate.bootstrap import paired_difference

    folders = [evaluations / "evaluation" / name for name in ("close", "far")]
    found = compare([s for f in folders for s in find_systems(f)], resamples=500)["xquad-r"]
    for d in [d for d in found["differences"] if d["group"] == "all"]:
        theirs = paired_difference(folders[0] / "xquad-r", folders[1] / "xquad-r", d["measure"])
        assert d["difference"] == pytest.approx(theirs.difference)
        assert d["interval"] == pytest.approx(theirs.interval, abs=0.1 * abs(theirs.difference) + 0.01)
    mo = next(d for d in found["differences"] if d["measure"] == "Mo" and d["group"] == "all")
    assert mo["verdict"] == "better" and mo["p_sign_flip"] < 0.01
    by_language = [d for d in found["differences"] if d["measure"] == "Mo" and d["group"] != "all"]
    assert sum(d["difference"] for d in by_language) / 3 == pytest.approx(mo["difference"])


def test_a_run_folder_stands_for_its_arms(evaluations):
    result = CliRunner().invoke(app, [str(evaluations), "--resamples", "200", "--languages"])
    assert result.exit_code == 0, result.output
    assert "close − far" in result.stdout and "Spanish" in result.stdout
    result = CliRunner().invoke(app, [str(evaluations), "--resamples", "200", "--json"])
    assert set(json.loads(result.stdout)["xquad-r"]["systems"]) == {"close", "far"}


def test_what_cannot_be_compared_is_refused(evaluations, benchmark, tmp_path):
    with pytest.raises(UsageError, match="holds no evaluation"):
        find_systems(tmp_path)
    close = find_systems(evaluations / "evaluation/close/xquad-r")
    with pytest.raises(UsageError, match="only one system"):
        compare(close)
    with pytest.raises(UsageError, match="Two systems are called 'xquad-r'"):
        compare([*close, *find_systems(evaluations / "evaluation/far/xquad-r")])
    lines = load("xquad-r", data_files(benchmark, "xquad-r", ["eng_Latn", "deu_Latn"]))
    np.savez(
        tmp_path / "v.npz", queries=np.ones((len(lines.queries), 2)), candidates=np.ones((len(lines.candidates), 2))
    )
    other = EvaluateSettings(
        data=str(benchmark), languages=["en", "de"], vectors=str(tmp_path / "v.npz"), resamples=100
    )
    evaluate(None, other, tmp_path / "two")
    with pytest.raises(UsageError, match=r"cannot be compared .*languages"):
        compare([*close, *find_systems(tmp_path / "two")])
