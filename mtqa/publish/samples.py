"""Sample items for the card, the same rows in several languages; chosen by their ids, so by no one's taste."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mtqa.core.corpus import Corpus
from mtqa.core.schema import ENGLISH
from mtqa.publish.markdown import code, escape, table

WINDOW = 8192
CANDIDATES = 200
PASSAGE_CHARACTERS, QUESTION_CHARACTERS, ANSWER_CHARACTERS = 240, 200, 80
_COLUMNS = ["item_id", "question", "passage", "answers"]

Groups = dict[str, dict[str, Mapping[str, Any]]]


def sample_groups(corpus: Corpus, number: int) -> Groups:
    """Return item_id → language → row for `number` items, those present in the most languages first.

    Candidates are the lowest item ids (hashes, hence as good as random) among the first 8,192 rows of the first
    split; the other languages are read only as far as rows of these candidates can stand, so this costs seconds at
    any size.
    """
    languages = sorted(corpus.languages, key=lambda code: (code != ENGLISH, code))
    languages = [lang for lang in languages if corpus.rows(lang)]
    if not languages or not number:
        return {}
    first = _window(corpus, languages[0], None)
    wanted = sorted({row["item_id"] for row in first})[:CANDIDATES]
    groups: Groups = {item: {} for item in wanted}
    for lang in languages:
        for row in first if lang == languages[0] else _window(corpus, lang, wanted):
            if row["item_id"] in groups:
                groups[row["item_id"]].setdefault(lang, row)
    best = sorted(groups, key=lambda item: (-len(groups[item]), item))[:number]
    return {item: groups[item] for item in sorted(best)}


def _window(corpus: Corpus, lang: str, wanted: list[str] | None) -> list[dict[str, Any]]:
    """Return rows of the first window of a language's first split, only the wanted ids where they are given."""
    rows: list[dict[str, Any]] = []
    seen = 0
    for batch in corpus.batches(lang, corpus.splits(lang)[0], _COLUMNS, size=WINDOW):
        part = pa.Table.from_batches([batch])
        if wanted is not None:
            part = part.filter(pc.is_in(part["item_id"], pa.array(wanted)))
        rows += part.slice(0, WINDOW - seen if wanted is None else None).to_pylist()
        seen += batch.num_rows
        if seen >= WINDOW:
            break
    return rows


def render(groups: Groups) -> str:
    """Return the groups as Markdown: one table an item, one row a language."""
    blocks = []
    for item, rows in groups.items():
        cells = [
            [
                code(lang),
                escape(row["question"], QUESTION_CHARACTERS),
                escape(row["passage"] or "", PASSAGE_CHARACTERS),
                escape(", ".join(_answers(row)), ANSWER_CHARACTERS),
            ]
            for lang, row in rows.items()
        ]
        blocks.append(
            f"Item {code(item)}\n\n" + table(["language", "question", "passage", "answers"], cells, text=True)
        )
    return "\n\n".join(blocks)


def _answers(row: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(answer["text"] for answer in row["answers"] or [] if answer["text"]))
