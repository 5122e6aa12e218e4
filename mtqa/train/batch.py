"""A batch of the shards as the trainer wants it: tokenised, in micro-batches, with its mask. Made ahead of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mtqa.core.encode import features, is_flat, micro_batches, token_counts
from mtqa.core.languages import ENGLISH
from mtqa.train.cut import OVERHEAD, cut
from mtqa.train.loss import false_negatives

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from mtqa.core.encode import Role
    from mtqa.core.shardfile import Batch

T = TypeVar("T")
Texts = tuple["Role", list[str], int]
"""Texts of one role, and the place of the first among all texts of the batch."""


@dataclass(frozen=True)
class MicroBatch:
    """Texts of similar length that are encoded together: their rows in the batch's texts (int64), their features."""

    rows: Tensor
    features: dict[str, Any]


@dataclass(frozen=True)
class Needs:
    """What a batch is prepared for beside queries, passages and negatives.

    `second`: the queries' second versions; `teacher`: English texts for a teacher; `rank` of `world` processes, which
    share the rows of every batch among them.
    """

    second: bool = False
    teacher: SentenceTransformer | None = None
    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class Taught:
    """English texts for the teacher, in micro-batches, and whose they are: places among queries, then passages."""

    parts: list[MicroBatch]
    places: Tensor
    share: float
    """English texts of the whole batch, of all processes, for each of its pairs: 2 where none is missing."""


@dataclass(frozen=True)
class Prepared:
    """A batch, or a process's rows of it, ready to be encoded.

    Its texts are the n queries, then the n passages, then the negatives, then second versions of queries.
    """

    number: int
    parts: list[MicroBatch]
    false_negatives: Tensor
    """bool (n, documents of all processes)"""
    pairs: list[tuple[str, str]]
    """Query language and passage language of each row of the whole batch."""
    tokens: int
    padded: int
    """Tokens with the padding that the model computes on."""
    rows: list[int]
    """The rows of the whole batch that are here."""
    answers: Tensor
    """Which of all processes' documents is each query's passage (int64)."""
    documents: list[int]
    """How many documents (passages and negatives) each process has."""
    rank: int
    seconds: Tensor | None
    """The rows (here) that have a second version of their query (int64)."""
    taught: Taught | None

    def __len__(self) -> int:
        return len(self.rows)


def prepare(model: SentenceTransformer, batch: Batch, token_budget: int, needs: Needs = Needs()) -> Prepared:
    """Tokenise a batch into micro-batches of at most `token_budget` tokens, sorted by length; depends on it alone."""
    import numpy as np
    import torch

    negatives = [row or [] for row in batch.column("negatives")]
    shares = [_rows(batch, negatives, rank, needs.world) for rank in range(needs.world)]
    rows = shares[needs.rank]
    flat = [negative for row in negatives for negative in row]
    mask = false_negatives(batch.item_ids, batch.passage_ids, batch.question_ids, [one["passage_id"] for one in flat])
    columns = [_columns(share, negatives) for share in shares]
    order = np.array([column for own in columns for column in own])
    first = sum(map(len, columns[: needs.rank]))

    queries, passages = _take(batch.queries, rows), _take(batch.passages, rows)
    documents = passages + [negative["text"] for i in rows for negative in negatives[i]]
    texts: list[Texts] = [("query", queries, 0), ("document", documents, len(rows))]
    seconds = None
    if needs.second:
        versions = _take(batch.column("query_2"), rows)
        seconds = torch.tensor([i for i, text in enumerate(versions) if text], device=model.device, dtype=torch.int64)
        texts.append(("query", [text for text in versions if text], len(rows) + len(documents)))
    parts, tokens, padded = _micro_batches(model, texts, token_budget)
    return Prepared(
        batch.number,
        parts,
        torch.from_numpy(mask[np.array(rows)][:, order]).to(model.device),
        list(zip(batch.query_langs, batch.passage_langs, strict=True)),
        tokens,
        padded,
        rows,
        torch.arange(first, first + len(rows), device=model.device),
        list(map(len, columns)),
        needs.rank,
        seconds,
        _taught(needs.teacher, batch, rows, token_budget) if needs.teacher is not None else None,
    )


def ahead(executor: Executor, make: Callable[[int], T], numbers: Iterable[int]) -> Iterator[T]:
    """Yield make(n) for each number, in order, the next one being made while the caller works with this one.

    Give an executor of one thread: then `make` never runs twice at once, which tokenisers don't allow.
    """
    waiting = None
    for number in numbers:
        coming = executor.submit(make, number)
        if waiting is not None:
            yield waiting.result()
        waiting = coming
    if waiting is not None:
        yield waiting.result()


def _rows(batch: Batch, negatives: list[list[dict[str, Any]]], rank: int, world: int) -> list[int]:
    """Return a process's rows: every world-th by length of text, so that all have about as much to do."""
    if world == 1:
        return list(range(len(batch)))
    lengths = [
        len(query) + len(passage) + sum(len(negative["text"]) for negative in own)
        for query, passage, own in zip(batch.queries, batch.passages, negatives, strict=True)
    ]
    return sorted(sorted(range(len(batch)), key=lengths.__getitem__)[rank::world])


def _columns(rows: list[int], negatives: list[list[dict[str, Any]]]) -> list[int]:
    """Return the columns of the whole batch's mask that belong to some rows' passages and negatives."""
    starts = [len(negatives)]
    for own in negatives:
        starts.append(starts[-1] + len(own))
    return rows + [column for i in rows for column in range(starts[i], starts[i + 1])]


def _micro_batches(model: SentenceTransformer, texts: list[Texts], budget: int) -> tuple[list[MicroBatch], int, int]:
    """Return micro-batches, their tokens without and with padding."""
    import torch

    parts, tokens, padded, flat = [], 0, 0, is_flat(model)
    # A GPU is slow to start small computations: there a cut has to save a whole micro-batch of padding (not measured).
    overhead = OVERHEAD if model.device.type == "cpu" else budget
    for role, some, first in texts:
        counts = token_counts(model, some, role)
        tokens += sum(counts)
        for rows in micro_batches(counts, budget, flat=True) if flat else cut(counts, budget, overhead):
            padded += sum(counts[i] for i in rows) if flat else max(counts[i] for i in rows) * len(rows)
            places = torch.tensor([first + i for i in rows], device=model.device)
            parts.append(MicroBatch(places, features(model, [some[i] for i in rows], role)))
    return parts, tokens, padded


def _taught(teacher: SentenceTransformer, batch: Batch, rows: list[int], budget: int) -> Taught:
    """Return the English versions of queries and passages, tokenised for the teacher."""
    import torch

    texts: list[Texts] = []
    places: list[int] = []
    total = 0
    for number, (role, column) in enumerate((("query", "query"), ("document", "passage"))):
        english = _english(batch, column)
        total += sum(map(bool, english))
        here = [(number * len(rows) + i, english[row]) for i, row in enumerate(rows) if english[row]]
        texts.append((role, [text for _, text in here], len(places)))  # type: ignore[arg-type]
        places += [place for place, _ in here]
    parts, _, _ = _micro_batches(teacher, texts, budget)
    return Taught(parts, torch.tensor(places, device=teacher.device, dtype=torch.int64), total / len(batch))


def _english(batch: Batch, column: str) -> list[str]:
    """Return each row's English text: the second version, or the text itself where it is English; else ""."""
    versions = zip(
        batch.column(column),
        batch.column(f"{column}_lang"),
        batch.column(f"{column}_2"),
        batch.column("lang_2"),
        strict=True,
    )
    return [
        second if lang_2 == ENGLISH and second else own if lang == ENGLISH else ""
        for own, lang, second, lang_2 in versions
    ]


def _take(values: list[T], rows: list[int]) -> list[T]:
    return [values[i] for i in rows]
