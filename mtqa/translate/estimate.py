"""What a translation would take, before an hour is spent: `mtqa translate --dry-run`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mtqa.translate.buckets import Buckets
from mtqa.translate.job import Plan, make_plan, scan, unpack
from mtqa.translate.language import Engines, places_of
from mtqa.translate.memory import Memory
from mtqa.translate.run import targets
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.target import Target

SAMPLE = 128


@dataclass(frozen=True)
class Estimate:
    """What one language would take. `seconds` is None where nothing is missing or no sample was timed."""

    lang: str
    model: str
    rows: int
    texts: int
    segments: int
    remembered: int
    tokens: int
    cut: dict[str, int]
    seconds: float | None


def dry_run(corpus: Path, settings: TranslateSettings, *, memory: Path, timed: bool = True) -> list[Estimate]:
    """Return what `translate` would do, per language; nothing is written and no translation kept.

    `tokens` are the source tokens of what the memory lacks. For the time, every n-th missing segment (128 in all) is
    translated and thrown away (not with `timed=False`): loading the model, and answers' places, come on top. Raises
    UsageError as `translate` does.
    """
    source, found = targets(corpus, settings)
    engines = Engines(places_of(settings, found[0].device), {})
    made = []
    for target in found:
        with tempfile.TemporaryDirectory() as folder:
            seen = scan(source, target, Path(folder))
            plan = make_plan(seen, target, Memory(memory, target.key, create=False))
            seconds = _seconds(target, engines, plan) if timed and len(plan.missing) else None
            made.append(
                Estimate(
                    target.lang,
                    target.files.name,
                    seen.rows,
                    seen.texts,
                    plan.distinct,
                    plan.distinct - len(plan.missing),
                    plan.tokens,
                    {str(pieces): seen.cuts[pieces] for pieces in sorted(seen.cuts)},
                    seconds,
                )
            )
    return made


def _seconds(target: Target, engines: Engines, plan: Plan) -> float:
    """Time a sample of the missing segments, spread over their lengths, and extrapolate by tokens."""
    texts = list(_sample(plan.missing))
    decoder = target.decoder(engines.of(target))
    decoder.translate(texts[:1])
    began = time.perf_counter()
    decoder.translate(texts)
    spent = time.perf_counter() - began
    counted = sum(target.tokens.count(texts)) + target.tokens.overhead * len(texts)
    return spent * plan.tokens / max(1, counted) / max(1, len(target.settings.devices))


def _sample(missing: Buckets) -> Iterator[str]:
    step = max(1, len(missing) // SAMPLE)
    for number, record in enumerate(missing.records()):
        if number % step == 0:
            yield unpack(record).text


def show(estimates: list[Estimate]) -> str:
    """Return the estimates as text, a line a language."""
    lines = []
    for e in estimates:
        line = (
            f"{e.lang} with {e.model}: {e.rows:,} rows, {e.texts:,} texts, {e.segments:,} distinct segments, "
            f"{e.remembered:,} in the memory; {e.tokens:,} source tokens to translate"
        )
        if e.cut:
            cuts = ", ".join(f"{count:,} into {pieces}" for pieces, count in e.cut.items())
            line += f"; too long and cut: {cuts}"
        if e.seconds is not None:
            line += f"; about {duration(e.seconds)}"
        lines.append(line)
    return "\n".join([*lines, "Nothing was written (--dry-run)."])


def duration(seconds: float) -> str:
    """Return seconds in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def as_record(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate for JSON."""
    return asdict(estimate)
