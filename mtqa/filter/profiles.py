"""Profiles: which checks judge which field, with which thresholds."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from mtqa.core.errors import UsageError
from mtqa.core.recipe import Settings, load_yaml, parse
from mtqa.core.schema import Check
from mtqa.filter.settings import FilterSettings

DEFAULT = Path(__file__).with_name("default.yaml")
FieldName = Literal["row", "question", "passage", "answer", "sentence"]
FIELDS: tuple[FieldName, ...] = ("row", "question", "passage", "answer")
"""Fields of a corpus's rows."""
PAIR_FIELDS: tuple[FieldName, ...] = ("question", "passage", "answer", "sentence")
"""Fields of a table of pairs."""
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
    encoding: Threshold = None
    markup: Threshold = None
    urls: Threshold = None
    placeholders: Threshold = None
    missing_sentence: Threshold = None
    added_sentence: Threshold = None
    chatter: Threshold = None
    answered: Threshold = None
    form: Threshold = None
    semantic: Threshold = None
    round_trip: Threshold = None
    model_score: Threshold = None
    duplicate: Threshold = None


class AnswerRules(TextRules):
    """As `TextRules`, but many answers are rightly the same: there is no `duplicate`."""

    duplicate: None = None


class RowRules(Settings):
    """Highest scores kept in a whole row."""

    duplicate: Threshold = None
    near_duplicate: Threshold = None
    conflict: Threshold = None
    contamination: Threshold = None
    hit_limit: Threshold = None


class Profile(Settings):
    """A profile file."""

    name: str = Field("custom", pattern=r"^[\w.-]+$")
    drop: tuple[FieldName, ...] = ("row", "question", "passage")
    row: RowRules = RowRules()
    question: TextRules = TextRules()
    passage: TextRules = TextRules()
    answer: AnswerRules = AnswerRules()
    sentence: TextRules = TextRules()


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


def load_rules(settings: FilterSettings, fields: Sequence[FieldName] = FIELDS) -> tuple[str, list[Rule]]:
    """Return a profile's name and its rules of some fields in a fixed order, with the settings' thresholds put in.

    Rules that nothing was set for are left out: `semantic` without an encoder, `round_trip` without translations back,
    `contamination` without test sets.

    Raises UsageError for a missing or wrong profile and for thresholds of unknown names.
    """
    path = DEFAULT if settings.profile == "default" else Path(settings.profile)
    profile = parse(Profile, load_yaml(path), path)
    thresholds = {
        f"{field}.{check}": value
        for field in (*FIELDS, "sentence")
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
        if field not in fields or not _possible(Check(check), settings):
            continue
        rules.append(Rule(field, Check(check), value, field in profile.drop))
    if settings.round_trip and Check.ROUND_TRIP not in {rule.check for rule in rules}:
        raise UsageError(
            "There are translations back, but no threshold for them.",
            where=settings.round_trip,
            expected="the highest 1 - chrF that is kept",
            next_step="add --threshold question.round_trip=0.7, or a profile with one",
        )
    if not rules:
        raise UsageError("The profile makes no check.", where=path, expected="at least one threshold")
    return profile.name, rules


def _possible(check: Check, settings: FilterSettings) -> bool:
    needs = {
        Check.SEMANTIC: settings.encoder,
        Check.ROUND_TRIP: settings.round_trip,
        Check.CONTAMINATION: settings.contamination,
    }
    return bool(needs.get(check, True))
