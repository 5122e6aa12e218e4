"""mine: hard negatives of every question of the corpora, by any encoder, in bounded memory."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.core.corpus import TableWriter, open_corpus
from mtqa.core.encode import load_encoder, model_fingerprint
from mtqa.core.errors import UsageError
from mtqa.core.languages import resolve
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest
from mtqa.core.mined import MINE_STAGE, MINED
from mtqa.core.near import Groups, near_duplicates
from mtqa.core.output import Work, building, guard, up_to_date
from mtqa.core.progress import progress, say
from mtqa.core.vector_search import Search, approximate, exact, in_parts
from mtqa.mine.choose import Found, choose, limits
from mtqa.mine.read import Data, Rows, answers, first_rows, texts
from mtqa.mine.settings import MineSettings
from mtqa.mine.vectors import vector_file

VERSION = 1
BLOCK = 1024


def mine(corpora: Sequence[Path], settings: MineSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Write each item's hard negatives to `out`, as passage ids that hold in every language; return the manifest.

    Never a negative: a passage of any item with the same question, in any language, one in the filter's groups of
    near-duplicates with such, and one whose vector is nearly the positive's. Vectors lie beside `out` until it stands,
    so that a killed job goes on. Raises UsageError for corpora, languages or an encoder that cannot be used.
    """
    if not corpora:
        raise UsageError("No corpus is given.", expected="one folder or more, written by collect, translate or filter")
    opened = [open_corpus(path) for path in corpora]
    data = Data(opened, settings.split)
    codes = {name: _code(getattr(settings, name), data) for name in ("query_lang", "passage_lang")}
    settings = settings.model_copy(update=codes)
    inputs = {f"corpus-{number}": corpus.manifest.content for number, corpus in enumerate(opened)}
    inputs["encoder"] = model_fingerprint(settings.encoder)
    work = Work(MINE_STAGE, VERSION, settings.record(), inputs)
    if done := up_to_date(out, work):
        say(f"{out}: up to date")
        return done
    guard(out, work, overwrite=overwrite)
    parking = out.with_name(f".{out.name}.vectors-{work.fingerprint[:16]}")
    job = prepare(data, settings, parking)
    counts: Counter[str] = Counter()
    with building(out, work, overwrite=overwrite) as build:
        with TableWriter(build.path, "negatives", MINED) as writer:
            for rows in _blocks(job, counts):
                writer.write(rows)
        manifest = build.finish(
            {"all": build.record_part(work.fingerprint, writer.rows)},
            counts=_counts(job, counts),
            licences=[licence for corpus in opened for licence in corpus.manifest.licences],
            info={"lineage": [one for corpus in opened for one in lineage(corpus.manifest)]},
        )
    shutil.rmtree(parking, ignore_errors=True)
    return manifest


@dataclass(frozen=True)
class Job:
    """Questions and passages with their vectors, and what may not be a negative.

    `own` (questions,): the place of each question's positive among the passages. `question_group` (questions,) and
    `starts`, `members`: the passages of group g are `members[starts[g] : starts[g + 1]]`; `codes`: sorted, question
    group × passage groups + passage group, of what answers what.
    """

    settings: MineSettings
    parking: Path
    questions: Rows
    passages: Rows
    without_passage: int
    query_vectors: np.ndarray
    passage_vectors: np.ndarray
    own: np.ndarray
    question_group: np.ndarray
    starts: np.ndarray
    members: np.ndarray
    codes: np.ndarray


def prepare(data: Data, settings: MineSettings, parking: Path) -> Job:
    """Read ids and encode texts; vectors go to files below `parking`. Raises UsageError where no question is left."""
    passages = first_rows(data, settings.passage_lang, "passage")
    questions = first_rows(data, settings.query_lang, "item")
    by_id = np.argsort(passages.passage)
    at = np.minimum(np.searchsorted(passages.passage, questions.passage, sorter=by_id), len(passages) - 1)
    has = passages.passage[by_id[at]] == questions.passage
    without = int((~has).sum())
    if not has.any():
        raise UsageError(
            f"No question in {settings.query_lang} has its passage in {settings.passage_lang}.",
            where=", ".join(str(corpus.path) for corpus in data.corpora),
            expected="items that exist in both languages",
        )
    questions = Rows(*(column[has] for column in vars(questions).values()))
    own = by_id[at][has]
    groups: list[Groups] = [near_duplicates(data.corpora, field) for field in ("question", "passage")]
    question_groups, question_group = np.unique(groups[0].of(questions.question), return_inverse=True)
    passage_groups, passage_group = np.unique(groups[1].of(passages.passage), return_inverse=True)
    model = load_encoder(settings.encoder, settings.device)
    parking.mkdir(parents=True, exist_ok=True)
    query_texts = texts(data, settings.query_lang, "question", questions.row)
    passage_texts = texts(data, settings.passage_lang, "passage", passages.row)
    return Job(
        settings,
        parking,
        questions,
        passages,
        without,
        vector_file(model, query_texts, "query", parking / "queries", len(questions)),
        vector_file(model, passage_texts, "document", parking / "passages", len(passages)),
        own,
        question_group,
        np.searchsorted(np.sort(passage_group), np.arange(len(passage_groups) + 1)),
        np.argsort(passage_group, kind="stable"),
        answers(data, question_groups, passage_groups, groups),
    )


def barred(job: Job, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return (question's place in the block, passage) of all that may not be negatives of a block of questions."""
    groups, group = len(job.starts) - 1, job.question_group[rows]
    first = np.searchsorted(job.codes, group * groups)
    sizes = np.searchsorted(job.codes, (group + 1) * groups) - first
    place, at = _spans(first, sizes)
    passage_group = job.codes[at] % groups
    inner, member = _spans(job.starts[passage_group], np.diff(job.starts)[passage_group])
    return place[inner], job.members[member]


def _spans(first: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (number of the span, position) of all positions in the spans first … first + size − 1."""
    span = np.repeat(np.arange(len(sizes)), sizes)
    return span, np.arange(len(span)) - np.repeat(np.cumsum(sizes) - sizes - first, sizes)


def _blocks(job: Job, counts: Counter[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of the result, a block of questions at a time, and count negatives by question."""
    settings, vectors = job.settings, job.passage_vectors
    search: Search = (
        exact(in_parts(vectors), settings.device)
        if settings.search == "exact"
        else approximate(in_parts(vectors), job.parking, settings.seed)
    )
    k = min(settings.rank_to, len(vectors))
    with progress("mine", len(job.questions), "questions") as bar:
        for first in range(0, len(job.questions), BLOCK):
            block = slice(first, min(first + BLOCK, len(job.questions)))
            queries, own = np.array(job.query_vectors[block]), np.array(vectors[job.own[block]])
            scores, found = search(queries, k, barred(job, block))
            limit = limits((queries * own).sum(axis=1), settings)
            rows = []
            for n, item in enumerate(job.questions.item[block].tolist()):
                places = choose(Found(scores[n], found[n], limit[n], own[n], item), vectors, settings)
                counts[str(len(places))] += 1
                ids = job.passages.passage[found[n][places]].tolist()
                negatives = [
                    {"passage_id": f"{passage:016x}", "rank": place + 1, "score": float(scores[n][place])}
                    for passage, place in zip(ids, places, strict=True)
                ]
                rows.append({"item_id": f"{item:016x}", "negatives": negatives})
            yield rows
            bar.update(len(rows))


def _counts(job: Job, counts: Counter[str]) -> dict[str, Any]:
    return {
        "questions": len(job.questions),
        "passages": len(job.passages),
        "questions_without_passage": job.without_passage,
        "negatives": sum(int(number) * questions for number, questions in counts.items()),
        "questions_by_negatives": dict(sorted(counts.items(), key=lambda pair: int(pair[0]))),
    }


def _code(name: str, data: Data) -> str:
    code = name if name in data.languages else resolve(name)
    if code not in data.languages:
        raise UsageError(f"The corpus has no {code}.", expected=f"one of {', '.join(data.languages)}")
    return code
