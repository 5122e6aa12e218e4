"""The result of a training in a few words."""

from __future__ import annotations

import json
from pathlib import Path

from mtqa.core.manifest import Manifest

RESULTS = ("first_loss", "final_loss", "best_step", "validation_loss")


def as_json(manifest: Manifest) -> str:
    """Return counts and losses of a model's manifest as a JSON object."""
    return json.dumps({**manifest.counts, **{name: manifest.info[name] for name in RESULTS}}, indent=1)


def as_text(manifest: Manifest, out: Path) -> str:
    """Return counts and losses of a model's manifest as a line or two."""
    counts, info = manifest.counts, manifest.info
    if not counts["steps"]:
        return f"{out}: the encoder as it was (0 steps)"
    text = f"{out}: {counts['steps']:,} steps, {counts['pairs']:,} pairs, loss {info['first_loss']:.4f}"
    text += f" → {info['final_loss']:.4f}"
    if info["validation_loss"] is not None:
        text += f"\nbest loss on held-out pairs {info['validation_loss']:.4f}, after step {info['best_step']:,}"
    return text
