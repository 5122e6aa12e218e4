"""Benchmark questions and passages that must not be collected: found in English, before hours go into translating."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mtqa import bundled
from mtqa.collect.items import RawItem
from mtqa.collect.readers import Shape, input_files, read_path
from mtqa.collect.variants import named_card
from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.manifest import MANIFEST

WORDS = 13
"""Length of the shared run that counts, as in GPT-3's overlap analysis (Brown et al. 2020, appendix C)."""
SAMPLE = "sample"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Benchmarks:
    """What benchmarks hold: whole questions and short passages, and all runs of 13 words of longer passages."""

    texts: frozenset[str] = field(default_factory=frozenset)
    runs: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.texts or self.runs)

    def hold(self, question: str, passage: str | None) -> bool:
        """Tell whether the question is one of theirs, or the passage is or shares 13 words in a row with one."""
        if " ".join(words(question)) in self.texts:
            return True
        found = words(passage or "")
        if len(found) < WORDS:
            return bool(found) and " ".join(found) in self.texts
        return not self.runs.isdisjoint(_runs(found))


def words(text: str) -> list[str]:
    """Return a text's words without case, accents' encoding and punctuation."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def benchmarks(items: Iterable[RawItem]) -> Benchmarks:
    """Return what the items of benchmarks hold."""
    texts: set[str] = set()
    runs: set[str] = set()
    seen: str | None = None
    for item in items:
        texts.add(" ".join(words(item.question)))
        if item.passage and item.passage != seen:
            seen = item.passage
            found = words(item.passage)
            if len(found) < WORDS:
                texts.add(" ".join(found))
            runs.update(_runs(found))
    return Benchmarks(frozenset(texts - {""}), frozenset(runs))


def exclude_path(name: str) -> tuple[Path, Shape]:
    """Return the path of a benchmark and what is known of its rows.

    `sample` is the bundled piece of XQuAD-R, NAME=FILE a file of a known source, anything else a path. Raises
    UsageError where it does not exist.
    """
    source, equals, file = name.partition("=")
    card = named_card(source) if equals else None
    path = bundled.XQUAD_SAMPLE if name == SAMPLE else Path(file if card else name)
    if not path.exists():
        expected = "'sample', a file, a folder, a corpus or NAME=FILE"
        raise UsageError(f"There is no benchmark '{name}'.", where="exclude", expected=expected)
    return path, Shape(card.map, card.layout, language=card.language_word) if card else Shape()


def exclude_fingerprint(name: str) -> str:
    """Return the fingerprint of a benchmark's content."""
    path, _ = exclude_path(name)
    if (path / MANIFEST).is_file():
        return open_corpus(path).manifest.content
    return fingerprint({file.relative_to(path).as_posix(): file_sha256(file) for file in input_files(path)})


def open_benchmarks(names: Iterable[str]) -> Benchmarks:
    """Read benchmarks: SQuAD-shaped JSON (LAReQA's too), BEIR and TREC folders, tables, corpora of mtqa.

    Of a BEIR or TREC folder the judged queries and documents are held, not the whole collection. What is not English
    (a folder of one file a language) is read too: it costs memory but does no harm.
    """
    return benchmarks(item for name in names for item in _items(*exclude_path(name)))


def _items(path: Path, shape: Shape) -> Iterator[RawItem]:
    if not (path / MANIFEST).is_file():
        yield from read_path(path, shape)
        return
    corpus = open_corpus(path)
    for lang in corpus.languages:
        for batch in corpus.batches(lang, columns=["question", "passage"]):
            for row in batch.to_pylist():
                yield RawItem("", row["question"], row["passage"])


def _runs(found: list[str]) -> list[str]:
    return [" ".join(found[n : n + WORDS]) for n in range(len(found) - WORDS + 1)]
