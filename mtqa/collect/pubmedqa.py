"""PubMedQA's own JSON (`ori_pqal.json`): a mapping of PubMed ids to questions, abstract sections, long answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.collect.items import Answer, RawItem, as_text
from mtqa.core.errors import UsageError

KEYS = ("QUESTION", "CONTEXTS", "LONG_ANSWER")


def is_pubmedqa(data: Any) -> bool:
    """Tell whether JSON data have PubMedQA's shape."""
    first = next(iter(data.values()), None) if isinstance(data, dict) else None
    return isinstance(first, dict) and all(key in first for key in KEYS)


def read_pubmedqa(data: Any, path: Path) -> Iterator[RawItem]:
    """Yield the questions; the passage is the abstract without its conclusion, one section a line.

    The long answer is that conclusion, so it stands nowhere in the passage; yes/no/maybe is left out.
    """
    for pmid, entry in data.items():
        try:
            question, sections, answer = (entry[key] for key in KEYS)
            yield RawItem(str(pmid), as_text(question), "\n".join(sections), answers=(Answer(as_text(answer)),))
        except (KeyError, TypeError) as error:
            raise UsageError(
                "The file is not PubMedQA's JSON.", where=f"{path}, entry '{pmid}'", expected=", ".join(KEYS)
            ) from error
