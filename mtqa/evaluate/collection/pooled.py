"""The benchmarks whose documents are of several languages, in one pool that every query is asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mtqa.evaluate.collection import mlir_sets, multieup, neuclir
from mtqa.evaluate.collection.source import Document, Source, Task


@dataclass(frozen=True)
class Pooled:
    """How a benchmark is found in a folder (folder, split, languages), read, and what it is licensed under."""

    find: Callable[[Path, str | None, list[str] | None], list[Source]]
    load: Callable[[list[Source]], list[Task]]
    documents: Callable[[Source], Iterator[Document]]
    split: str
    licence: str


POOLED = {
    "multieup-v2": Pooled(multieup.find, multieup.load, multieup.documents, multieup.SPLIT, multieup.LICENCE),
    "neuclir": Pooled(neuclir.find, neuclir.load, neuclir.documents, neuclir.SPLIT, neuclir.LICENCE),
    "mlir": Pooled(mlir_sets.find, mlir_sets.load, mlir_sets.documents, mlir_sets.SPLIT, mlir_sets.LICENCE),
}
