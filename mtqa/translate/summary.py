"""What `mtqa translate` prints when it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mtqa.core.manifest import Manifest


def summary(manifest: Manifest, langs: Sequence[str], out: Path) -> str:
    """Return a line for each translated language, and one for the whole."""
    lines = []
    for lang in langs:
        counts = manifest.parts[lang].counts
        line = (
            f"{lang}: {counts['rows']:,} rows, {counts['segments']:,} distinct segments, {counts['retried']:,} retried"
        )
        sought = sum(counts["answers"].values())
        if sought:
            line += f", {counts['answers']['found']:,} of {sought:,} answers found in the translated passage"
        lines.append(line)
    return "\n".join([*lines, f"{out}: {manifest.counts['rows']:,} rows in {manifest.counts['languages']} languages"])


def as_json(manifest: Manifest, langs: Sequence[str]) -> str:
    """Return the counts of each translated language as JSON."""
    return json.dumps({lang: manifest.parts[lang].counts for lang in langs}, indent=1)
