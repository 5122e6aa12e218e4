"""Parallel texts: from a corpus of mtqa, or from a folder of text files with one sentence a line."""

from __future__ import annotations

from pathlib import Path

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.languages import ENGLISH, resolve
from mtqa.core.manifest import MANIFEST
from mtqa.core.rng import rng

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
    texts = _from_corpus(folder) if (folder / MANIFEST).is_file() else _from_files(folder)
    if ENGLISH not in texts or len(texts) < 2:
        raise UsageError(
            f"The parallel rows are in {', '.join(texts) or 'no language'}.",
            where=folder,
            expected="English and at least one other language",
        )
    count = len(texts[ENGLISH])
    if count < FEWEST:
        raise UsageError(
            f"Only {count} items exist in all of {', '.join(texts)}.", where=folder, expected=f"at least {FEWEST}"
        )
    chosen = sorted(rng(seed, "debias").permutation(count)[:limit].tolist())
    return {lang: [lines[i] for i in chosen] for lang, lines in texts.items()}


def _from_corpus(folder: Path) -> dict[str, list[str]]:
    corpus = open_corpus(folder)
    rows: dict[str, dict[str, str]] = {}
    for lang in corpus.languages:
        rows[lang] = {}
        for batch in corpus.batches(lang, "train", ["item_id", "dataset", "question", "passage"]):
            for row in batch.to_pylist():
                if any(word in row["dataset"].lower() for word in EVALUATION):
                    raise _evaluation(folder, row["dataset"])
                rows[lang][row["item_id"]] = row["passage"] or row["question"]
    shared = set.intersection(*(set(items) for items in rows.values()))
    texts: dict[str, list[str]] = {lang: [] for lang in rows}
    seen = set()
    for item in rows.get(ENGLISH, next(iter(rows.values()))):
        line = tuple(rows[lang][item] for lang in rows) if item in shared else None
        if line and line not in seen:  # a passage with five questions counts once
            seen.add(line)
            for lang, text in zip(rows, line, strict=True):
                texts[lang].append(text)
    return texts


def _from_files(folder: Path) -> dict[str, list[str]]:
    if any(word in folder.name.lower() for word in EVALUATION):
        raise _evaluation(folder, folder.name)
    texts = {lang: path.read_text(encoding="utf-8").splitlines() for lang, path in _text_files(folder).items()}
    sizes = {lang: len(lines) for lang, lines in texts.items()}
    if len(set(sizes.values())) > 1:
        listing = ", ".join(f"{lang} {size:,}" for lang, size in sizes.items())
        raise UsageError(f"The files have different numbers of lines: {listing}.", where=folder, expected="equal ones")
    return texts


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
