"""Held-out texts, and how much of another text stands in them: exact equality and 13-grams.

Training must not have seen what a benchmark asks. Thirteen words in a row are the measure of Brown et al., "Language
models are few-shot learners" (2020), appendix C; scripts that write no spaces are read letter by letter, 26 in a row.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.bundled import XQUAD_SAMPLE
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint

WORDS, LETTERS = 13, 26
LEAST_TOKENS = 4
LATELY = 64
DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
TOKEN = re.compile(rf"[{DENSE}]|[^\W{DENSE}]+")
FACTOR = np.uint64(0x9E3779B97F4A7C15)
SAMPLE = "sample"
KEYS = frozenset(
    {"question", "query", "context", "passage", "text", "contents", "body", "sentences", "sentence", "question_text"}
    | {"query_2", "passage_2", "question_translated", "question_lang", "document", "document_plaintext"}
)
SKIPPED = frozenset({"answers", "answer", "answer_pivot", "negatives", "negative_passages", "id", "title"})
SUFFIXES = (".json", ".jsonl", ".tsv", ".parquet", ".json.gz", ".jsonl.gz")


class HeldOut:
    """Texts that training must not see, as hashes: 8 bytes a text and 8 a 13-gram."""

    def __init__(self, texts: Iterable[str]) -> None:
        exact, grams = array("Q"), array("Q")
        for text in texts:
            tokens = _tokens(text)
            if len(tokens) >= LEAST_TOKENS:
                exact.append(_whole(tokens))
                grams.extend(_grams(tokens).tolist())
        self._exact = np.unique(np.array(exact, np.uint64))
        self._grams = np.unique(np.array(grams, np.uint64))
        self._share = lru_cache(maxsize=LATELY)(self._share_of)  # questions on one passage follow one another

    def __len__(self) -> int:
        return len(self._exact)

    def overlap(self, *texts: str | None) -> float:
        """Return 1 where one of the texts is a held-out text but for case and punctuation, else the greatest share of a
        text's 13-grams that stand in held-out texts. Texts under four words are no evidence."""
        return max((self._share(text) for text in texts if text), default=0.0)

    def _share_of(self, text: str) -> float:
        tokens = _tokens(text)
        if len(tokens) < LEAST_TOKENS:
            return 0.0
        if _among(np.array([_whole(tokens)], np.uint64), self._exact).any():
            return 1.0
        grams = _grams(tokens)
        return float(_among(grams, self._grams).mean()) if len(grams) else 0.0


def held_out_texts(places: Sequence[str]) -> Iterator[str]:
    """Yield the questions and passages of test sets: files or folders of JSON, JSONL, TSV or Parquet, or 'sample'.

    Read are the values under the usual names (question, query, context, passage, text, sentences …) at any depth, in a
    TSV every column. Of a BEIR folder's corpus only the passages that its judgements name. Raises UsageError for a
    place that is missing or holds no such file.
    """
    for path, wanted in _files(places):
        yield from _read(path, wanted)


def content(places: Sequence[str]) -> str:
    """Return the sha256 of what the places hold; raises UsageError as `held_out_texts` does."""
    return fingerprint({"files": sorted(file_sha256(path) for path, _ in _files(places))})


def _files(places: Sequence[str]) -> list[tuple[Path, frozenset[str] | None]]:
    found: list[tuple[Path, frozenset[str] | None]] = []
    for place in places:
        path = XQUAD_SAMPLE if place == SAMPLE and not Path(place).exists() else Path(place).expanduser()
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if _is_data(p, path))
        if not files:
            raise UsageError(
                f"There are no test sets in '{place}'.",
                where=place,
                expected=f"a file or folder of {', '.join(SUFFIXES[:4])}, or '{SAMPLE}'",
            )
        judged = _judged(path)
        found += [(file, judged if file.name.startswith("corpus.jsonl") else None) for file in files]
    return found


def _is_data(path: Path, root: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    return path.name.endswith(SUFFIXES) and path.is_file() and not hidden and path.parent.name != "qrels"


def _judged(folder: Path) -> frozenset[str] | None:
    """Return the ids that a BEIR folder's judgements name, None where it has none."""
    files = sorted((folder / "qrels").glob("*.tsv")) if folder.is_dir() else []
    if not files:
        return None
    lines = (line.split("\t") for file in files for line in file.read_text(encoding="utf-8").splitlines()[1:])
    return frozenset(line[1] for line in lines if len(line) >= 3)


def _read(path: Path, wanted: frozenset[str] | None) -> Iterator[str]:
    try:
        if path.name.endswith(".parquet"):
            import pyarrow.parquet as pq

            for batch in pq.ParquetFile(path).iter_batches(8192):
                for row in batch.to_pylist():
                    yield from _walk(row)
            return
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
            if path.name.endswith(".tsv"):
                for line in file:
                    yield from line.decode("utf-8").rstrip("\r\n").split("\t")
            elif ".jsonl" in path.name:
                for line in file:
                    row = json.loads(line) if line.strip() else {}
                    if wanted is None or str(row.get("_id")) in wanted:
                        yield from _walk(row)
            else:
                yield from _walk(json.load(file))
    except (ValueError, OSError) as error:
        raise UsageError("A test set cannot be read.", where=path, expected="JSON, JSONL, TSV or Parquet") from error


def _walk(value: Any, named: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if named:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, named)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in SKIPPED:
                yield from _walk(item, key in KEYS)


def _tokens(text: str) -> list[str]:
    return TOKEN.findall(text.casefold())


@lru_cache(maxsize=1 << 18)
def _hash(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _whole(tokens: Sequence[str]) -> int:
    return _hash(" ".join(tokens))


def _grams(tokens: Sequence[str]) -> np.ndarray:
    """Return the hashes of all n-grams of the tokens, uint64."""
    letters = sum(len(token) == 1 for token in tokens)
    n = LETTERS if 2 * letters > len(tokens) else WORDS
    if len(tokens) < n:
        return np.zeros(0, np.uint64)
    hashes = np.array([_hash(token) for token in tokens], np.uint64)
    total = np.full(len(tokens) - n + 1, n, np.uint64)
    for k in range(n):
        total = total * FACTOR + hashes[k : len(tokens) - n + 1 + k]
    return total


def _among(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    if not len(known):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: np.ndarray = known[places] == values
    return found
