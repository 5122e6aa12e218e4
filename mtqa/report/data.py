"""The data part of a report: what was collected, translated, kept, dropped and why; rows to look at."""

from __future__ import annotations

from typing import Any

from mtqa.core.corpus import Corpus, read_batches
from mtqa.core.languages import get
from mtqa.core.manifest import Manifest
from mtqa.core.sample import sample_items
from mtqa.core.schema import ENGLISH

BAR_PIXELS = 160
SHOWN_ITEMS, SHOWN_REJECTED = 10, 12
LONGEST = 400  # code points of a passage around its answer


def collected(manifest: Manifest) -> dict[str, Any]:
    """Return what collect read, kept and left out, by reason."""
    counts = manifest.counts
    drops = sorted(counts.get("dropped", {}).items(), key=lambda item: (-item[1], item[0]))
    return {
        "sentence": f"{counts['read']:,} English rows were read and {counts['kept']:,} kept.",
        "drops": [(reason.replace("_", " "), f"{number:,}") for reason, number in drops if number],
    }


def languages(translated: Manifest, filtered: Manifest) -> list[dict[str, Any]]:
    """Return one record a language: rows, kept, dropped, answers found, flags raised by translate."""
    most = max(part.counts["kept"] for part in filtered.parts.values())
    records = []
    for lang, part in sorted(filtered.parts.items(), key=lambda item: (item[0] != ENGLISH, item[0])):
        made = translated.parts[lang].counts if lang in translated.parts else {}
        answers = made.get("answers", {})
        sought = sum(answers.values())
        records.append(
            {
                "code": lang,
                "name": get(lang).name,
                "rows": f"{part.counts['in']:,}",
                "kept": f"{part.counts['kept']:,}",
                "dropped": f"{part.counts['dropped']:,} ({part.counts['dropped'] / max(1, part.counts['in']):.1%})",
                "answers": f"{answers['found'] / sought:.1%}" if lang != ENGLISH and sought else "–",
                "flagged": f"{sum(made.get('flags', {}).values()):,}" if lang != ENGLISH else "–",
                "bar": round(BAR_PIXELS * part.counts["kept"] / max(1, most)),
            }
        )
    return records


def reasons(filtered: Manifest) -> list[tuple[str, str, str, str]]:
    """Return (language, rule, rows it fails, rows that it alone drops), most first within a language."""
    rows = []
    for lang, part in sorted(filtered.parts.items()):
        ranked = sorted(part.counts["reasons"].items(), key=lambda item: (-item[1], item[0]))
        alone = part.counts["alone"]
        rows += [(get(lang).name, rule, f"{number:,}", f"{alone.get(rule, 0):,}") for rule, number in ranked]
    return rows


def rejected(corpus: Corpus, english: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return the first dropped rows of every translated language, each beside its English row."""
    targets = [lang for lang in corpus.languages if lang != ENGLISH]
    each = max(1, SHOWN_REJECTED // max(1, len(targets)))
    shown = []
    for lang in targets:
        for row in _first_rejected(corpus, lang, each):
            source = english.get(row["item_id"], {})
            why = ", ".join(f"{reason['field']}: {reason['check']}" for reason in row["reasons"])
            shown.append(
                {
                    "why": why,
                    "language": get(lang).name,
                    "tag": tag(lang),
                    "question": row["question"],
                    "passage": shorten(row["passage"]),
                    "question_en": source.get("question", ""),
                    "passage_en": shorten(source.get("passage")),
                }
            )
    return shown


def rejected_ids(corpus: Corpus) -> set[str]:
    """Return the item ids of the rows that `rejected` shows."""
    targets = [lang for lang in corpus.languages if lang != ENGLISH]
    each = max(1, SHOWN_REJECTED // max(1, len(targets)))
    return {row["item_id"] for lang in targets for row in _first_rejected(corpus, lang, each)}


def english_rows(corpus: Corpus, ids: set[str]) -> dict[str, dict[str, Any]]:
    """Return the English rows of some items by item id."""
    found = {}
    for batch in corpus.batches(ENGLISH, columns=["item_id", "question", "passage"]):
        found.update({row["item_id"]: row for row in batch.to_pylist() if row["item_id"] in ids})
    return found


def samples(corpus: Corpus, seed: int) -> dict[str, Any]:
    """Return items side by side, with the answer's place marked where it is known."""
    items = sample_items(corpus, SHOWN_ITEMS, seed)
    shown = list(items[0]) if items else []
    return {
        "languages": [{"name": get(lang).name} for lang in shown],
        "rows": [[_cell(lang, row) for lang, row in item.items()] for item in items],
    }


def shorten(text: str | None) -> str:
    """Return a text cut to a readable length."""
    text = text or ""
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"


def tag(lang: str) -> str:
    """Return the HTML `lang` tag of a FLORES-200 code."""
    language = get(lang)
    return f"{language.iso1 or language.iso3}-{language.script}"


def _cell(lang: str, row: dict[str, Any]) -> dict[str, str]:
    passage = row["passage"] or ""
    answer = next((a for a in row["answers"] if a["start"] is not None), None)
    if answer is None:
        before, marked, after = passage, "", ""
    else:
        start, end = answer["start"], answer["start"] + len(answer["text"])
        before, marked, after = passage[:start], passage[start:end], passage[end:]
    if len(before) > LONGEST:
        before = "… " + before[-LONGEST:].lstrip()
    return {
        "tag": tag(lang),
        "question": row["question"],
        "before": before,
        "answer": marked,
        "after": shorten(after),
    }


def _first_rejected(corpus: Corpus, lang: str, count: int) -> list[dict[str, Any]]:
    names = [n for n in corpus.manifest.parts[lang].files if n.startswith(f".rejected/{lang}/")]
    rows: list[dict[str, Any]] = []
    for name in sorted(names):
        for batch in read_batches(corpus.path / name, ["item_id", "question", "passage", "reasons"]):
            rows += batch.slice(0, count - len(rows)).to_pylist()
            if len(rows) == count:
                return rows
    return rows
