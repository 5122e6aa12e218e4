from __future__ import annotations

import pytest

from mtqa.core.errors import UsageError
from mtqa.core.recipe import parse
from mtqa.core.schema import Check
from mtqa.filter.checks import TEXT_CHECKS
from mtqa.filter.profiles import RowRules, TextRules, load_rules
from mtqa.filter.report import UPPER
from mtqa.filter.settings import FilterSettings


def test_default_profile_names_every_check_and_does_not_drop_for_answers():
    name, rules = load_rules(FilterSettings())
    assert name == "default"
    assert {rule.check for rule in rules} == set(TEXT_CHECKS) | {Check.DUPLICATE, Check.CONFLICT}
    assert {rule.field for rule in rules if rule.drops} == {"row", "question", "passage"}
    fields = {field.alias or name for rules in (TextRules, RowRules) for name, field in rules.model_fields.items()}
    assert fields == set(UPPER) == set(Check) - {Check.GROUP}


def test_thresholds_change_and_leave_out():
    _, rules = load_rules(FilterSettings(thresholds={"question.length_ratio": 1.3, "passage.numbers": None}))
    found = {rule.name: rule.threshold for rule in rules}
    assert found["question.length_ratio"] == 1.3 and "passage.numbers" not in found


def test_a_profile_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ndrop: [answer]\nanswer: {empty: 0.5, copy: 2}\n")
    name, rules = load_rules(FilterSettings(profile=str(path)))
    assert name == "mine"
    assert [(r.name, r.threshold, r.drops) for r in rules] == [("answer.empty", 0.5, True), ("answer.copy", 2, True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question: {langage: 1}", "Did you mean 'language'"),
        ("question: {language: much}", "question.language"),
        ("answer: {duplicate: 3}", "duplicate"),
        ("drop: [titles]", "drop"),
        ("- 1", "mapping"),
        ("a: [", "not valid YAML"),
        ("name: nothing", "no check"),
    ],
)
def test_wrong_profiles_are_usage_errors(tmp_path, text, message):
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_rules(FilterSettings(profile=str(path)))


def test_wrong_settings_are_usage_errors():
    with pytest.raises(UsageError, match=r"question\.length_ratio"):
        load_rules(FilterSettings(thresholds={"question.lenght_ratio": 1}))
    with pytest.raises(UsageError, match="no file"):
        load_rules(FilterSettings(profile="nowhere.yaml"))
    with pytest.raises(UsageError, match="group"):
        parse(FilterSettings, {"group": "most"}, "test")
    assert parse(FilterSettings, {"group": {"min_languages": 2}}, "test").group == "min_languages:2"
