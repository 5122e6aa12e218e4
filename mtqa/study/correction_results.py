"""What a study found with corrections without training: applied to all arms, and as rivals of the better batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mtqa.study import stats
from mtqa.study.corrections import languages_of, texts_folder
from mtqa.study.results import ALL, Evaluations, corrected
from mtqa.study.run import corpora
from mtqa.study.settings import Contrast, Study
from mtqa.study.verdict import outcomes

BIAS = "rank_distance"


def correction_results(
    study: Study, out: Path, seeds: Sequence[int], plain: dict[str, Evaluations]
) -> dict[str, Any] | None:
    """Return the numbers with corrections, None for a study without.

    `languages`: those that have a correction. `methods`: method → benchmark → `arms` (arm → measure → value, interval,
    by_seed), `changes` (the same arm without correction subtracted) and `uncorrected` (languages left as they are).
    `applied_to_all`: the comparisons fixed beforehand, both arms corrected. `against_plain`: their first arm as it is
    minus their second arm corrected, on the same measures and on bias. Each of the two is one family for Holm's
    correction. `answers`: one sentence a method and pair of the former.
    """
    if not study.corrections:
        return None
    known = languages_of(texts_folder(study, out, corpora(study, out)))
    methods: dict[str, Any] = {}
    to_all, against = [], []
    for method in study.corrections:
        for name, one in plain.items():
            moved = Evaluations(study, out, name, seeds, method)
            table = _table(moved, one)
            table["uncorrected"] = [lang for lang in one.languages if lang not in known]
            methods.setdefault(method, {})[name] = table
            for contrast in study.primary:
                to_all += [_comparison(moved, moved, contrast, m, method) for m in _measures(contrast, one)]
                bias = [BIAS] if BIAS in one.measures and BIAS not in contrast.measures else []
                against += [_comparison(one, moved, contrast, m, method) for m in (*_measures(contrast, one), *bias)]
    to_all, against = corrected(to_all), corrected(against)
    return {
        "languages": known,
        "methods": methods,
        "applied_to_all": to_all,
        "against_plain": against,
        "answers": [
            f"With {method} applied to all arms: {text}"
            for method in study.corrections
            for text in outcomes([c for c in to_all if c["correction"] == method])
        ],
    }


def _measures(contrast: Contrast, one: Evaluations) -> list[str]:
    return [m for m in contrast.measures if m in one.measures]


def _table(moved: Evaluations, plain: Evaluations) -> dict[str, Any]:
    arms: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    for arm in moved.systems:
        values = {m: moved.measured(arm, m, moved.languages) for m in moved.measures}
        arms[arm] = {m: asdict(stats.estimate(value)) for m, value in values.items()}
        changes[arm] = {
            m: asdict(stats.difference(value, plain.measured(arm, m, plain.languages))) for m, value in values.items()
        }
    return {"arms": arms, "changes": changes}


def _comparison(
    first: Evaluations, second: Evaluations, contrast: Contrast, measure: str, method: str
) -> dict[str, Any]:
    test = stats.difference(
        first.measured(contrast.first, measure, first.languages),
        second.measured(contrast.second, measure, second.languages),
    )
    where = {"first": contrast.first, "second": contrast.second, "benchmark": first.benchmark, "group": ALL}
    return {**where, "correction": method, "measure": measure, **asdict(test)}
