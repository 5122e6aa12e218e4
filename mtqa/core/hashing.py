"""Content hashes: the only hashes that mtqa writes to disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError

ID_HEX_DIGITS = 16


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no spaces, so that equal values give equal bytes.

    Raises ValueError for NaN and infinity, which JSON cannot hold.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_id(*texts: str | None) -> str:
    """Return the id of a tuple of strings: the first 16 hex digits of sha256 over their canonical JSON array."""
    return id_of_json(",".join([json_text(text) for text in texts]))


def json_text(text: str | None) -> str:
    """Return what canonical_json writes of a text, four times as fast: collect makes several ids a row."""
    return "null" if text is None else encode_basestring(text)


def id_of_json(members: str) -> str:
    """Return the content id of texts that are written by `json_text` already, with commas between them.

    Half a surrogate pair, which JSON can spell and UTF-8 cannot hold, counts as its three bytes.
    """
    return hashlib.sha256(f"[{members}]".encode("utf-8", "surrogatepass")).hexdigest()[:ID_HEX_DIGITS]


def fingerprint(value: Mapping[str, Any]) -> str:
    """Return the sha256 (64 hex digits) of a JSON-like mapping."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 (64 hex digits) of a file's bytes. Raises UsageError where it is missing or cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            f"The file cannot be read: {error.strerror or error}.", where=path, expected="a file that may be read"
        ) from error
