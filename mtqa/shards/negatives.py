"""Hard negatives that `mtqa mine` found, for the pairs of a plan: passages in the language of the pair's passage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtqa.core.corpus import read_batches
from mtqa.core.errors import UsageError
from mtqa.core.ids import id_numbers
from mtqa.core.manifest import Manifest, check_files, load_manifest
from mtqa.core.mined import MINE_STAGE
from mtqa.shards.index import Source, passage_rows


@dataclass(frozen=True)
class Negatives:
    """Mined passages by item: those of item i are `passages[offsets[i] : offsets[i + 1]]` (uint64 ids), best first.

    `count`: the most a pair gets. `found`: pairs by number of negatives, filled while rows are looked up.
    """

    source: Source
    count: int
    offsets: np.ndarray
    passages: np.ndarray
    found: dict[int, int] = field(default_factory=dict)

    def needed(self, lang: str, slots: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (slots, rows) of the negatives that pairs with passages in `lang` get.

        `slots` and `items` (n,): the pairs. A mined passage that the language lacks is passed over, so that the
        negatives of a pair are in the language of its passage and language gives nothing away.
        """
        ids, rows = passage_rows(self.source, lang)
        starts, sizes = self.offsets[items], np.diff(self.offsets)[items]
        pair = np.repeat(np.arange(len(items)), sizes)
        place = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        wanted = self.passages[np.repeat(starts, sizes) + place]
        at = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
        here = ids[at] == wanted if len(ids) else np.zeros(len(wanted), bool)
        pair, row = pair[here], rows[at[here]]
        firsts = np.zeros(len(items) + 1, np.int64)
        np.cumsum(np.bincount(pair, minlength=len(items)), out=firsts[1:])
        rank = np.arange(len(pair)) - firsts[pair]
        kept = rank < self.count
        for number, pairs in enumerate(np.bincount(np.minimum(np.diff(firsts), self.count)).tolist()):
            self.found[number] = self.found.get(number, 0) + pairs
        return (slots[pair[kept]].astype(np.int32) * np.int32(self.count) + rank[kept]).astype(np.int32), row[kept]

    def counts(self) -> dict[str, int]:
        """Return the pairs by number of negatives that they got, as text to number, for the manifest."""
        return {str(number): pairs for number, pairs in sorted(self.found.items()) if pairs}


def open_mined(folder: Path) -> Manifest:
    """Return the manifest of what `mtqa mine` wrote. Raises UsageError for another folder or a damaged one."""
    manifest = load_manifest(folder)
    if manifest.stage != MINE_STAGE:
        raise UsageError(
            f"'{folder}' holds no hard negatives but the result of '{manifest.stage}'.",
            where="negatives",
            expected="the output of mine",
        )
    check_files(folder, manifest)
    return manifest


def read_negatives(folder: Path, manifest: Manifest, items: np.ndarray, source: Source, count: int) -> Negatives:
    """Read mined negatives for the items of an index (their ids, sorted uint64); at most `count` go to a pair.

    Raises UsageError where a file is damaged or none of the items has negatives: then they belong to other data.
    """
    sizes = np.zeros(len(items), np.int32)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for name in sorted(n for part in manifest.parts.values() for n in part.files if n.endswith(".parquet")):
        for batch in read_batches(folder / name, ["item_id", "negatives"]):
            lists = batch["negatives"]
            lengths = np.asarray(pc.list_value_length(lists)).astype(np.int32)
            ids = id_numbers(batch["item_id"])
            at = np.minimum(np.searchsorted(items, ids), len(items) - 1)
            known = items[at] == ids
            flat = id_numbers(pc.struct_field(pc.list_flatten(lists), "passage_id").cast(pa.string()))
            sizes[at[known]] = lengths[known]
            parts.append((at[known].astype(np.int32), lengths[known], flat[np.repeat(known, lengths)]))
    offsets = np.zeros(len(items) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    passages = np.zeros(int(offsets[-1]), np.uint64)
    for at, lengths, flat in parts:
        place = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        passages[np.repeat(offsets[at], lengths) + place] = flat
    if not len(passages):
        raise UsageError(
            "No item of the corpora has mined negatives.",
            where=folder,
            expected="negatives that were mined on these corpora",
            next_step="run mtqa mine on the same corpora and split",
        )
    return Negatives(source, count, offsets, passages)
