"""Scoring a language: every rule's score of every row, in the rules' order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.progress import Progress
from mtqa.core.schema import ENGLISH, SCORES, Check
from mtqa.filter import duplicates
from mtqa.filter.checks import TEXT_CHECKS, Sentences, check_passage, check_text
from mtqa.filter.join import Row, joined
from mtqa.filter.profiles import Rule
from mtqa.filter.target import Target

REMEMBERED = 4096


@dataclass(frozen=True)
class TextPair:
    """A field of a row beside its source (None where there is none), with its sentences where they are known."""

    source: str | None
    target: str
    sentences: Sentences = ()


def score_language(
    corpus: Corpus, facts: Target, rules: Sequence[Rule], bar: Progress
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield (split, scores of its rows in file order, as a batch of the SCORES schema: n · rules rows)."""
    lang = facts.code
    whole = _whole_language(corpus, lang, rules)
    memory: dict[tuple[str, TextPair], list[float]] = {}
    start = 0
    for split in corpus.splits(lang):
        for rows in joined(corpus, lang, split):
            scores = np.array([_score_row(row, source, rules, facts, memory) for row, source in rows], np.float32)
            scores = scores.reshape(len(rows), len(rules))
            for column, values in whole.items():
                scores[:, column] = values[start : start + len(rows)]
            start += len(rows)
            bar.update(len(rows))
            yield split, score_batch([row["item_id"] for row, _ in rows], scores, rules)


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
    """Reads stored scores row by row: the inverse of `score_batch`."""

    def __init__(self, paths: Iterable[Path], width: int) -> None:
        self._batches = (batch for path in paths for batch in read_batches(path, ["score"], width * 8192))
        self._width = width
        self._left = np.zeros((0, width), np.float32)

    def take(self, rows: int) -> np.ndarray:
        """Return the next rows' scores (rows, width) float32, NaN where a check abstained."""
        parts = [self._left]
        while sum(map(len, parts)) < rows:
            scores = next(self._batches).column("score").to_numpy(zero_copy_only=False)
            parts.append(scores.astype(np.float32).reshape(-1, self._width))
        all_of_them = np.concatenate(parts)
        self._left = all_of_them[rows:]
        return all_of_them[:rows]


def _score_row(
    row: Row, source: Row | None, rules: Sequence[Rule], lang: Target, memory: dict[tuple[str, TextPair], list[float]]
) -> list[float]:
    scores: list[float] = []
    for field in dict.fromkeys(rule.field for rule in rules):
        checks = [rule.check for rule in rules if rule.field == field]
        pairs = _pairs(row, source, field)
        if not pairs:
            scores += [np.nan] * len(checks)
            continue
        found = []
        for pair in pairs:
            known = memory.get((field, pair))
            if known is None:
                if len(memory) >= REMEMBERED:
                    memory.clear()
                known = memory[field, pair] = [_score_text(check, pair, lang) for check in checks]
            found.append(known)
        scores += found[0] if len(found) == 1 else [_worst(column) for column in zip(*found, strict=True)]
    return scores


def _score_text(check: Check, pair: TextPair, lang: Target) -> float:
    known = TEXT_CHECKS.get(check)
    if known is None or (lang.code == ENGLISH and not known.english):
        return np.nan
    if pair.sentences:
        score = check_passage(check, pair.source, pair.target, pair.sentences, lang)
    else:
        score = check_text(check, pair.source, pair.target, lang)
    return np.nan if score is None else score


def _worst(scores: Sequence[float]) -> float:
    known = [score for score in scores if score == score]
    return max(known) if known else np.nan


def _pairs(row: Row, source: Row | None, field: str) -> list[TextPair]:
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


def _whole_language(corpus: Corpus, lang: str, rules: Sequence[Rule]) -> dict[int, np.ndarray]:
    """Return the scores of the duplicate rules by column, which need a pass over all rows of the language."""
    columns = {n: rule.field for n, rule in enumerate(rules) if rule.check == Check.DUPLICATE}
    keys: dict[str, list[int]] = {name: [] for name in ("row", "question", "passage", "from question", "from passage")}
    if not columns:
        return {}
    for split in corpus.splits(lang):
        for rows in joined(corpus, lang, split):
            for row, source in rows:
                answers = [answer["text"] for answer in row["answers"]]
                keys["row"].append(duplicates.key(row["question"], row["passage"], *answers))
                for field in ("question", "passage"):
                    keys[field].append(duplicates.key(row[field]))
                    keys[f"from {field}"].append(duplicates.source_key((source or row)[field] or ""))
    scores = {}
    for column, field in columns.items():
        if field == "row":
            scores[column] = duplicates.repeats(keys["row"])
        else:
            scores[column] = duplicates.sources_of_each(keys[field], keys[f"from {field}"])
    return scores
