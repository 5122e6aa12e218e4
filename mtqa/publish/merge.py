"""Cards that people have written in: what they wrote stays, what mtqa wrote is renewed."""

from __future__ import annotations

import re
from typing import Any

from mtqa.publish.markdown import front_matter

BEGIN = "<!-- mtqa begin: renewed at each upload, so write above or below -->"
END = "<!-- mtqa end -->"
JOINED = ("tags", "language", "datasets")
"""Lists of the YAML in which both sides' entries stay."""
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_OURS = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)


def marked(body: str) -> str:
    """Return mtqa's part of a card between its marks."""
    return f"{BEGIN}\n\n{body.strip()}\n\n{END}"


def merge(old: str, new: str) -> str:
    """Return the new card with what people wrote in the old one.

    YAML: keys that mtqa writes are renewed, other keys stay, tags and languages are joined. Text: what stands outside
    the marks stays where it is. A card without marks was written by a person: mtqa's part comes below it.
    """
    old_values, old_body = _split(old)
    new_values, new_body = _split(new)
    values = {**new_values, **{key: value for key, value in old_values.items() if key not in new_values}}
    for key in JOINED:
        ours, theirs = new_values.get(key), old_values.get(key)
        if isinstance(ours, list) and isinstance(theirs, list):
            values[key] = list(dict.fromkeys([*ours, *theirs]))
    part = _OURS.search(new_body)
    ours_text = part[0] if part else new_body.strip()
    if _OURS.search(old_body):
        body = _OURS.sub(lambda _: ours_text, old_body, count=1)
    else:
        body = f"{old_body.strip()}\n\n{ours_text}\n" if old_body.strip() else new_body
    return front_matter(values) + "\n" + body.lstrip("\n")


def _split(card: str) -> tuple[dict[str, Any], str]:
    """Return a card's YAML and its text; YAML that cannot be read counts as none."""
    import yaml

    found = _FRONT.match(card)
    if not found:
        return {}, card
    try:
        values = yaml.safe_load(found[1])
    except yaml.YAMLError:
        values = None
    return (values if isinstance(values, dict) else {}), card[found.end() :]
