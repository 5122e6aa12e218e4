"""The registry of checks: what each computes, on whole fields or sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mtqa.core.schema import Check
from mtqa.filter.align import added_sentence, missing_sentence
from mtqa.filter.chatter import chatter
from mtqa.filter.copied import copied_run
from mtqa.filter.cutoff import cut_off
from mtqa.filter.damage import encoding_damage
from mtqa.filter.empty import symbol_share
from mtqa.filter.form import odd_form
from mtqa.filter.language import wrong_language
from mtqa.filter.length import length_ratio
from mtqa.filter.markup import leftover_markup
from mtqa.filter.numbers import unmatched_numbers
from mtqa.filter.protected import lost_placeholders, lost_urls
from mtqa.filter.question import answered
from mtqa.filter.repetition import repetition
from mtqa.filter.script import wrong_script
from mtqa.filter.target import Target

Score = Callable[[str | None, str, Target], float | None]
"""source, translation, target language → score, the higher the worse; None where the check abstains."""
Sentences = tuple[tuple[str, str], ...]
"""Sentences of a passage beside their translations."""


@dataclass(frozen=True)
class TextCheck:
    """A check of one text beside its source.

    `by_sentence`: where the translation's sentences are known, the worst sentence's score is the field's, if it is
    worse than the whole's. `english`: applies to English rows too, which have no source.
    """

    score: Score
    by_sentence: bool = False
    english: bool = False


TEXT_CHECKS: dict[Check, TextCheck] = {
    Check.EMPTY: TextCheck(symbol_share, english=True),
    Check.LENGTH_RATIO: TextCheck(length_ratio, by_sentence=True),
    Check.LANGUAGE: TextCheck(wrong_language),
    Check.SCRIPT: TextCheck(wrong_script),
    Check.COPY: TextCheck(copied_run),
    Check.REPETITION: TextCheck(repetition, by_sentence=True),
    Check.NUMBERS: TextCheck(unmatched_numbers),
    Check.CUT_OFF: TextCheck(cut_off),
    Check.ENCODING: TextCheck(encoding_damage, english=True),
    Check.MARKUP: TextCheck(leftover_markup, english=True),
    Check.URLS: TextCheck(lost_urls),
    Check.PLACEHOLDERS: TextCheck(lost_placeholders),
    Check.MISSING_SENTENCE: TextCheck(missing_sentence),
    Check.ADDED_SENTENCE: TextCheck(added_sentence),
    Check.CHATTER: TextCheck(chatter),
    Check.ANSWERED: TextCheck(answered),
    Check.FORM: TextCheck(odd_form),
}
"""Checks of a single text. `duplicate` and `group` need all rows (duplicates.py, decide.py)."""


def check_passage(
    check: TextCheck, source: str | None, target: str, sentences: Sentences, lang: Target
) -> float | None:
    """Return one check's score of a passage: the worst of the whole and, for such checks, of its sentences."""
    scores = [check.score(source, target, lang)]
    if check.by_sentence:
        scores += [check.score(s, t, lang) for s, t in sentences]
    known = [score for score in scores if score is not None]
    return max(known) if known else None
