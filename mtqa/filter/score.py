"""Scoring a language: every rule's score of every row, in the rules' order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.executor import Worker
from mtqa.core.progress import Progress
from mtqa.core.schema import ENGLISH, SCORES, Check
from mtqa.filter.checks import TEXT_CHECKS, Score, Sentences, check_passage
from mtqa.filter.join import Row, joined
from mtqa.filter.parallel import in_order
from mtqa.filter.profiles import Rule
from mtqa.filter.target import Target
from mtqa.filter.whole import Extra, Whole

REMEMBERED = 512
"""Texts whose scores are kept: rows of one passage stand near each other."""


@dataclass(frozen=True)
class TextPair:
    """A field of a row beside its source (None where there is none), with its sentences where they are known."""

    source: str | None
    target: str
    sentences: Sentences = ()


RowTexts = list[list[TextPair]]
"""A row's texts to judge, by field."""


def score_language(
    corpus: Corpus, facts: Target, rules: Sequence[Rule], bar: Progress, extra: Extra, folder: Path, workers: int = 1
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield (split, scores of its rows in file order, as a batch of the SCORES schema: n · rules rows).

    `extra` holds what checks beyond single texts need; what waits for all rows waits in `folder`. Single texts are
    scored in so many `workers`.
    """
    lang = facts.code
    whole = Whole(corpus, facts, rules, extra, folder)
    fields = tuple(dict.fromkeys(rule.field for rule in rules))
    load = partial(_scorer, facts, tuple(rules))
    for split in corpus.splits(lang):
        batches, number = joined(corpus, lang, split), corpus.rows(lang, split)
        for rows, found in in_order(load, batches, number, partial(_texts_of, fields=fields), workers):
            scores = np.array(found, np.float32).reshape(len(rows), len(rules))
            for column, values in whole.scores(rows).items():
                scores[:, column] = values
            if extra.semantic and lang != ENGLISH:
                for column, rule in enumerate(rules):
                    if rule.check == Check.SEMANTIC:
                        pairs = [pairs_of(row, source, rule.field) for row, source in rows]
                        scores[:, column] = _worst_of_rows(extra.semantic.scores, pairs, facts)
            bar.update(len(rows))
            yield split, score_batch([row["item_id"] for row, _ in rows], scores, rules)


def _texts_of(rows: Sequence[tuple[Row, Row | None]], fields: Sequence[str]) -> list[RowTexts]:
    return [[pairs_of(row, source, field) for field in fields] for row, source in rows]


def _scorer(facts: Target, rules: Sequence[Rule], place: str) -> Worker[list[RowTexts], list[list[float]]]:
    """Return a worker that scores rows' texts by every rule, the fields in the rules' order."""
    fields = dict.fromkeys(rule.field for rule in rules)
    checks = {field: [rule.check for rule in rules if rule.field == field] for field in fields}
    memory: dict[tuple[str, TextPair], list[float]] = {}

    def work(tasks: Iterable[list[RowTexts]]) -> Iterator[list[list[float]]]:
        for rows in tasks:
            yield [_score_row(row, checks, facts, memory) for row in rows]

    return work


def score_batch(item_ids: Sequence[str], scores: np.ndarray, rules: Sequence[Rule]) -> pa.RecordBatch:
    """Return scores (n, rules) as n · rules rows of the SCORES schema, NaN as null."""
    n = len(item_ids)
    arrays = [
        pa.array(np.repeat(np.array(item_ids, object), len(rules)), pa.string()),
        pa.array([rule.field for rule in rules] * n, pa.string()),
        pa.array([str(rule.check) for rule in rules] * n, pa.string()),
        pa.array(scores.ravel(), pa.float32(), from_pandas=True),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCORES)


class ScoreReader:
    """Reads stored scores row by row: the inverse of `score_batch`. Files and row groups may end within a row."""

    def __init__(self, paths: Iterable[Path], width: int) -> None:
        self._batches = (batch for path in paths for batch in read_batches(path, ["score"], width * 8192))
        self._width = width
        self._left = np.zeros(0, np.float32)

    def take(self, rows: int) -> np.ndarray:
        """Return the next rows' scores (rows, width) float32, NaN where a check abstained."""
        parts, missing = [self._left], rows * self._width - len(self._left)
        while missing > 0:
            scores = next(self._batches).column("score").to_numpy(zero_copy_only=False).astype(np.float32)
            parts.append(scores)
            missing -= len(scores)
        found = np.concatenate(parts)
        self._left = found[rows * self._width :]
        return found[: rows * self._width].reshape(rows, self._width)


def text_score(check: Check, lang: Target) -> Score | None:
    """Return the function that scores texts of a language; None where there is none or it needs more than a text."""
    known = TEXT_CHECKS.get(check)
    return known.score if known and (lang.code != ENGLISH or known.english) else None


def score_text(check: Check, pair: TextPair, lang: Target) -> float:
    """Return one check's score of a text, NaN where it abstains or needs more than the text."""
    known = TEXT_CHECKS.get(check)
    if known is None or (lang.code == ENGLISH and not known.english):
        return np.nan
    if pair.sentences:
        score = check_passage(known, pair.source, pair.target, pair.sentences, lang)
    else:
        score = known.score(pair.source, pair.target, lang)
    return np.nan if score is None else score


def pairs_of(row: Row, source: Row | None, field: str) -> list[TextPair]:
    """Return a field's texts to judge: one, for answers one each; none where the row has no such field."""
    if field in ("question", "passage"):
        if row[field] is None and not (source and source[field]):
            return []
        text = row[field] or ""
        return [
            TextPair(source[field] if source else None, text, _sentences(row, source) if field == "passage" else ())
        ]
    if field == "answer":
        ours = [answer["text"] or "" for answer in row["answers"]]
        theirs = [answer["text"] for answer in source["answers"]] if source else [None] * len(ours)
        ours += [""] * (len(theirs) - len(ours))
        theirs += [None] * (len(ours) - len(theirs))
        return list(dict.fromkeys(TextPair(s, t) for s, t in zip(theirs, ours, strict=True)))
    return []


def _score_row(
    row: RowTexts,
    checks: Mapping[str, Sequence[Check]],
    lang: Target,
    memory: dict[tuple[str, TextPair], list[float]],
) -> list[float]:
    scores: list[float] = []
    for pairs, (field, made) in zip(row, checks.items(), strict=True):
        if not pairs:
            scores += [np.nan] * len(made)
            continue
        found = []
        for pair in pairs:
            known = memory.get((field, pair))
            if known is None:
                if len(memory) >= REMEMBERED:
                    memory.clear()
                known = memory[field, pair] = [score_text(check, pair, lang) for check in made]
            found.append(known)
        scores += found[0] if len(found) == 1 else [_worst(column) for column in zip(*found, strict=True)]
    return scores


def _worst(scores: Sequence[float]) -> float:
    known = [score for score in scores if score == score]
    return max(known) if known else np.nan


def _worst_of_rows(scorer: object, rows: Sequence[Sequence[TextPair]], lang: Target) -> list[float]:
    """Return the worst semantic score of each row's texts, and of their sentences where these are known."""
    flat = [(n, s, t) for n, pairs in enumerate(rows) for pair in pairs for s, t in _texts(pair)]
    values = scorer([(s, t) for _, s, t in flat], lang)  # type: ignore[operator]
    worst = [np.nan] * len(rows)
    for (n, _, _), value in zip(flat, values, strict=True):
        worst[n] = _worst([worst[n], value])
    return worst


def _texts(pair: TextPair) -> list[tuple[str, str]]:
    return [(pair.source, pair.target), *pair.sentences] if pair.source and pair.target else []


def _sentences(row: Row, source: Row | None) -> Sentences:
    """Return the passage's sentence pairs that translate wrote down."""
    segments = (row["mt"] or {}).get("segments") or []
    if source is None or not source["passage"] or not row["passage"]:
        return ()
    return tuple(
        (
            source["passage"][segment["source_start"] : segment["source_end"]],
            row["passage"][segment["target_start"] : segment["target_end"]],
        )
        for segment in segments
    )
