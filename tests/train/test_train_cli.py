import json

import typer
from typer.testing import CliRunner

from mtqa.cli.train import command
from mtqa.train.settings import TrainSettings

app = typer.Typer()
app.command()(command)


def test_options_are_the_settings(shards, encoder, tmp_path):
    import inspect

    options = set(inspect.signature(command).parameters) - {"shards", "out", "overwrite", "json"}
    assert options == set(TrainSettings.model_fields)
    for name, field in TrainSettings.model_fields.items():
        default = inspect.signature(command).parameters[name].default
        assert default == (field.get_default(call_default_factory=True) or None) or default == field.default


def test_trains_and_prints_counts(shards, encoder, tmp_path):
    arguments = [str(shards), "--encoder", str(encoder), "--steps", "2", "--learning-rate", "1e-3", "--device", "cpu"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "model"), "--json"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["steps"] == 2 and printed["pairs"] == 16 and printed["final_loss"] > 0
    again = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "model")])
    assert "2 steps, 16 pairs, loss" in again.stdout
