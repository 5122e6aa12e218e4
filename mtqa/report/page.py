"""What every page needs: the templates, a run's JSON files, settings as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtqa import __version__
from mtqa.core.errors import UsageError
from mtqa.core.manifest import write_text_atomic

TEMPLATES = Path(__file__).parent


def write_page(template: str, content: Mapping[str, Any], path: Path) -> Path:
    """Render a template into a file and return its path; all data are escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(TEMPLATES),
    )
    write_text_atomic(path, environment.get_template(template).render(**content, version=__version__))
    return path


def json_file(path: Path) -> dict[str, Any]:
    """Return a JSON file's object; raises UsageError where it is missing or damaged."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The file cannot be read.", where=path, expected="a file that mtqa wrote", next_step="make it again"
        ) from error
    return content


def flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested settings as (dotted key, text), without those that are not set."""
    out = []
    for key, value in settings.items():
        if isinstance(value, dict):
            out += flat(value, f"{prefix}{key}.")
        elif value not in (None, [], ""):
            out.append((f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return out
