"""A look for e-mail addresses and keys in the data: a warning, with counts and item ids, never the finds themselves."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mtqa.core.corpus import Corpus

PATTERNS = {
    "e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{50,}",
    "OpenAI or Anthropic key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}",
}
"""Forms that the issuers document; RE2 syntax."""
HINTS = {
    "e-mail address": ("@",),
    "private key": ("PRIVATE KEY",),
    "Google key": ("AIza",),
    "AWS key": ("AKIA", "ASIA"),
}
HINTS |= {"Hugging Face token": ("hf_",), "GitHub token": ("gh", "github_pat_"), "Slack token": ("xox",)}
HINTS |= {"OpenAI or Anthropic key": ("sk-",)}
COLUMNS = ["item_id", "question", "passage", "title", "answers"]
EXAMPLES = 3


@dataclass(frozen=True)
class Find:
    """How many rows of all languages hold something of a kind, and the first items among them."""

    kind: str
    rows: int
    items: tuple[str, ...]

    @property
    def named(self) -> str:
        """The kind with its article."""
        return f"{'an' if self.kind[0] in 'AEIOaeio' else 'a'} {self.kind}"


def scan(corpus: Corpus) -> list[Find]:
    """Return what was found in questions, passages, titles and answers of all languages, by kind."""
    rows = dict.fromkeys(PATTERNS, 0)
    items: dict[str, dict[str, None]] = {kind: {} for kind in PATTERNS}
    for lang in corpus.languages:
        for batch in corpus.batches(lang, columns=COLUMNS, size=16_384):
            texts = _texts(batch)
            for kind, pattern in PATTERNS.items():
                found = _rows_with(texts, pattern, HINTS[kind])
                if found is None:
                    continue
                rows[kind] += pc.sum(found).as_py() or 0
                if len(items[kind]) < EXAMPLES:
                    items[kind].update(dict.fromkeys(batch["item_id"].filter(found).to_pylist()[:EXAMPLES]))
    return [Find(kind, n, tuple(items[kind])[:EXAMPLES]) for kind, n in rows.items() if n]


def warning(finds: list[Find]) -> str:
    """Return the finds as one line for the person who publishes; empty where there are none."""
    parts = [f"{find.named} in {find.rows:,} rows (items {', '.join(find.items)}, …)" for find in finds]
    return "look before you publish: there seems to be " + "; ".join(parts) if parts else ""


def _texts(batch: pa.RecordBatch) -> list[pa.Array]:
    answers = batch["answers"]
    joined = pc.binary_join(
        pa.ListArray.from_arrays(answers.offsets, pc.fill_null(pc.struct_field(answers.values, "text"), "")), "\n"
    )
    return [*(pc.fill_null(batch[name], "") for name in ("question", "passage", "title")), pc.fill_null(joined, "")]


def _rows_with(texts: list[pa.Array], pattern: str, hints: tuple[str, ...]) -> pa.Array | None:
    """Return which rows match; None where no text holds a hint, which is much quicker to see than a match."""
    found = None
    for text in texts:
        if not any(pc.any(pc.match_substring(text, hint)).as_py() for hint in hints):
            continue
        matches = pc.match_substring_regex(text, pattern)
        found = matches if found is None else pc.or_(found, matches)
    return found
