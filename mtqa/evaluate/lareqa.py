"""The LAReQA benchmarks XQuAD-R and MLQA-R: find the sentence that answers a question, in every language.

Protocol: Roy et al., "LAReQA: Language-agnostic answer retrieval from a multilingual pool" (EMNLP 2020), files of
https://github.com/google-research-datasets/lareqa. Candidates are all (sentence, context) occurrences, not
deduplicated, because a gold answer is an occurrence and not a string. Offsets count code points of the context exactly
as it stands in the file; no text is stripped or normalised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.textfile import read_json

SUFFIXES, ROWS = (".json", ".json.gz"), (".jsonl", ".parquet")
"""Ends of official files, and of files as the Hub holds them, one row a question (`hub_rows`)."""
ROMANISED = {"ben_Latn", "hin_Latn", "npi_Latn", "sin_Latn", "urd_Latn"}
"""Variants of Belebele that have no FLORES-200 code; they are left out."""


@dataclass(frozen=True)
class Query:
    """A question in one language with its answer's text; `id` is shared by its translations."""

    id: str
    lang: str
    text: str
    answer: str = ""


@dataclass(frozen=True)
class Candidate:
    """One occurrence of a sentence; `id` is its place in the file: article.paragraph.sentence, each from 0."""

    id: str
    lang: str
    sentence: str
    context: str


@dataclass(frozen=True)
class Benchmark:
    """Queries and candidates, both in FLORES-code order of languages and file order within, and what answers what.

    `gold` (queries × languages) holds the candidate that answers the query in that language, −1 where the benchmark
    has none; `bounds` (languages + 1): the candidates of language l are bounds[l] … bounds[l + 1] − 1.
    """

    name: str
    languages: list[str]
    queries: list[Query]
    candidates: list[Candidate]
    gold: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @property
    def query_languages(self) -> NDArray[np.int64]:
        """The language number of each query."""
        place = {lang: number for number, lang in enumerate(self.languages)}
        return np.array([place[query.lang] for query in self.queries], np.int64)


def data_files(folder: Path, benchmark: str, languages: list[str] | None = None) -> dict[str, Path]:
    """Return the benchmark's files by FLORES-200 code, in code order, of all or the named languages.

    A file is named after its language: `en.json`, `en.json.gz`, `eng_Latn.jsonl`, or `en/….parquet` and
    `xquad.en/….parquet` of the Hub. `folder` may also be the parent of a folder named after the benchmark, or `data`.
    Raises UsageError where folder, files or a named language are missing.
    """
    from mtqa.core.languages import resolve

    folder = next((folder / name for name in (benchmark, "data") if (folder / name).is_dir()), folder)
    expected = "one file a language: en.json, de.json, … (or the Hub's: eng_Latn.jsonl, en/….parquet)"
    if not folder.is_dir():
        raise UsageError(f"There is no folder '{folder}'.", where=folder, expected=expected)
    found: dict[str, Path] = {}
    for name, path in _named(folder):
        try:
            lang = resolve(name)
        except UsageError as error:
            raise UsageError(
                "A file's name is not a language.", where=path, expected=expected, next_step="move the file elsewhere"
            ) from error
        if lang in found:
            raise UsageError(f"Two files hold {lang}: {found[lang].name} and {path.name}.", where=folder)
        found[lang] = path
    if not found:
        raise UsageError(f"The folder holds no file of {benchmark}.", where=folder, expected=expected)
    missing = sorted(set(languages or []) - set(found))
    if missing:
        raise UsageError(
            f"The data have no {', '.join(missing)}.", where=folder, expected=f"languages of {', '.join(sorted(found))}"
        )
    return {lang: found[lang] for lang in sorted(languages or found)}


def _named(folder: Path) -> list[tuple[str, Path]]:
    """Return the files that may be a benchmark's, each with the name that should be its language's."""
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))]
    files = [path for path in paths if path.is_file() and path.name.endswith((*SUFFIXES, ROWS[0]))]
    parquet = [path for below in paths if below.is_dir() for path in sorted(below.glob("*.parquet"))]
    named = [(path.name.split(".")[0], path) for path in files]
    named += [(path.parent.name.removeprefix("xquad."), path) for path in parquet]
    return [(name, path) for name, path in named if name not in ROMANISED]


def data_fingerprint(files: dict[str, Path]) -> str:
    """Return the sha256 over languages and file contents: what an evaluation depends on."""
    return fingerprint({lang: file_sha256(path) for lang, path in files.items()})


def load(name: str, files: dict[str, Path]) -> Benchmark:
    """Read a benchmark from its files (`data_files`); raises UsageError naming file and place where one is wrong."""
    queries: list[Query] = []
    candidates: list[Candidate] = []
    answers: list[dict[str, int]] = []
    bounds = [0]
    for lang, path in files.items():
        answer_of: dict[str, int] = {}
        for number, paragraph in _paragraphs(path):
            where = f"{path}: paragraph {number}"
            try:
                _add(lang, number, paragraph, queries, candidates, answer_of)
            except UsageError as error:
                raise UsageError(error.what, where=where, expected=error.expected) from None
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise _malformed(where) from error
        answers.append(answer_of)
        bounds.append(len(candidates))
    if not queries:
        raise UsageError("The files hold no question.", where=next(iter(files.values())).parent)
    gold = np.array([[of.get(query.id, -1) for of in answers] for query in queries], np.int64)
    return Benchmark(name, list(files), queries, candidates, gold, np.array(bounds, np.int64))


def as_passages(benchmark: Benchmark) -> Benchmark:
    """Return the benchmark with whole paragraphs as candidates: a question's gold is its paragraph in each language."""
    places: list[int] = []
    passages: list[Candidate] = []
    last = None
    for candidate in benchmark.candidates:
        number = candidate.id.rpartition(".")[0]
        if (candidate.lang, number) != last:
            last = (candidate.lang, number)
            passages.append(Candidate(number, candidate.lang, candidate.context, candidate.context))
        places.append(len(passages) - 1)
    of = np.array([*places, -1], np.int64)  # gold −1 stays −1
    bounds = np.array([*of[benchmark.bounds[:-1]], len(passages)], np.int64)
    return replace(benchmark, candidates=passages, gold=of[benchmark.gold], bounds=bounds)


def candidate_texts(benchmark: Benchmark, kind: str) -> list[str]:
    """Return what is encoded for each candidate: its sentence (or passage), or sentence, one space, whole context.

    An encoder cuts the second kind at its own maximum length; the sentence stands first and so survives.
    """
    if kind != "sentence+context":
        return [candidate.sentence for candidate in benchmark.candidates]
    return [f"{candidate.sentence} {candidate.context}" for candidate in benchmark.candidates]


def _add(
    lang: str,
    number: str,
    paragraph: dict[str, Any],
    queries: list[Query],
    candidates: list[Candidate],
    answer_of: dict[str, int],
) -> None:
    """Append one paragraph's sentences and questions; note which candidate answers which question."""
    context, first = paragraph["context"], len(candidates)
    for place, (sentence, _) in enumerate(zip(paragraph["sentences"], paragraph["sentence_breaks"], strict=True)):
        candidates.append(Candidate(f"{number}.{place}", lang, _text(sentence), _text(context)))
    for qa in paragraph["qas"]:
        start = qa["answers"][0]["answer_start"]
        holding = [i for i, (begin, end) in enumerate(paragraph["sentence_breaks"]) if begin <= start < end]
        if len(holding) != 1:
            raise UsageError(
                f"The answer of question {qa['id']!r} begins in {len(holding)} sentences.",
                expected="answer_start within exactly one of sentence_breaks",
            )
        if qa["id"] in answer_of:
            raise UsageError(f"The question id {qa['id']!r} occurs twice.", expected="one question an id and language")
        answer_of[qa["id"]] = first + holding[0]
        queries.append(Query(_text(qa["id"]), lang, _text(qa["question"]), str(qa["answers"][0].get("text", ""))))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _paragraphs(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return a file's paragraphs in order with their numbers `article.paragraph`."""
    try:
        data = read_json(path)
        return [
            (f"{a}.{p}", paragraph)
            for a, article in enumerate(data["data"])
            for p, paragraph in enumerate(article["paragraphs"])
        ]
    except (UsageError, KeyError, TypeError) as error:
        raise _malformed(path) from error


def _malformed(where: object) -> UsageError:
    return UsageError(
        "The file is not in the form of XQuAD-R and MLQA-R.",
        where=where,
        expected="data[].paragraphs[] with context, sentences, sentence_breaks, qas[] (id, question, answers)",
        next_step="take the official file of github.com/google-research-datasets/lareqa",
    )
