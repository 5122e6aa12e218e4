"""Strict settings and what their errors say."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError, model_validator

from mtqa.core.errors import UsageError
from mtqa.core.recipe import Settings, load_yaml, parse


class Inner(Settings):
    threshold: float = Field(0.5, ge=0, le=1)


class Outer(Settings):
    name: str
    batch_size: int = 100
    rate: float = Field(1.0, ge=0)
    inner: Inner = Inner()
    many: list[Inner] = Field(default_factory=list)

    @model_validator(mode="after")
    def _even(self) -> Outer:
        if self.batch_size % 2:
            raise ValueError("the batch size must be even")
        return self


def message(values: object) -> str:
    with pytest.raises(UsageError) as error:
        parse(Outer, values, "recipe.yaml")
    assert error.value.where == "recipe.yaml"
    return error.value.what


def test_values_become_settings_that_do_not_change_and_record_as_json() -> None:
    settings = parse(Outer, {"name": "x", "inner": {"threshold": 0.25}}, "r")
    assert settings.record() == {"name": "x", "batch_size": 100, "rate": 1.0, "inner": {"threshold": 0.25}, "many": []}
    with pytest.raises(ValidationError):
        settings.name = "y"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"name": "x", "batchsize": 8}, "Unknown key 'batchsize'. Did you mean 'batch_size'? Known keys: "),
        ({"name": "x", "zzz": 8}, "Unknown key 'zzz'. Known keys: batch_size, inner, many, name, rate."),
        ({"name": "x", "inner": {"treshold": 1}}, "'inner.treshold'. Did you mean 'threshold'? Known keys: threshold."),
        ({"name": "x", "many": [{}, {"treshold": 1}]}, "'many.1.treshold'. Did you mean 'threshold'?"),
        ({}, "The key 'name' is missing."),
        ({"name": "x", "inner": {"threshold": 2}}, "'inner.threshold' is 2: input should be less than or equal to 1."),
        ({"name": "x", "batch_size": 3}, "The batch size must be even."),
        (None, "not a mapping"),
        (["name"], "not a mapping"),
    ],
)
def test_errors_name_the_key_and_the_nearest_known_one(values: object, text: str) -> None:
    assert text in message(values)


def test_numbers_are_finite() -> None:
    for number in (float("inf"), float("nan")):
        assert f"'rate' is {number}: input should be" in message({"name": "x", "rate": number})


def test_all_problems_are_listed_at_once() -> None:
    assert len(message({"inner": {"threshold": -1}, "batch_size": "many", "nam": 1}).splitlines()) == 4


def test_yaml_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: ü\nlist: [1, 2.5]\n", encoding="utf-8")
    assert load_yaml(path) == {"name": "ü", "list": [1, 2.5]}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"a: 1\nb: [1\n", ":3"),
        (b"a: \xff\xfe", "r.yaml"),
        (b"a: !!python/object:os.system x", ":1"),
        (b"a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", ":5"),
        (b"a: 2024-13-01", "r.yaml"),
        (b"[" * 9999, "r.yaml"),
    ],
    ids=["unclosed", "not UTF-8", "an object", "a key twice", "no such day", "too deep"],
)
def test_bad_yaml_names_the_line_and_runs_nothing(tmp_path: Path, content: bytes, where: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not valid YAML") as error:
        load_yaml(path)
    assert (error.value.where or "").endswith(where)


def test_a_key_may_override_a_merged_one(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("usual: &usual {a: 1, b: 2}\narm:\n  <<: *usual\n  b: 3\n'1': text\n1: number\n", encoding="utf-8")
    assert load_yaml(path) == {"usual": {"a": 1, "b": 2}, "arm": {"a": 1, "b": 3}, "1": "text", 1: "number"}


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        load_yaml(tmp_path / "none.yaml")
