"""Shards in readable form: composition against what was asked, collisions, repetition, and any batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.shardfile import Shards
from mtqa.pipeline.table import short, text_table, wrap

PAIR = ("item_id", "dataset", "query_lang", "query", "passage_lang", "passage")
MORE = ("lang_2", "query_2", "passage_2", "negatives")
LEFT_OUT = {
    "not_in_all_languages": "items that some language lacks",
    "no_second_version": "items without the second version asked for",
    "lacks_languages": "items without the languages that the mode needs",
    "no_text": "rows without question or passage",
    "duplicate": "rows of an item seen before",
}
ADJUSTED = {
    "refilled_rows": "pairs of the next epoch fill the last batch",
    "dropped_rows": "pairs did not fill a batch",
    "forced_batches": "batches could not have the kind or language drawn",
}
TABLES = {
    "kinds": "batches",
    "mono_languages": "mono batches",
    "cross_pairs": "cross pairs",
    "second_languages": "second versions",
}


def batch_rows(shards: Shards, number: int, count: int) -> dict[str, Any]:
    """Return a batch's number, kind, size and first pairs. Raises UsageError for a batch that there is not."""
    if number >= len(shards):
        raise UsageError(f"There is no batch {number}.", where="--batch", expected=f"0 to {len(shards) - 1}")
    batch = shards.batch(number)
    filled = [name for name in MORE if batch.table[name].null_count < len(batch)]
    rows = batch.table.select([*PAIR, *filled]).slice(0, count).to_pylist()
    return {"number": number, "kind": batch.kind, "size": len(batch), "rows": rows}


def batch_text(batch: Mapping[str, Any]) -> str:
    """Return what `batch_rows` found as text."""
    title = f"Batch {batch['number']} ({batch['kind']}), {len(batch['rows'])} of its {batch['size']} pairs:"
    return "\n\n".join([title, *map(_pair_text, batch["rows"])])


def _pair_text(row: Mapping[str, Any]) -> str:
    lines = [
        f"── {row['item_id']} ({row['dataset']})",
        wrap(f"{row['query_lang']}  Q ", row["query"]),
        wrap(f"{row['passage_lang']}  P ", short(row["passage"])),
    ]
    if row.get("lang_2"):
        lines += [
            wrap(f"{row['lang_2']}  Q₂ ", row["query_2"]),
            wrap(f"{row['lang_2']}  P₂ ", short(row["passage_2"])),
        ]
    lines += [wrap(f"{one['lang']}  −  ", short(one["text"])) for one in row.get("negatives") or []]
    return "\n".join(lines)


def composition_text(counts: Mapping[str, Any]) -> str:
    """Return the counts of shards as text: tables of kinds, languages and pairs asked and got, what repeats and why."""
    return "\n\n".join(["\n".join(_lines(counts)), *_tables(counts)])


def _lines(counts: Mapping[str, Any]) -> Iterator[str]:
    shared, uses = counts["shared"], counts["uses_of_an_item"]
    yield (
        f"{counts['batches']:,} batches of {counts['batch_size']:,} pairs: {counts['epochs']:g} epochs of "
        f"{counts['items']:,} items, each used {uses['least']} to {uses['most']} times."
    )
    if len(by_uses := counts.get("items_by_uses", {})) > 1:
        listed = ", ".join(f"{number:,} items {times} times" for times, number in list(by_uses.items())[:8])
        yield f"Repetition: {listed}{', …' if len(by_uses) > 8 else ''}."
    yield (
        f"Rows that share an item, passage or question with a row of their batch: {shared['rows']:,} "
        f"(unavoidable: at least {shared['unavoidable']:,}); avoided by waiting: {shared['avoided']:,}."
    )
    if any((near := counts.get("near_duplicates", {})).values()):
        yield f"Near-duplicates count as shared: {near['passages']:,} passages, {near['questions']:,} questions."
    if found := counts.get("pairs_by_negatives"):
        yield "Hard negatives: " + ", ".join(f"{pairs:,} pairs with {number}" for number, pairs in found.items()) + "."
    left = {**counts["left_out"]["items"], **counts["left_out"]["rows"]}
    out = [f"{number:,} {LEFT_OUT.get(name, name)}" for name, number in left.items() if number]
    out += [f"{counts[name]:,} {text}" for name, text in ADJUSTED.items() if counts[name]]
    if out:
        yield "Left out and adjusted: " + "; ".join(out) + "."


def _tables(counts: Mapping[str, Any]) -> Iterator[str]:
    for name, title in TABLES.items():
        part = counts.get(name)
        total = sum(part["got"].values()) if part else 0
        if part and total and len(part["got"]) > 1:
            rows = [
                [label, f"{part['asked'][label]:.1%}", f"{n / total:.1%}", f"{n:,}"] for label, n in part["got"].items()
            ]
            p = part["test"]["p"]
            test = f"chi-square p = {p:.3g}" if p is not None else "too few for a chi-square test"
            if p is not None and p < 0.01 and counts["forced_batches"]:
                test += f"; {counts['forced_batches']:,} batches could not be as drawn"
            yield f"{text_table([title, 'asked', 'got', 'number'], rows)}\n{test}"
        elif part and total:
            yield f"All {title}: {next(iter(part['got']))}."
