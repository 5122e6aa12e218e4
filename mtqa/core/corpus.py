"""Reading and writing corpora: Parquet files by language and split, one explicit schema, a manifest, a README."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtqa.core.errors import WRONG_PATH, MtqaError, UsageError
from mtqa.core.manifest import Manifest, check_files, load_manifest
from mtqa.core.schema import CORPUS

SPLITS = ("train", "validation", "test")
CORPUS_STAGES = ("collect", "translate", "filter")
ROWS_PER_FILE = 500_000
GROUP_ROWS, GROUP_BYTES = 65_536, 32 << 20


@dataclass(frozen=True)
class Corpus:
    """A finished corpus folder."""

    path: Path
    manifest: Manifest

    @property
    def languages(self) -> list[str]:
        """The corpus's FLORES-200 codes, sorted."""
        return sorted(self.manifest.parts)

    def files(self, lang: str, split: str | None = None) -> list[Path]:
        """Return a language's data files in order; `split` None means all splits."""
        prefix = f"{lang}/" if split is None else f"{lang}/{split}-"
        return [self.path / n for n in sorted(self.manifest.parts[lang].files) if n.startswith(prefix)]

    def splits(self, lang: str) -> list[str]:
        """Return the splits that a language has, in the order train, validation, test."""
        return [split for split in SPLITS if self.files(lang, split)]

    def rows(self, lang: str, split: str | None = None) -> int:
        """Return the number of rows of a language (and split) as the manifest records it."""
        records = self.manifest.parts[lang].files
        return sum(records[p.relative_to(self.path).as_posix()].rows or 0 for p in self.files(lang, split))

    def batches(
        self, lang: str, split: str | None = None, columns: Sequence[str] | None = None, size: int = 8192
    ) -> Iterator[pa.RecordBatch]:
        """Yield a language's rows in file order, at most `size` at a time."""
        for path in self.files(lang, split):
            yield from read_batches(path, columns, size)


def open_corpus(path: Path) -> Corpus:
    """Open a corpus folder; raises UsageError where it is missing, of another kind, damaged or empty."""
    manifest = load_manifest(path)
    if manifest.stage not in CORPUS_STAGES:
        raise UsageError(
            f"'{path}' is not a corpus but the result of '{manifest.stage}'.",
            where=path,
            expected=f"the output of {', '.join(CORPUS_STAGES)}",
        )
    check_files(path, manifest)
    corpus = Corpus(path, manifest)
    if not sum(corpus.rows(lang) for lang in corpus.languages):
        raise UsageError(
            "The corpus is empty.", where=path, expected="at least one row", next_step="look at its report"
        )
    return corpus


def read_batches(
    path: Path, columns: Sequence[str] | None = None, size: int = 8192, *, threads: bool = True
) -> Iterator[pa.RecordBatch]:
    """Yield a Parquet file's rows in order, at most `size` at a time and never of two row groups.

    Without `threads` columns are decoded one after the other, and memory that was freed is used again at once.
    Raises UsageError naming the file where it is damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            # pyarrow leaves out a column that the file lacks without a word.
            missing = sorted(set(columns or ()) - set(file.schema_arrow.names))
            if missing:
                raise pa.ArrowInvalid(f"no column {', '.join(missing)}")
            names = list(columns) if columns else None
            for group in range(file.num_row_groups):  # pyarrow keeps all it read until the last batch of a call
                yield from file.iter_batches(size, row_groups=[group], columns=names, use_threads=threads)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(
            "A Parquet file cannot be read.",
            where=path,
            expected="a whole Parquet file" + (f" with the columns {', '.join(columns)}" if columns else ""),
            next_step="make it again, or copy it again if it came from elsewhere",
        ) from error


class TableWriter:
    """Writes rows to `FOLDER/PREFIX-00000.parquet`, -00001 …, zstd, in row groups of bounded size.

    `rows` maps each file's path relative to `root` to its rows, as `Building.record_part` wants it. Use as a context
    manager: leaving the block flushes what is left. A writer that is given no row writes no file.
    """

    def __init__(self, root: Path, prefix: str, schema: pa.Schema = CORPUS, rows_per_file: int = ROWS_PER_FILE) -> None:
        self.root, self.prefix, self.schema, self.rows_per_file = root, prefix, schema, rows_per_file
        self.rows: dict[str, int] = {}
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._name = ""

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def write(self, rows: Sequence[dict[str, Any]] | pa.RecordBatch | pa.Table) -> None:
        """Append rows: dicts with exactly the schema's keys (a missing key is null), or Arrow data of that schema."""
        if isinstance(rows, pa.Table):
            batches = rows.cast(self.schema).to_batches()
        elif isinstance(rows, pa.RecordBatch):
            batches = [rows]
        else:
            batches = [pa.RecordBatch.from_pylist(list(rows), schema=self.schema)]
        for batch in batches:
            for start in range(0, batch.num_rows, GROUP_ROWS):
                piece = batch.slice(start, GROUP_ROWS)
                if self._waiting_rows + piece.num_rows > GROUP_ROWS or self._waiting_bytes + piece.nbytes > GROUP_BYTES:
                    self._flush()
                self._waiting.append(piece)
                self._waiting_rows += piece.num_rows
                self._waiting_bytes += piece.nbytes

    def _flush(self) -> None:
        if not self._waiting_rows:
            return
        table = pa.Table.from_batches(self._waiting, schema=self.schema)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        try:
            if self._writer is None or self.rows[self._name] + table.num_rows > self.rows_per_file:
                if self._writer is not None:
                    self._writer.close()
                self._name = f"{self.prefix}-{len(self.rows):05d}.parquet"
                path = self.root / self._name
                path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(path, self.schema, compression="zstd")
                self.rows[self._name] = 0
            self._writer.write_table(table, row_group_size=GROUP_ROWS)
        except OSError as error:
            raise disk_error(self.root / self._name, error) from error
        self.rows[self._name] += table.num_rows


def disk_error(path: Path, error: OSError) -> MtqaError:
    """Return the error for a write that the disk refused: a UsageError where the place is wrong and not full."""
    reason = os.strerror(error.errno) if error.errno else error  # Arrow's own text hides it in a longer one
    if error.errno in WRONG_PATH:
        rights = "choose another place, or change who may write to this one"
        return UsageError(f"Writing failed: {reason}.", where=path, next_step=rights)
    return MtqaError(
        f"Writing failed: {reason}.",
        where=path,
        next_step="make room or choose another --out, then run the same command again: finished work is kept",
    )


def write_readme(folder: Path, title: str, files: dict[str, dict[str, list[str]]]) -> None:
    """Write README.md with one `configs:` entry a language (lang → split → relative file names).

    Without it `load_dataset(folder)` merges all languages into one and reads dot-less side files as rows.
    """
    import yaml

    configs = [
        {
            "config_name": lang,
            "data_files": [{"split": split, "path": names} for split, names in splits.items() if names],
        }
        for lang, splits in sorted(files.items())
    ]
    header = yaml.safe_dump({"configs": configs}, sort_keys=False, allow_unicode=True)
    (folder / "README.md").write_text(
        f"---\n{header}---\n\n# {title}\n\nOne configuration a language: "
        f'`load_dataset("{folder.name.strip(".").removesuffix(".tmp")}", "LANGUAGE")`.\n',
        encoding="utf-8",
        newline="\n",
    )


def config_files(parts: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return lang → split → relative data files of a corpus's parts, for `write_readme`."""
    return {
        lang: {split: sorted(n for n in part.files if n.startswith(f"{lang}/{split}-")) for split in SPLITS}
        for lang, part in parts.items()
    }
