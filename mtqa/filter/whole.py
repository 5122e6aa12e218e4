"""Scores that need more than one text: duplicates, conflicts, test sets, model scores, translations back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtqa.core.corpus import Corpus
from mtqa.core.schema import ENGLISH, Check, Flag
from mtqa.filter import duplicates
from mtqa.filter.contamination import HeldOut
from mtqa.filter.join import Row, joined
from mtqa.filter.profiles import Rule
from mtqa.filter.target import Target

if TYPE_CHECKING:
    from mtqa.filter.roundtrip import Back
    from mtqa.filter.semantic import Semantic


@dataclass(frozen=True)
class Extra:
    """What checks beyond single texts need: None where the check is not made."""

    semantic: Semantic | None = None
    tests: HeldOut | None = None
    back: Back | None = None


ALL_ROWS = frozenset({Check.DUPLICATE, Check.NEAR_DUPLICATE, Check.CONFLICT, Check.MODEL_SCORE})
ONE_ROW = frozenset({Check.CONTAMINATION, Check.HIT_LIMIT, Check.ROUND_TRIP})


def extra_scores(corpus: Corpus, facts: Target, rules: Sequence[Rule], extra: Extra) -> dict[int, np.ndarray]:
    """Return the scores (rows,) of a language's rows by column of the rules; one or no pass over the language."""
    columns = {n: rule for n, rule in enumerate(rules) if rule.check in ALL_ROWS | ONE_ROW}
    if not columns:
        return {}
    collectors = {n: _collector(rule, facts, extra) for n, rule in columns.items()}
    for split in corpus.splits(facts.code):
        for rows in joined(corpus, facts.code, split):
            for collector in collectors.values():
                for row, source in rows:
                    collector.add(row, source)
    return {n: collector.scores() for n, collector in collectors.items()}


class _Each:
    """Scores rows one by one."""

    def __init__(self, score: Callable[[Row, Row | None], float]) -> None:
        self._score, self._found = score, array("f")

    def add(self, row: Row, source: Row | None) -> None:
        self._found.append(self._score(row, source))

    def scores(self) -> np.ndarray:
        return np.array(self._found, np.float32)


class _Shared:
    """Counts the sources of each translation of a field."""

    def __init__(self, field: str) -> None:
        self._field, self._targets, self._sources = field, array("Q"), array("Q")

    def add(self, row: Row, source: Row | None) -> None:
        self._targets.append(duplicates.key(row[self._field]))
        self._sources.append(duplicates.source_key((source or row)[self._field] or ""))

    def scores(self) -> np.ndarray:
        return duplicates.sources_of_each(self._targets, self._sources)


class _Repeats:
    """Finds rows that equal an earlier one."""

    def __init__(self) -> None:
        self._rows = array("Q")

    def add(self, row: Row, source: Row | None) -> None:
        answers = [answer["text"] for answer in row["answers"]]
        self._rows.append(duplicates.key(row["question"], row["passage"], *answers))

    def scores(self) -> np.ndarray:
        return duplicates.repeats(self._rows)


class _Conflicts:
    """Finds questions on one passage that became equal in translation though they are answered otherwise."""

    def __init__(self) -> None:
        self._places, self._questions, self._answers = array("Q"), array("Q"), array("Q")

    def add(self, row: Row, source: Row | None) -> None:
        english = source or row
        self._places.append(duplicates.key(row["question"], row["passage"]))
        self._questions.append(duplicates.source_key(english["question"]))
        self._answers.append(duplicates.key(*(answer["text"] for answer in english["answers"])))

    def scores(self) -> np.ndarray:
        questions = duplicates.sources_of_each(self._places, self._questions)
        answers = duplicates.sources_of_each(self._places, self._answers)
        return np.where(questions > 1, answers - 1, 0).astype(np.float32)


class _Quantiles:
    """Ranks model scores: the share of the language's rows that the model was surer of."""

    def __init__(self, field: str) -> None:
        self._field, self._found = f"{field}_score", array("f")

    def add(self, row: Row, source: Row | None) -> None:
        score = (row["mt"] or {}).get(self._field)
        self._found.append(np.nan if score is None else score)

    def scores(self) -> np.ndarray:
        values = np.array(self._found, np.float32)
        known = np.sort(values[~np.isnan(values)])
        shares = 1 - np.searchsorted(known, values, side="right") / max(len(known), 1)
        return np.where(np.isnan(values), np.nan, shares).astype(np.float32)


_Collector = _Each | _Shared | _Repeats | _Conflicts | _Quantiles | duplicates.Near


def _collector(rule: Rule, facts: Target, extra: Extra) -> _Collector:
    english = facts.code == ENGLISH
    if rule.check == Check.DUPLICATE:
        return _Repeats() if rule.field == "row" else _Shared(rule.field)
    if rule.check == Check.NEAR_DUPLICATE:
        return duplicates.Near()
    if rule.check == Check.CONFLICT:
        return _Conflicts()
    if rule.check == Check.MODEL_SCORE:
        return _Quantiles(rule.field)
    if rule.check == Check.HIT_LIMIT:
        return _Each(lambda row, source: float(Flag.HIT_LIMIT in ((row["mt"] or {}).get("flags") or ())))
    if rule.check == Check.CONTAMINATION and extra.tests is not None:
        tests = extra.tests
        return _Each(lambda row, source: tests.overlap(row["question"], row["passage"]))
    if rule.check == Check.ROUND_TRIP and extra.back is not None and not english:
        back = extra.back
        return _Each(lambda row, source: back.score(row["item_id"], facts.code, rule.field, source))
    return _Each(lambda row, source: np.nan)
