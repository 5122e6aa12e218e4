"""The work of `mtqa translate` and what it prints when it is done."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Sequence
from pathlib import Path

from mtqa.core.errors import UsageError
from mtqa.core.manifest import Manifest
from mtqa.core.schema import Flag
from mtqa.translate.settings import TranslateSettings

FAULTS = (Flag.HIT_LIMIT, Flag.LOOP, Flag.EMPTY, Flag.COPIED, Flag.SYMBOLS, Flag.TOO_SHORT, Flag.LOST_NUMBER)
"""What may still be wrong with a segment that was translated, and once more where it looked so."""


def share(text: str) -> tuple[int, int] | None:
    """Return (k, n) of `--worker K/N`, None where it is empty; raises UsageError where it is no such share."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    k, n = (int(part) for part in match.groups()) if match else (0, 0)
    if not 1 <= k <= n:
        raise UsageError(f"'{text}' is no share of the work.", where="--worker", expected="K/N with K from 1 to N")
    return k, n


def plan(corpus: Path, settings: TranslateSettings, memory: Path, *, json: bool) -> str:
    """Return what a translation would take, as text or JSON."""
    from mtqa.translate.estimate import as_record, dry_run, show

    estimates = dry_run(corpus, settings, memory=memory)
    return json_module.dumps([as_record(e) for e in estimates], indent=1) if json else show(estimates)


def filled(corpus: Path, settings: TranslateSettings, worker: tuple[int, int], memory: Path, *, json: bool) -> str:
    """Do a worker's share; return what it did, as text or JSON."""
    from mtqa.translate.run import fill_memory

    done = fill_memory(corpus, settings, worker, memory=memory)
    if json:
        return json_module.dumps(done, indent=1)
    lines = [f"{lang}: {count:,} segments translated into the memory" for lang, count in done.items()]
    return "\n".join([*lines, "When all workers are done, run the same command without --worker."])


def refuse_with_round_trip(worker: str, *, dry_run: bool) -> None:
    """Raise UsageError where an option that `--round-trip` lacks was given with it."""
    if worker or dry_run:
        other = "--worker" if worker else "--dry-run"
        raise UsageError(f"{other} does not go with --round-trip.", where=other, next_step="leave one of them out")


def back(corpus: Path, settings: TranslateSettings, out: Path, memory: Path, *, json: bool) -> str:
    """Translate back into English; return what was done, as text or JSON."""
    from mtqa.translate.roundtrip import translate_back

    done = translate_back(corpus, settings, out, memory=memory)
    if json:
        return json_module.dumps(done, indent=1)
    lines = [f"{lang}: {count:,} texts translated back" for lang, count in done.items()]
    return "\n".join([*lines, f"{out}: for mtqa filter --round-trip {out}"])


def translated(
    corpus: Path, settings: TranslateSettings, out: Path, memory: Path, *, overwrite: bool, json: bool
) -> str:
    """Translate; return what was done, as text or JSON."""
    from mtqa.translate.run import translate

    manifest = translate(corpus, settings, out, memory=memory, overwrite=overwrite)
    return as_json(manifest, settings.to) if json else summary(manifest, settings.to, out)


def summary(manifest: Manifest, langs: Sequence[str], out: Path) -> str:
    """Return a line for each translated language, and one for the whole."""
    lines = []
    for lang in langs:
        counts = manifest.parts[lang].counts
        line = (
            f"{lang}: {counts['rows']:,} rows, {counts['segments']:,} distinct segments, {counts['retried']:,} retried"
        )
        flags = counts["segment_flags"]
        left = ", ".join(f"{flags[name]:,} {name}" for name in FAULTS if flags.get(name))
        if left:
            line += f" (left after that: {left})"
        restored = flags.get("restored", 0)
        if restored:
            line += f", {restored:,} with numbers or protected text put back"
        if counts["cut"]:
            line += ", sentences cut: " + ", ".join(f"{count:,} into {parts}" for parts, count in counts["cut"].items())
        sought = sum(counts["answers"].values())
        if sought:
            line += (
                f"; {counts['answers']['found']:,} of {sought:,} answers found in the translated passage"
                f" ({counts['aligned']:,} by alignment)"
            )
        lines.append(line)
    whole = f"{out}: {manifest.counts['rows']:,} rows in {manifest.counts['languages']} languages"
    return "\n".join([*lines, f"{whole}; see 'mtqa inspect {out}'"])


def as_json(manifest: Manifest, langs: Sequence[str]) -> str:
    """Return the counts of each translated language as JSON."""
    return json_module.dumps({lang: manifest.parts[lang].counts for lang in langs}, indent=1)
