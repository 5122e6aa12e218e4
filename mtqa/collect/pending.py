"""Rows that wait on disk until it is known which of them stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc

from mtqa.collect.batches import ROWS_AT_ONCE, Batch
from mtqa.collect.dedup import Keep, draw, drop_duplicates
from mtqa.core.corpus import disk_error
from mtqa.core.schema import CORPUS


class Pending:
    """A scratch folder with rows in one Arrow stream and their keys and draws in two files; use as a context manager.

    `rows` is how many there are. The folder is thrown away with the building folder that it lies in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        folder.mkdir(parents=True)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._stream = pa.ipc.new_stream(str(folder / "rows.arrow"), CORPUS, options=options)
        self._keys = (folder / "keys").open("wb")
        self._draws = (folder / "draws").open("wb")

    def __enter__(self) -> Pending:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish the files; closing twice does no harm."""
        for file in (self._stream, self._keys, self._draws):
            file.close()

    def add(self, batch: Batch) -> None:
        """Append a batch."""
        try:
            if batch.rows.num_rows:
                self._stream.write_batch(batch.rows)
            self._keys.write(batch.keys)
            self._draws.write(batch.draws)
        except OSError as error:
            raise disk_error(self.folder, error) from error
        self.rows += batch.rows.num_rows

    def decide(self, ranges: list[tuple[int, int]], limit: int | None) -> tuple[Keep, list[int], list[int]]:
        """Return which rows stay, and by range of rows (a source's) how many went as duplicates and by the limit."""
        self.close()
        keep = Keep(self.rows)
        drop_duplicates(self.folder / "keys", keep, self.folder)
        left = [self._left(keep, *span) for span in ranges]
        duplicates = [stop - start - n for (start, stop), n in zip(ranges, left, strict=True)]
        beyond = [0 if limit is None else draw(self.folder / "draws", keep, span, limit) for span in ranges]
        return keep, duplicates, beyond

    def _left(self, keep: Keep, start: int, stop: int) -> int:
        step = 1 << 20
        return sum(int(keep.mask(a, min(a + step, stop)).sum()) for a in range(start, stop, step))

    def kept(self, keep: Keep) -> Iterator[pa.RecordBatch]:
        """Yield the rows that stay, in order, of one language and split at a time, at most 1,024 at once."""
        at = 0
        # Read, not mapped: mapped pages count as resident memory, so it would grow with the text.
        with pa.OSFile(str(self.folder / "rows.arrow")) as source, pa.ipc.open_stream(source) as stream:
            for batch in stream:
                mask = keep.mask(at, at + batch.num_rows)
                at += batch.num_rows
                yield from _by_part(batch.filter(pa.array(mask)))


def _by_part(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for lang in pc.unique(batch["lang"]).to_pylist():
        of_lang = batch.filter(pc.equal(batch["lang"], lang))
        for split in pc.unique(of_lang["split"]).to_pylist():
            part = of_lang.filter(pc.equal(of_lang["split"], split))
            for start in range(0, part.num_rows, ROWS_AT_ONCE):
                yield part.slice(start, ROWS_AT_ONCE)
