"""Which files of a folder are a benchmark's topics, judgements and documents, in which languages.

The names are those of the published files: BEIR's zip files; miracl/miracl and miracl/miracl-corpus on the Hub; Mr.
TyDi's tar files, or castorini/mr-tydi and castorini/mr-tydi-corpus; CIRAL/ciral and CIRAL/ciral-corpus; AfriQA's gold
passages. Files may lie anywhere below the folder, as far as their names allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mtqa.core.errors import UsageError
from mtqa.core.languages import ENGLISH, resolve
from mtqa.evaluate.collection import amharicqa
from mtqa.evaluate.collection.pooled import POOLED
from mtqa.evaluate.collection.source import Source

GZ = r"(\.gz)?"
MRTYDI = r"(?:.*/)?mrtydi-v1\.\d-(?P<lang>\w+)/(?:.*/)?"
CIRAL = r"(?:.*/)?{}\.ciral-v1\.0-(?P<lang>[a-z]+)-(?P<split>[\w-]+)\.tsv"
OWN = r"(?:(?P<lang>[^/]+)/)?"
AFRIQA = r"(?:.*/)?(?:gold_span_passages\.)?afriqa\.(?P<lang>\w+)(?:\.en)?\.(?P<split>{})\.json"


@dataclass(frozen=True)
class Layout:
    """Patterns of paths with the groups `lang` and `split`; `queries`: the queries' language, None for the task's."""

    topics: str
    qrels: str
    documents: str
    split: str
    licence: str
    queries: str | None = None


LAYOUTS = {
    "beir": Layout(
        rf"{OWN}queries\.jsonl{GZ}",
        rf"{OWN}qrels/(?P<split>[^/]+)\.tsv",
        rf"{OWN}corpus\.jsonl{GZ}",
        "test",
        "as the data set says",
    ),
    "trec": Layout(
        rf"{OWN}(?:topics|queries)(?:\.(?P<split>[\w-]+))?\.(?:tsv|txt|jsonl){GZ}",
        rf"{OWN}qrels(?:\.(?P<split>[\w-]+))?\.(?:tsv|txt){GZ}",
        rf"{OWN}(?:docs|corpus|collection|passages)[\w.-]*\.(?:jsonl|tsv){GZ}",
        "test",
        "as the data set says",
    ),
    "miracl": Layout(
        r"(?:.*/)?topics\.miracl-v1\.0-(?P<lang>[a-z]+)-(?P<split>[\w-]+)\.tsv",
        r"(?:.*/)?qrels\.miracl-v1\.0-(?P<lang>[a-z]+)-(?P<split>[\w-]+)\.tsv",
        rf"(?:.*/)?miracl-corpus-v1\.0-(?P<lang>[a-z]+)/docs-\d+\.jsonl{GZ}",
        "dev",
        "Apache-2.0",
    ),
    "mr-tydi": Layout(
        rf"{MRTYDI}topics?\.(?P<split>\w+)\.(?:tsv|txt)",
        rf"{MRTYDI}qrels\.(?P<split>\w+)\.(?:txt|tsv)",
        rf"{MRTYDI}(?:docs|corpus)\.jsonl{GZ}",
        "test",
        "Apache-2.0",
    ),
    "ciral": Layout(
        CIRAL.format("topics"),
        CIRAL.format("qrels"),
        rf"(?:(?:.*/)?passages-v1\.0/)?(?P<lang>[a-z]+)(?:_passages)?\.jsonl{GZ}",
        "test-a",
        "Apache-2.0",
        queries=ENGLISH,
    ),
    "amharicqa": Layout(amharicqa.FILES, amharicqa.FILES, amharicqa.FILES, "test", amharicqa.LICENCE),
    "afriqa": Layout(
        AFRIQA.format(r"\w+"), AFRIQA.format(r"\w+"), AFRIQA.format(r"train|dev|test"), "test", "CC BY-SA 4.0"
    ),
}
Places = dict[str | None, dict[str | None, list[Path]]]
"""Language (None where no name tells it) → split (None likewise) → files."""


def sources(layout: str, folder: Path, split: str | None, languages: list[str] | None) -> list[Source]:
    """Return a benchmark's tasks in the order of their languages.

    `split` None is the benchmark's usual one. `languages` chooses among those in the names; for a folder whose names
    tell none, it says which one its texts are in. Raises UsageError where files or languages are missing.
    """
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder '{folder}'.", where=folder, expected=f"a folder with the files of {layout}"
        )
    if layout in POOLED:
        return POOLED[layout].find(folder, split, languages)
    form = LAYOUTS[layout]
    split = split or form.split
    topics, qrels, documents = (_places(folder, pattern) for pattern in (form.topics, form.qrels, form.documents))
    if layout == "afriqa":
        pool = [path for places in documents.values() for paths in places.values() for path in paths]
        documents = {lang: {None: pool} for lang in topics}
    if layout == "amharicqa":  # no name tells the language
        for places in (topics, qrels, documents):
            places.update({amharicqa.LANGUAGE: places.pop(None)} if None in places else {})
    chosen = _chosen(topics, qrels, documents, split, languages, folder)
    found = []
    for lang in chosen:
        own = languages[0] if lang is None and languages else lang
        asked, told = form.queries or own, ENGLISH if layout == "afriqa" else own
        at = [_of_split(places[lang], split)[0] for places in (topics, qrels)]
        texts = sorted(path for paths in documents[lang].values() for path in paths)
        found.append(Source(layout, own, asked, told, at[0], (at[1],), tuple(texts)))
    return found


def usual_split(benchmark: str) -> str:
    """Return the split whose queries are asked where none is named."""
    return POOLED[benchmark].split if benchmark in POOLED else LAYOUTS[benchmark].split


def licence(benchmark: str) -> str:
    """Return the licence of a benchmark's files."""
    return POOLED[benchmark].licence if benchmark in POOLED else LAYOUTS[benchmark].licence


def _places(folder: Path, pattern: str) -> Places:
    """Return the files whose path below the folder, or with the folder's own name, fits the pattern."""
    matches: Callable[[str], re.Match[str] | None] = re.compile(pattern).fullmatch
    found: Places = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        match = matches(name) or (matches(f"{folder.name}/{name}") if "(?P<lang>[^/]+)" not in pattern else None)
        if match is None:
            continue
        groups = match.groupdict()
        lang = groups.get("lang") and _language(groups["lang"], path)
        found.setdefault(lang, {}).setdefault(groups.get("split"), []).append(path)
    return found


def _language(name: str, path: Path) -> str:
    try:
        return resolve(name)
    except UsageError as error:
        next_step = "name the folder or file after its language, or give the folder itself with --data"
        raise UsageError(
            f"'{name}' is no language.", where=path, expected=error.expected, next_step=next_step
        ) from error


def _of_split(places: dict[str | None, list[Path]], split: str) -> list[Path]:
    return places.get(split) or places.get(None) or []


def _chosen(
    topics: Places, qrels: Places, documents: Places, split: str, languages: list[str] | None, folder: Path
) -> list[str | None]:
    """Return the languages to evaluate; raises UsageError where one of the three kinds of files is missing."""
    usable = [lang for lang, places in qrels.items() if _of_split(places, split)]
    if not usable:
        splits = sorted({str(name) for places in qrels.values() for name in places if name})
        raise UsageError(
            f"The folder has no judgements (qrels) of the split '{split}'.",
            where=folder,
            expected=f"one of the splits {', '.join(splits)}" if splits else "files under their published names",
            next_step="name the split with --split" if splits else "see docs/evaluate.md for the names",
        )
    if None in usable:
        if languages and len(languages) > 1:
            raise UsageError("The files are of one language.", where=folder, expected="one language, or none, named")
        usable, languages = [None], None
    missing = sorted(set(languages or []) - set(usable))
    if missing:
        raise UsageError(
            f"The data have no {', '.join(missing)}.",
            where=folder,
            expected=f"languages of {', '.join(sorted(filter(None, usable)))}",
        )
    chosen = sorted(languages or usable, key=str)
    for name, places in (("queries (topics)", topics), ("documents", documents)):
        lacking = [str(lang or "the data") for lang in chosen if not _of_any(places.get(lang, {}), name, split)]
        if lacking:
            raise UsageError(
                f"There are no {name} of {', '.join(lacking)}.",
                where=folder,
                expected="the files under their published names, below this folder",
                next_step="add them, or name the other languages with --languages",
            )
    return chosen


def _of_any(places: dict[str | None, list[Path]], name: str, split: str) -> bool:
    return bool(places) if name == "documents" else bool(_of_split(places, split))
