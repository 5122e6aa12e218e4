"""What earlier stages did, carried from manifest to manifest: a later stage is given a folder, not its ancestors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa.core.encoder_files import DEMO
from mtqa.core.manifest import MANIFEST, Manifest, load_manifest

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


def model_manifest(model: str) -> Manifest | None:
    """Return the manifest of a model's folder that mtqa wrote; None for any other folder or name.

    Raises UsageError where the manifest cannot be read.
    """
    folder = Path(model).expanduser()
    return load_manifest(folder) if model != DEMO and (folder / MANIFEST).is_file() else None


def model_lineage(model: str) -> dict[str, Any]:
    """Return how a model that mtqa wrote came about, as a manifest's `info` holds it; nothing for any other."""
    manifest = model_manifest(model)
    return {} if manifest is None else {LINEAGE: lineage(manifest)}


def model_name(model: str) -> str:
    """Return a model's name without its place: of a folder the last part."""
    folder = Path(model).expanduser()
    if not folder.exists():
        return model
    return folder.name if folder.name not in ("", "..") else folder.resolve().name
