"""Judging any parallel text: a table of pairs in, a decision for each of its rows out."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.errors import UsageError
from mtqa.core.executor import Load, Worker
from mtqa.core.languages import resolve
from mtqa.core.progress import progress
from mtqa.core.schema import Check
from mtqa.filter.checks import Score
from mtqa.filter.duplicates import key, source_key, sources_of_each
from mtqa.filter.job import target_of
from mtqa.filter.parallel import in_order
from mtqa.filter.profiles import PAIR_FIELDS, Rule, load_rules
from mtqa.filter.score import TextPair, score_text, text_score
from mtqa.filter.semantic import SAMPLE, Semantic
from mtqa.filter.settings import FilterSettings
from mtqa.filter.spill import Floats, Grouped
from mtqa.filter.table import as_text, read_rows
from mtqa.filter.target import Target, unlisted

COLUMNS = ("id", "source", "translation", "lang", "field")
BATCH = 2048
DIGITS = 4
Text = tuple[str, Target, str | None, str]
"""Field, language, source and translation."""
TAG = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")


@dataclass
class Counts:
    """Rows and kept rows by language and field, and how often each reason was given."""

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-like values."""
        return {
            "rows": self.rows.total(),
            "kept": self.kept.total(),
            "groups": [
                {
                    "lang": lang,
                    "field": name,
                    "rows": rows,
                    "kept": self.kept[lang, name],
                    "reasons": {r: n for (a, b, r), n in sorted(self.reasons.items()) if (a, b) == (lang, name)},
                }
                for (lang, name), rows in sorted(self.rows.items())
            ],
        }


def judge_pairs(pairs: Path, settings: FilterSettings, out: Path) -> Counts:
    """Judge a table with the columns id, source, translation, lang and field; write a decision a line to `out`.

    `field` is question, answer, sentence or passage; a missing translation is an empty one. Each line of `out` is JSON:
    `id`; `keep`; `reasons`, the names of the checks that the row fails; `scores` by check, null where it abstains.
    Lines are in the table's order; memory does not grow with the rows. Raises UsageError for an empty table, and
    one that names the row for a wrong table.
    """
    if out.is_dir() or out.resolve() == pairs.resolve():
        raise UsageError("The decisions need a file of their own.", where=out, next_step="choose another --out")
    _, rules = load_rules(settings, PAIR_FIELDS)
    judge = _Judge(settings, rules)
    out.parent.mkdir(parents=True, exist_ok=True)
    shared, total = judge.prepare(pairs, out.parent)
    if not total:
        raise UsageError("The table has no rows.", where=pairs, expected=f"rows with {', '.join(COLUMNS)}")
    temporary = out.with_name(f".{out.name}.tmp")
    counts = Counts()
    try:
        with (
            temporary.open("w", encoding="utf-8", newline="\n") as file,
            progress("filter", total, "rows") as bar,
        ):
            for batch, scores in in_order(judge.load(), _batches(pairs, judge), total, _texts_of, settings.workers):
                for line in judge.decide(batch, scores, shared.take(len(batch)), counts):
                    file.write(line + "\n")
                bar.update(len(batch))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return counts


@dataclass(frozen=True)
class _Row:
    id: Any
    field: str
    lang: Target
    pair: TextPair


class _Judge:
    """The rules by field, the languages met so far, and the encoder where there is one."""

    def __init__(self, settings: FilterSettings, rules: Sequence[Rule]) -> None:
        self.settings = settings
        self.rules: dict[str, list[Rule]] = {
            name: [rule for rule in rules if rule.field == name] for name in PAIR_FIELDS
        }
        self.semantic = Semantic(settings.encoder, settings.device) if settings.encoder else None
        self._targets: dict[str, Target] = {}

    def target(self, lang: str, row: int, path: Path) -> Target:
        """Return what is known about a language; of those that are in no table, the pooled facts."""
        if lang not in self._targets:
            try:
                code = resolve(lang)
            except UsageError as error:
                if error.what.endswith("is ambiguous.") or not TAG.fullmatch(lang):
                    raise UsageError(error.what, where=f"{path}, row {row}", expected=error.expected) from error
                self._targets[lang] = unlisted(lang, self.settings.seed, tuple(self.settings.identifiers))
            else:
                self._targets[lang] = target_of(code, self.settings)
        return self._targets[lang]

    def prepare(self, path: Path, folder: Path) -> tuple[Grouped, int]:
        """Read the table once: return how many sources share each row's translation, and the number of rows.

        What that needs waits on disk in `folder`. The encoder's scales are learned on the way.
        """
        shared, total = Grouped(folder, 2, sources_of_each, usual=1), 0
        samples: dict[str, tuple[Target, list[tuple[str, str]]]] = {}
        for batch in _batches(path, self):
            targets = [key(row.lang.code, row.field, row.pair.target) for row in batch]
            sources = [source_key(row.pair.source or "") for row in batch]
            shared.add(np.array(targets, np.uint64), np.array(sources, np.uint64))
            total += len(batch)
            for row in batch if self.semantic else ():
                texts = samples.setdefault(row.lang.code, (row.lang, []))[1]
                if len(texts) < SAMPLE and row.field != "answer" and self._passes(row):
                    texts.append((row.pair.source or "", row.pair.target))
        for lang, texts in samples.values():
            assert self.semantic is not None
            self.semantic.learn(texts, lang, self.settings.seed)
        return shared, total

    def _passes(self, row: _Row) -> bool:
        """Whether a row passes the rules on its text: the encoder's scale is learned from such."""
        return not any(score_text(rule.check, row.pair, row.lang) > rule.threshold for rule in self.rules[row.field])

    def load(self) -> Load[list[Text], list[list[float | None]]]:
        """Return what makes a worker that scores texts by the rules of their field."""
        return partial(_scorer, {name: tuple(rule.check for rule in rules) for name, rules in self.rules.items()})

    def decide(
        self, rows: Sequence[_Row], scores: Sequence[list[float | None]], shared: Floats, counts: Counts
    ) -> Iterator[str]:
        """Yield the decisions of some rows as JSON, from the scores of their texts, and count them."""
        meanings = self._meanings(rows)
        encode = json.JSONEncoder(ensure_ascii=False).encode
        for row, found, sources, meaning in zip(rows, scores, shared.tolist(), meanings, strict=True):
            shown: dict[str, float | None] = {}
            reasons = []
            for rule, of_text in zip(self.rules[row.field], found, strict=True):
                check = rule.check
                score = sources if check == Check.DUPLICATE else meaning if check == Check.SEMANTIC else of_text
                if score is None or score != score:
                    shown[check] = None
                    continue
                shown[check] = round(score, DIGITS) if score else 0.0
                if score > rule.threshold:
                    reasons.append(str(check))
            group = row.lang.code, row.field
            counts.rows[group] += 1
            counts.kept[group] += not reasons
            counts.reasons.update((*group, reason) for reason in reasons)
            yield encode({"id": row.id, "keep": not reasons, "reasons": reasons, "scores": shown})

    def _meanings(self, rows: Sequence[_Row]) -> list[float]:
        found = [math.nan] * len(rows)
        by_lang: dict[Target, list[int]] = {}
        for n, row in enumerate(rows):
            by_lang.setdefault(row.lang, []).append(n)
        for lang, places in by_lang.items() if self.semantic else ():
            assert self.semantic is not None
            scores = self.semantic.scores([(rows[n].pair.source or "", rows[n].pair.target) for n in places], lang)
            for n, score in zip(places, scores, strict=True):
                found[n] = score
        return found


def _scorer(checks: Mapping[str, Sequence[Check]], place: str) -> Worker[list[Text], list[list[float | None]]]:
    """Return a worker that scores texts by the checks of their field; None where one needs more than the text."""

    known: dict[tuple[str, str], list[Score | None]] = {}

    def work(tasks: Iterable[list[Text]]) -> Iterator[list[list[float | None]]]:
        for texts in tasks:
            scores = []
            for name, lang, source, target in texts:
                if (name, lang.code) not in known:
                    known[name, lang.code] = [text_score(check, lang) for check in checks[name]]
                scores.append([score(source, target, lang) if score else None for score in known[name, lang.code]])
            yield scores

    return work


def _texts_of(rows: Sequence[_Row]) -> list[Text]:
    return [(row.field, row.lang, row.pair.source, row.pair.target) for row in rows]


def _batches(path: Path, judge: _Judge) -> Iterator[list[_Row]]:
    rows = _checked_rows(path, judge)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _checked_rows(path: Path, judge: _Judge) -> Iterator[_Row]:
    for number, row in enumerate(read_rows(path, COLUMNS), 1):
        name = str(row["field"]).strip().lower()
        if name not in PAIR_FIELDS:
            raise UsageError(
                f"The field '{row['field']}' is unknown.",
                where=f"{path}, row {number}",
                expected=", ".join(PAIR_FIELDS),
            )
        pair = TextPair(as_text(row["source"]), as_text(row["translation"]) or "")
        yield _Row(row["id"], name, judge.target(str(row["lang"]), number, path), pair)


def table(counts: Counts) -> str:
    """Return the counts for people: rows, kept and main reasons by language and field."""
    lines = [f"{'language':<10} {'field':<9} {'rows':>9} {'kept':>9} {'dropped':>9}          main reasons"]
    for group in counts.as_dict()["groups"]:
        dropped = group["rows"] - group["kept"]
        ranked = sorted(group["reasons"].items(), key=lambda item: (-item[1], item[0]))[:3]
        lines.append(
            f"{group['lang']:<10} {group['field']:<9} {group['rows']:>9,} {group['kept']:>9,} {dropped:>9,} "
            f"{dropped / group['rows']:>7.2%}  {', '.join(f'{name} {n:,}' for name, n in ranked)}".rstrip()
        )
    return "\n".join(lines)
