"""Shards as the JSON lines that Tevatron reads: one pair a line, in the order of the batches.

Format (Tevatron's training data, https://github.com/texttron/tevatron): `query_id`, `query`, `positive_passages` and
`negative_passages`, the passages as `docid`, `title`, `text`. Ids carry their language: `9f86d081884c7d65-deu_Latn`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa.core.corpus import disk_error
from mtqa.core.errors import UsageError
from mtqa.core.progress import progress
from mtqa.core.shardfile import open_shards


def export_tevatron(path: Path, out: Path, *, overwrite: bool = False) -> int:
    """Write the pairs of a shards folder to the file `out` (whole or not at all) and return their number.

    Raises what `open_shards` raises, UsageError where `out` exists, MtqaError where the disk refuses.
    """
    shards = open_shards(path)
    if out.exists() and not (overwrite and out.is_file()):
        raise UsageError(
            "The output exists.", where=out, expected="a new file", next_step="choose another --out, or --overwrite"
        )
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with (
            temporary.open("w", encoding="utf-8", newline="\n") as file,
            progress("export", len(shards), "batches") as bar,
        ):
            for number in range(len(shards)):
                for row in shards.batch(number).table.to_pylist():
                    file.write(json.dumps(tevatron_row(row), ensure_ascii=False) + "\n")
                bar.update()
        temporary.replace(out)
    except OSError as error:
        raise disk_error(out, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(shards) * shards.batch_size


def tevatron_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one pair of the shard schema as Tevatron's training record."""
    return {
        "query_id": f"{row['question_id']}-{row['query_lang']}",
        "query": row["query"],
        "positive_passages": [_passage(row["passage_id"], row["passage_lang"], row["passage"])],
        "negative_passages": [_passage(n["passage_id"], n["lang"], n["text"]) for n in row["negatives"] or []],
    }


def _passage(passage_id: str, lang: str, text: str) -> dict[str, str]:
    return {"docid": f"{passage_id}-{lang}", "title": "", "text": text}
