"""Round trip: chrF between a source and its translation translated back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.filter.table import read_rows

COLUMNS = ("item_id", "lang", "field", "text")
Key = tuple[str, str, str]


class Back:
    """Translations back into English by item, language and field."""

    def __init__(self, texts: Mapping[Key, str]) -> None:
        from sacrebleu.metrics.chrf import CHRF

        self._texts, self._metric = texts, CHRF()

    def score(self, item_id: str, lang: str, field: str, source: Mapping[str, Any] | None) -> float:
        """Return 1 - chrF/100 of the translation back beside the English text, NaN where there is none."""
        text = self._texts.get((item_id, lang, field))
        if text is None or not source or not source.get(field):
            return float("nan")
        return 1 - float(self._metric.sentence_score(text, [source[field]]).score) / 100


def read_back(path: Path) -> Back:
    """Read translations back (JSONL, TSV or Parquet with item_id, lang, field, text); raises UsageError."""
    from mtqa.core.languages import resolve

    texts: dict[Key, str] = {}
    for number, row in enumerate(read_rows(path, COLUMNS), 1):
        if row["field"] not in ("question", "passage"):
            raise UsageError(
                f"Row {number} has the field '{row['field']}'.", where=path, expected="question or passage"
            )
        texts[str(row["item_id"]), resolve(str(row["lang"])), row["field"]] = str(row["text"] or "")
    return Back(texts)
