"""Groups of near-duplicate questions and passages by MinHash, which batches and hard negatives keep apart."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from mtqa.core.corpus import Corpus
from mtqa.core.ids import id_numbers
from mtqa.core.near import GROUPS
from mtqa.core.schema import ENGLISH
from mtqa.filter.text import WORDS

PERMUTATIONS = 64
SHINGLE = 5
SIMILAR = 0.7
BANDS, BAND = 12, 5
"""Texts that agree in one band of five values are compared: 1 - (1 - .7^5)^12 = 89 % of those at similarity .7."""
FIELDS = ("question", "passage")
CHUNK = 1 << 14


def minhash(text: str) -> Any:
    """Return the MinHash (datasketch, 64 permutations) of a text's character 5-grams, case and punctuation aside."""
    text = " ".join(WORDS.findall(text.casefold()))
    grams = {text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))}
    found = _empty().copy()
    found.update_batch([gram.encode("utf-8", "replace") for gram in sorted(grams)])
    return found


@cache
def _empty() -> Any:
    """Return the MinHash of nothing: a copy of it need not draw the permutations again."""
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)


def source_language(corpus: Corpus) -> str:
    """Return the language whose texts are compared: translations of near-duplicates are near-duplicates too."""
    return ENGLISH if ENGLISH in corpus.languages else corpus.languages[0]


def near_groups(corpus: Corpus, lang: str, folder: Path) -> Iterator[pa.Table]:
    """Yield the near-duplicates of a language, a table a field: field, id and group (the least id of the group).

    Every text is compared with the first of its band, not with all. Memory is some 100 bytes a distinct text; the
    signatures are in an unnamed file in `folder`.
    """
    for field in FIELDS:
        with tempfile.TemporaryFile(dir=folder) as file:
            ids = _write_signatures(corpus, lang, field, file)
            if len(ids) > 1:
                yield _table(field, ids, _components(file, len(ids)))


def _write_signatures(corpus: Corpus, lang: str, field: str, file: IO[bytes]) -> np.ndarray:
    """Write the signature of each distinct text that is not null; return the texts' ids (n,) uint64."""
    name = f"{field}_id"
    all_ids = [id_numbers(batch.column(name)) for batch in corpus.batches(lang, columns=[name])]
    first = np.zeros(sum(map(len, all_ids)), bool)
    if len(first):
        first[np.unique(np.concatenate(all_ids), return_index=True)[1]] = True
    ids, start = [np.empty(0, np.uint64)], 0
    for batch in corpus.batches(lang, columns=[name, field]):
        new = pa.array(first[start : start + batch.num_rows])
        start += batch.num_rows
        rows = batch.filter(pa.compute.and_(new, pa.compute.is_valid(batch.column(field))))
        for text in rows.column(field).to_pylist():
            file.write(minhash(text).hashvalues.astype(np.uint32).tobytes())
        ids.append(id_numbers(rows.column(name)))
    file.flush()
    return np.concatenate(ids)


def _components(file: IO[bytes], n: int) -> np.ndarray:
    """Return the number (n,) of each text's group, from a file of signatures (n, 64) uint32."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    signatures = np.memmap(file, np.uint32, "r", shape=(n, PERMUTATIONS))
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for band in range(BANDS):
        first = _first_of_band(file, n, band)
        here = np.flatnonzero(first != np.arange(n))
        for start in range(0, len(here), CHUNK):
            piece = here[start : start + CHUNK]
            alike = (signatures[piece] == signatures[first[piece]]).mean(axis=1) >= SIMILAR
            one.append(piece[alike])
            other.append(first[piece[alike]])
    left, right = np.concatenate(one), np.concatenate(other)
    edges = coo_array((np.ones(len(left), bool), (left, right)), shape=(n, n))
    groups: np.ndarray = connected_components(edges, directed=False)[1]
    return groups


def _first_of_band(file: IO[bytes], n: int, band: int) -> np.ndarray:
    """Return, for each text (n,), the first text with the same values in a band."""
    keys = np.empty(n, np.uint64)
    odd = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 1], np.uint64)
    file.seek(0)
    for start in range(0, n, CHUNK):  # read, not mapped: pages of a map count as this process's memory
        signatures = np.frombuffer(file.read(4 * PERMUTATIONS * CHUNK), np.uint32).reshape(-1, PERMUTATIONS)
        values = signatures[:, band * BAND : (band + 1) * BAND].astype(np.uint64)
        keys[start : start + CHUNK] = (values * odd).sum(axis=1, dtype=np.uint64)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def _table(field: str, ids: np.ndarray, groups: np.ndarray) -> pa.Table:
    """Return the GROUPS rows of texts whose group holds others, by id."""
    order = np.argsort(ids)
    ids, groups = ids[order], groups[order]
    _, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    shared = sizes[groups] > 1
    names = [f"{number:016x}" for number in ids[first[groups[shared]]].tolist()]
    columns = [[field] * len(names), [f"{number:016x}" for number in ids[shared].tolist()], names]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=GROUPS)
