"""What any folder that mtqa wrote holds, as data (`inspect`) and in readable form (`render`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.core.corpus import CORPUS_STAGES, SPLITS, Corpus, open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.manifest import check_files, load_manifest
from mtqa.core.schema import ENGLISH
from mtqa.core.shardfile import SHARD_STAGE, open_shards
from mtqa.pipeline.shard_view import batch_rows, batch_text, composition_text
from mtqa.pipeline.table import short, text_table, wrap

SHOWN = ("item_id", "dataset", "question", "passage", "answers")


@dataclass(frozen=True)
class Look:
    """What to show: `batch` of shards (None: the first), `rows` items or pairs, `languages` of a corpus (None: all)."""

    batch: int | None = None
    rows: int = 3
    languages: tuple[str, ...] | None = None


def inspect(path: Path, look: Look) -> dict[str, Any]:
    """Return stage, settings, counts and some rows of a finished folder, as JSON-like values.

    Raises UsageError where the folder is no finished output or is damaged, and for a batch or language it lacks.
    """
    manifest = load_manifest(path)
    check_files(path, manifest)
    _check_look(path, manifest.stage, look)
    seen: dict[str, Any] = {
        "stage": manifest.stage,
        "settings": manifest.settings,
        "counts": manifest.counts,
        "licences": manifest.licences,
        "files": sum(len(part.files) for part in manifest.parts.values()),
        "bytes": sum(record.bytes for part in manifest.parts.values() for record in part.files.values()),
    }
    if manifest.stage in CORPUS_STAGES:
        return seen | _corpus(open_corpus(path), look)
    if manifest.stage == SHARD_STAGE:
        return seen | {"batch": batch_rows(open_shards(path), look.batch or 0, look.rows)}
    return seen | {"info": {name: value for name, value in manifest.info.items() if name != "lineage"}}


def as_json_text(value: Any) -> str:
    """Return indented JSON with characters as they are."""
    return json.dumps(value, indent=1, ensure_ascii=False)


def render(seen: Mapping[str, Any]) -> str:
    """Return what `inspect` found as text for the terminal."""
    head = f"{seen['stage']}: {seen['files']:,} files, {seen['bytes'] / 1e6:,.1f} MB"
    if seen["licences"]:
        head += f", {', '.join(seen['licences'])}"
    if "languages" in seen:
        blocks = [head, _language_table(seen), *map(_item_text, seen["items"])]
    elif "batch" in seen:
        blocks = [head, composition_text(seen["counts"]), batch_text(seen["batch"])]
    else:
        blocks = [
            head,
            _tree("settings", seen["settings"]),
            _tree("counts", seen["counts"]),
            _tree("info", seen["info"]),
        ]
    return "\n\n".join(block for block in blocks if block)


def _check_look(path: Path, stage: str, look: Look) -> None:
    looks = (("--batch", look.batch, (SHARD_STAGE,)), ("--lang", look.languages, CORPUS_STAGES))
    for option, given, stages in looks:
        if given is not None and stage not in stages:
            what = f"'{path}' is the result of '{stage}', which has no {option}."
            raise UsageError(what, where=option, expected=f"the output of {', '.join(stages)}")


def _corpus(corpus: Corpus, look: Look) -> dict[str, Any]:
    languages = list(look.languages or corpus.languages)
    missing = [lang for lang in languages if lang not in corpus.languages]
    if missing:
        raise UsageError(
            f"The corpus has no {', '.join(missing)}.", where=corpus.path, expected=", ".join(corpus.languages)
        )
    return {
        "languages": {lang: {s: corpus.rows(lang, s) for s in corpus.splits(lang)} for lang in languages},
        "language_counts": {lang: corpus.manifest.parts[lang].counts for lang in languages},
        "items": list(_items(corpus, languages, look.rows)),
    }


def _items(corpus: Corpus, languages: list[str], count: int) -> Iterator[dict[str, Any]]:
    """Yield the first items of the corpus (of the English rows, where there are any) with all their languages."""
    # Row order may differ between languages: the items are looked up by id.
    languages = sorted(languages, key=lambda lang: (lang != ENGLISH, lang))
    first = list(_rows(corpus, languages[0], count))
    versions = {row["item_id"]: {languages[0]: row} for row in first}
    for lang in languages[1:]:
        wanted = set(versions)
        for row in _rows(corpus, lang, None) if wanted else ():
            if row["item_id"] in wanted:
                wanted.remove(row["item_id"])
                versions[row["item_id"]][lang] = row
                if not wanted:
                    break
    for row in first:
        texts = {
            lang: {name: version[name] for name in ("question", "passage", "answers")}
            for lang, version in versions[row["item_id"]].items()
        }
        yield {"item_id": row["item_id"], "dataset": row["dataset"], "texts": texts}


def _rows(corpus: Corpus, lang: str, count: int | None) -> Iterator[dict[str, Any]]:
    left = count
    for batch in corpus.batches(lang, None, SHOWN, 1024):
        rows = batch.slice(0, left).to_pylist() if left is not None else batch.to_pylist()
        yield from rows
        if left is not None:
            left -= len(rows)
            if left <= 0:
                return


def _language_table(seen: Mapping[str, Any]) -> str:
    splits = [split for split in SPLITS if any(split in counts for counts in seen["languages"].values())]
    rows = [[lang, *(f"{counts.get(s, 0):,}" for s in splits)] for lang, counts in seen["languages"].items()]
    return text_table(["language", *splits], rows)


def _item_text(item: Mapping[str, Any]) -> str:
    lines = [f"── {item['item_id']} ({item['dataset']})"]
    for lang, version in item["texts"].items():
        answers = " | ".join(answer["text"] for answer in version["answers"])
        lines += [
            wrap(f"{lang}  Q ", version["question"]),
            wrap(" " * len(lang) + "  P ", short(version["passage"])),
        ]
        if answers:
            lines.append(wrap(" " * len(lang) + "  A ", answers))
    return "\n".join(lines)


def _tree(title: str, value: Mapping[str, Any]) -> str:
    """Return nested values as indented lines; long lists as their length."""

    def lines(node: Any, name: str, depth: int) -> Iterator[str]:
        lead = "  " * depth + name
        if isinstance(node, Mapping) and node:
            yield lead
            for key, inner in node.items():
                yield from lines(inner, str(key), depth + 1)
        elif isinstance(node, list) and len(node) > 8:
            yield f"{lead}: {len(node):,} values"
        else:
            shown = f"{node:,.4g}" if isinstance(node, float) else json.dumps(node, ensure_ascii=False)
            yield f"{lead}: {shown}"

    return "\n".join(lines(value, title, 0)) if value else ""
