"""What earlier stages did, carried from manifest to manifest: a later stage is given a folder, not its ancestors."""

from __future__ import annotations

from typing import Any

from mtqa.core.manifest import Manifest

LINEAGE = "lineage"


def lineage(manifest: Manifest) -> list[dict[str, Any]]:
    """Return a summary of each stage from the first to this manifest's own, oldest first.

    A stage that reads an output writes `info={"lineage": lineage(input.manifest), …}`. Each summary holds stage,
    stage_version, settings, counts, parts (counts by part), licences, info (without lineage) and content (the
    fingerprint of what that stage made): neither paths of the machine nor times, as in the manifest itself.
    """
    info = {name: value for name, value in manifest.info.items() if name != LINEAGE}
    own = {
        "stage": manifest.stage,
        "stage_version": manifest.stage_version,
        "settings": manifest.settings,
        "counts": manifest.counts,
        "parts": {name: part.counts for name, part in sorted(manifest.parts.items())},
        "licences": manifest.licences,
        "info": info,
        "content": manifest.content,
    }
    return [*manifest.info.get(LINEAGE, []), own]


def stage_summary(manifest: Manifest, stage: str) -> dict[str, Any]:
    """Return the latest summary of a stage in a manifest's lineage, or an empty one where that stage did not run."""
    summary: dict[str, Any]
    for summary in reversed(lineage(manifest)):
        if summary.get("stage") == stage:
            return summary
    return {"stage": stage, "settings": {}, "counts": {}, "parts": {}, "licences": [], "info": {}}
