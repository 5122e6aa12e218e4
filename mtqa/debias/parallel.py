"""Parallel texts: from a corpus of mtqa, or from a folder of text files with one sentence a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from mtqa.core.corpus import Corpus, open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.ids import id_numbers
from mtqa.core.languages import ENGLISH, resolve
from mtqa.core.manifest import MANIFEST
from mtqa.core.rng import rng
from mtqa.core.sample import rows_of, shared_ids
from mtqa.core.textfile import read_text

EVALUATION = ("xquad", "mlqa", "lareqa", "belebele", "miracl")
"""Words in a data set's name that mark it as one to evaluate on."""
FEWEST = 10


def fingerprint_of(folder: Path) -> str:
    """Return what the texts depend on: the corpus's content, or the files' hashes."""
    if (folder / MANIFEST).is_file():
        return open_corpus(folder).manifest.content
    return fingerprint({lang: file_sha256(path) for lang, path in _text_files(folder).items()})


def read(folder: Path, limit: int, seed: int) -> dict[str, list[str]]:
    """Return language → texts, line for line parallel, at most `limit` chosen with the seed; English is among them.

    Of a corpus: the passages (questions where there are none) of the training items that every language has. Raises
    UsageError where English or another language, enough items, or parallel lines are missing, and for evaluation data.
    """
    if (folder / MANIFEST).is_file():
        return _from_corpus(open_corpus(folder), limit, seed)
    texts = _from_files(folder)
    _check_languages(texts, folder)
    chosen = _chosen(len(texts[ENGLISH]), texts, folder, limit, seed)
    return {lang: [lines[i] for i in chosen] for lang, lines in texts.items()}


def _check_languages(languages: Iterable[str], folder: Path) -> None:
    names = list(languages)
    if ENGLISH not in names or len(names) < 2:
        raise UsageError(
            f"The parallel rows are in {', '.join(names) or 'no language'}.",
            where=folder,
            expected="English and at least one other language",
        )


def _chosen(count: int, languages: Iterable[str], folder: Path, limit: int, seed: int) -> list[int]:
    """Return the places of at most `limit` of `count` items, in order."""
    if count < FEWEST:
        raise UsageError(
            f"Only {count} items exist in all of {', '.join(languages)}.", where=folder, expected=f"at least {FEWEST}"
        )
    return sorted(rng(seed, "debias").permutation(count)[:limit].tolist())


def _from_corpus(corpus: Corpus, limit: int, seed: int) -> dict[str, list[str]]:
    """Return the texts of the chosen items; of all others only numbers are held, 24 bytes an item."""
    languages = corpus.languages
    _check_languages(languages, corpus.path)
    for lang in languages:
        for batch in corpus.batches(lang, "train", ["dataset"]):
            for name in batch["dataset"].unique().to_pylist():
                if any(word in name.lower() for word in EVALUATION):
                    raise _evaluation(corpus.path, name)
    items = _distinct_items(corpus)
    chosen = items[_chosen(len(items), languages, corpus.path, limit, seed)]
    texts: dict[str, list[str]] = {}
    for lang in languages:
        found = rows_of(corpus, lang, "train", chosen, ["item_id", "question", "passage"])
        by_item = {number: row["passage"] or row["question"] for number, row in found}
        texts[lang] = [by_item[number] for number in chosen.tolist()]
    return texts


def _distinct_items(corpus: Corpus) -> NDArray[np.uint64]:
    """Return the items that every language has, in English order; of a passage with five questions the first."""
    shared = shared_ids(corpus, "train")
    items, texts = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for batch in corpus.batches(ENGLISH, "train", ["item_id", "passage_id", "question_id"]):
        numbers = id_numbers(batch["item_id"])
        kept = np.isin(numbers, shared)
        items.append(numbers[kept])
        texts.append(id_numbers(pc.coalesce(batch["passage_id"], batch["question_id"]))[kept])
    first = np.unique(np.concatenate(texts), return_index=True)[1]
    return np.concatenate(items)[np.sort(first)]


def _from_files(folder: Path) -> dict[str, list[str]]:
    if any(word in folder.name.lower() for word in EVALUATION):
        raise _evaluation(folder, folder.name)
    texts = {lang: _lines(path) for lang, path in _text_files(folder).items()}
    sizes = {lang: len(lines) for lang, lines in texts.items()}
    if len(set(sizes.values())) > 1:
        listing = ", ".join(f"{lang} {size:,}" for lang, size in sizes.items())
        raise UsageError(f"The files have different numbers of lines: {listing}.", where=folder, expected="equal ones")
    return texts


def _lines(path: Path) -> list[str]:
    """Return a file's lines; only line ends part them, unlike `splitlines`, which takes U+2028 for one as well."""
    return read_text(path, None).removesuffix("\n").split("\n")


def _text_files(folder: Path) -> dict[str, Path]:
    """Return language → file; files are named after their languages: `de.txt`, `flores-dev.de`."""
    expected = "a corpus folder of mtqa, or text files named after languages: en.txt, de.txt, … or dev.en, dev.de, …"
    if not folder.is_dir():
        raise UsageError(f"There is no folder '{folder}'.", where=folder, expected=expected)
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith((".", "_"))):
        name = path.stem if path.suffix == ".txt" else path.suffix[1:]
        try:
            lang = resolve(name)
        except UsageError as error:
            raise UsageError("A file's name is not a language.", where=path, expected=expected) from error
        if lang in found:
            raise UsageError(f"Two files hold {lang}: {found[lang].name} and {path.name}.", where=folder)
        found[lang] = path
    if not found:
        raise UsageError("The folder holds no text.", where=folder, expected=expected)
    return dict(sorted(found.items()))


def _evaluation(folder: Path, name: str) -> UsageError:
    return UsageError(
        f"'{name}' is a data set to evaluate on: corrections fitted on it would flatter every number.",
        where=folder,
        expected="other parallel rows",
    )
