"""The way back: translated rows into English once more, as the table that filter's round-trip check reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.corpus import Corpus, disk_error, open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.schema import ENGLISH
from mtqa.translate.assemble import Assembler
from mtqa.translate.job import ROWS_READ, scan, translations
from mtqa.translate.language import Engines, places_of, scratch
from mtqa.translate.memory import Memory
from mtqa.translate.model import find_model
from mtqa.translate.settings import TranslateSettings
from mtqa.translate.target import Target, open_target

FIELDS = ("question", "passage")
TABLE = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("item_id", "lang", "field", "text")])


def translate_back(corpus: Path, settings: TranslateSettings, out: Path, *, memory: Path) -> dict[str, int]:
    """Translate questions and passages of `settings.to` back into English, into a Parquet table; return texts by
    language.

    A passage that several items share is translated once. Finished segments are remembered like all others. Raises
    UsageError where the corpus lacks a language, the model cannot do a pair, or another file is at `out`; nothing is
    written then.
    """
    source = open_corpus(corpus)
    lacking = sorted(set(settings.to) - set(source.languages))
    if lacking:
        raise UsageError(
            f"The corpus has no rows in {', '.join(lacking)}.",
            where=corpus,
            expected=", ".join(lang for lang in source.languages if lang != ENGLISH) or "a translated corpus",
        )
    if out.suffix != ".parquet":
        raise UsageError("Translations back are a Parquet table.", where=out, expected="--out NAME.parquet")
    if out.exists() and not _is_table(out):
        raise UsageError(
            "Another file is there.", where=out, expected="a table of translations back", next_step="give another --out"
        )
    targets = [open_target(find_model(settings.model, ENGLISH, lang), settings, ENGLISH, lang) for lang in settings.to]
    engines = Engines(places_of(settings, targets[0].device), {})
    made = out.with_name(f".{out.name}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(made, TABLE, compression="zstd") as writer:
            counts = {target.source: _language(source, target, memory, engines, writer) for target in targets}
        made.replace(out)
    except OSError as error:
        raise disk_error(out, error) from error
    finally:
        made.unlink(missing_ok=True)
    return counts


def _is_table(path: Path) -> bool:
    """Return whether a file is such a table, which may be replaced."""
    try:
        return bool(pq.read_schema(path).equals(TABLE))
    except (pa.ArrowException, OSError):
        return False


def _language(source: Corpus, target: Target, root: Path, engines: Engines, writer: pq.ParquetWriter) -> int:
    memory = Memory(root, target.key)
    texts = 0
    with memory.lock(), scratch(memory.folder) as folder:
        found = scan(source, target, folder, FIELDS)
        index, _ = translations(found, target, memory, engines.where, engines.load(target))
        assembler = Assembler(ENGLISH, target.files.label, target.split, index.get)
        for batch in source.batches(target.source, columns=["item_id", *FIELDS], size=ROWS_READ):
            rows = list(_back(assembler, batch.to_pylist(), target.source))
            writer.write_table(pa.Table.from_pylist(rows, schema=TABLE))
            texts += len(rows)
        index.close()
    return texts


def _back(assembler: Assembler, rows: list[dict[str, Any]], lang: str) -> Iterator[Mapping[str, str]]:
    wanted = [(row["item_id"], name, row[name]) for row in rows for name in FIELDS if row[name] is not None]
    for (item, name, _), text in zip(wanted, assembler.texts([text for *_, text in wanted]), strict=True):
        yield {"item_id": item, "lang": lang, "field": name, "text": text}
