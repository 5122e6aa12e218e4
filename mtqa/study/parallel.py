"""A corpus from files that hold the same items in several languages, each item under the same id in all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.collect.clean import clean_line, clean_text, relocate
from mtqa.collect.sentence import sentence_at
from mtqa.core.corpus import TableWriter, config_files, write_readme
from mtqa.core.errors import MtqaError, UsageError
from mtqa.core.hashing import content_id, file_sha256
from mtqa.core.languages import get
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building, up_to_date
from mtqa.core.schema import ENGLISH, Drop
from mtqa.core.textfile import json_rows
from mtqa.study.settings import ParallelSettings

VERSION = 1
IDS = ("passage_id", "question_id")
TYPES = {"question": str, "passage": str, "answer": str | None, "answer_start": int | None}
FIELDS = ("id", *TYPES)
NOT_IN_ENGLISH = "not_in_english"


def collect_parallel(settings: ParallelSettings, out: Path) -> Manifest:
    """Write the corpus to `out`, as collect would with a translation group for each id; return its manifest.

    An item's id is made of the data set's name and its id in the files; passages and questions have the English rows'
    ids in every language. Items that English lacks, or loses because no sentence holds the answer, are dropped and
    counted. Raises UsageError for files that cannot be read, MtqaError where nothing is left.
    """
    files = {lang: Path(name) for lang, name in settings.files.items()}
    for path in files.values():
        if not path.is_file():
            raise UsageError(f"There is no file '{path}'.", where=path, expected="JSON lines, .gz or not")
    recorded = {**settings.record(), "files": {lang: path.name for lang, path in files.items()}}
    inputs = {lang: file_sha256(path) for lang, path in files.items()}
    work = Work("collect", VERSION, {"parallel": recorded}, inputs)
    done = up_to_date(out, work)
    if done is not None:
        return done
    with building(out, work, overwrite=True) as build:
        counts: dict[str, Any] = {}
        english = _rows(ENGLISH, settings, counts)
        if not english:
            raise MtqaError("No English item is left.", where=files[ENGLISH], expected=str(counts[ENGLISH]))
        parts = {}
        for lang in files:
            rows = english if lang == ENGLISH else _rows(lang, settings, counts)
            kept = [_grouped(row, english[item], settings, item) for item, row in rows.items() if item in english]
            counts[lang]["kept"] = len(kept)
            if len(kept) < len(rows):
                counts[lang]["dropped"][NOT_IN_ENGLISH] = len(rows) - len(kept)
            with TableWriter(build.path, f"{lang}/train") as writer:
                writer.write(kept)
            parts[lang] = build.record_part(work.fingerprint, writer.rows, counts[lang])
        write_readme(build.path, f"{settings.dataset}: parallel files joined by mtqa", config_files(parts))
        return build.finish(parts, counts={"kept": len(english)}, licences=[settings.licence])


def _rows(lang: str, settings: ParallelSettings, counts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a file's rows by the item's id in it (the first row of an id), and note how many were dropped and why."""
    rows: dict[str, dict[str, Any]] = {}
    dropped: Counter[str] = Counter()
    read = 0
    for raw in _lines(Path(settings.files[lang]), settings.map):
        read += 1
        row = _row(raw, lang, settings.passage_unit == "sentence")
        if isinstance(row, Drop):
            dropped[row.value] += 1
        elif str(raw["id"]) in rows:
            dropped[Drop.DUPLICATE.value] += 1
        else:
            rows[str(raw["id"])] = row
    counts[lang] = {"read": read, "dropped": dict(sorted(dropped.items()))}
    return rows


def _row(raw: dict[str, Any], lang: str, sentence: bool) -> dict[str, Any] | Drop:
    """Return a row without its group's ids, or why there is none; a sentence's row is cut around the answer."""
    question, passage = clean_line(raw["question"]), clean_text(raw["passage"] or "")
    if not question or not passage:
        return Drop.NO_PASSAGE if question else Drop.NO_QUESTION
    answer, start = clean_text(raw.get("answer") or ""), raw.get("answer_start")
    if start is not None:
        start = relocate(raw["passage"], passage, raw["answer"], answer, start) if answer else None
    unit, first = passage, 0
    if sentence:
        span = None if start is None else sentence_at(passage, start, get(lang).iso1 or get(lang).iso3)
        if span is None:
            return Drop.NO_ANSWER_START
        first, unit = span[0], passage[slice(*span)]
    crosses = start is None or start + len(answer) > first + len(unit)
    return {
        "lang": lang,
        "split": "train",
        "question": question,
        "passage": unit,
        "passage_id": content_id(unit),
        "question_id": content_id(question),
        "answers": [{"text": answer, "start": None if crosses or start is None else start - first}] if answer else [],
    }


def _grouped(row: dict[str, Any], english: dict[str, Any], settings: ParallelSettings, item: str) -> dict[str, Any]:
    ids = {"item_id": content_id(settings.dataset, item), **{name: english[name] for name in IDS}}
    return {**row, **ids, "dataset": settings.dataset, "licence": settings.licence}


def _lines(path: Path, columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a file's rows by our names of the fields; raises UsageError naming file and line where one is wrong."""
    for where, row in json_rows(path):
        named = {field: row.get(columns.get(field, field)) for field in FIELDS}
        if named["id"] is None or any(not isinstance(named[field], kinds) for field, kinds in TYPES.items()):
            raise UsageError(
                "A row lacks a field, or has one of another type.",
                where=where,
                expected="id, question, passage, answer, answer_start (or other names by 'map')",
            )
        yield named
