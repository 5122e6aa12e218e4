"""Profiles: which checks judge which field, with which thresholds."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from mtqa.core.errors import UsageError
from mtqa.core.recipe import Settings, load_yaml, parse
from mtqa.core.schema import Check
from mtqa.filter.settings import FilterSettings

DEFAULT = Path(__file__).with_name("default.yaml")
FieldName = Literal["row", "question", "passage", "answer"]
FIELDS: tuple[FieldName, ...] = ("row", "question", "passage", "answer")
Threshold = float | None


class TextRules(Settings):
    """Highest scores kept in a text field; a check that is left out is not made."""

    empty: Threshold = None
    length_ratio: Threshold = None
    language: Threshold = None
    script: Threshold = None
    copy_: Threshold = Field(default=None, alias="copy")
    repetition: Threshold = None
    numbers: Threshold = None
    cut_off: Threshold = None
    duplicate: Threshold = None


class AnswerRules(TextRules):
    """As `TextRules`, but many answers are rightly the same: there is no `duplicate`."""

    duplicate: None = None


class RowRules(Settings):
    """Highest scores kept in a whole row."""

    duplicate: Threshold = None


class Profile(Settings):
    """A profile file."""

    name: str = Field("custom", pattern=r"^[\w.-]+$")
    drop: tuple[FieldName, ...] = ("row", "question", "passage")
    row: RowRules = RowRules()
    question: TextRules = TextRules()
    passage: TextRules = TextRules()
    answer: AnswerRules = AnswerRules()


@dataclass(frozen=True)
class Rule:
    """One check of one field: rows with a score above `threshold` fail it; `drops` says whether they leave."""

    field: str
    check: Check
    threshold: float
    drops: bool

    @property
    def name(self) -> str:
        """`FIELD.CHECK`, as in reports and in the setting `thresholds`."""
        return f"{self.field}.{self.check}"


def load_rules(settings: FilterSettings) -> tuple[str, list[Rule]]:
    """Return a profile's name and its rules in a fixed order, with the settings' thresholds put in.

    Raises UsageError for a missing or wrong profile and for thresholds of unknown names.
    """
    path = DEFAULT if settings.profile == "default" else Path(settings.profile)
    profile = parse(Profile, load_yaml(path), path)
    thresholds = {
        f"{field}.{check}": value
        for field in FIELDS
        for check, value in getattr(profile, field).model_dump(by_alias=True).items()
    }
    for name, value in settings.thresholds.items():
        if name not in thresholds or name == "answer.duplicate":
            near = difflib.get_close_matches(name, list(thresholds), n=1)
            raise UsageError(
                f"There is no check '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""),
                where="thresholds",
                expected="FIELD.CHECK, one of " + ", ".join(n for n in thresholds if n != "answer.duplicate"),
            )
        thresholds[name] = value
    rules = []
    for name, value in thresholds.items():
        if value is None:
            continue
        if not math.isfinite(value):
            raise UsageError(f"The threshold of '{name}' is {value}.", where="thresholds", expected="a number")
        field, check = name.split(".")
        rules.append(Rule(field, Check(check), value, field in profile.drop))
    if not rules:
        raise UsageError("The profile makes no check.", where=path, expected="at least one threshold")
    return profile.name, rules
