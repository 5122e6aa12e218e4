"""Files of sources that lie on the web at a fixed commit: fetched once into a cache, checked, never half."""

from __future__ import annotations

import os
import shutil
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

from mtqa.collect.cards import Card, Download
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.progress import say

ATTEMPTS = 3
WAIT_SECONDS = 1.0
TIMEOUT_SECONDS = 60


def cache_folder() -> Path:
    """Return the folder that downloads are kept in: `$MTQA_CACHE`, else `~/.cache/mtqa`, with `sources` below."""
    return Path(os.environ.get("MTQA_CACHE") or Path.home() / ".cache" / "mtqa") / "sources"


def download(card: Card, source: Download, split: str) -> list[Path]:
    """Return a split's files, fetched where the cache lacks them.

    The cache's folder is named after the address, commit included, so a cached file is that of the card. Raises
    UsageError where a file cannot be had, or is not the one whose sha256 the card names.
    """
    folder = cache_folder() / f"{card.name.partition(':')[0]}-{fingerprint({'base': source.base})[:12]}"
    return [_fetch(card, source.base, name, folder) for name in source.data[split]]


def _fetch(card: Card, base: str, name: str, folder: Path) -> Path:
    path = folder / name.replace("/", "__")
    if not path.is_file():
        say(f"{card.name}: downloading {name}")
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            _get(base + quote(name), temporary)
            temporary.replace(path)
        except (OSError, ValueError, HTTPException) as error:  # URLError is an OSError
            raise UsageError(
                f"A file of '{card.name}' cannot be downloaded: {error}",
                where=base + name,
                next_step=f"check the network, or get it from {card.homepage} and collect {card.name}=FILE",
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
    wanted = card.sha256.get(name)
    if wanted and file_sha256(path) != wanted:
        path.unlink()
        raise UsageError(
            f"A file of '{card.name}' is not the one that its card knows.",
            where=base + name,
            expected=f"sha256 {wanted}",
            next_step="try again; if it stays so, upstream changed it: look at it before you use it as NAME=FILE",
        )
    return path


def _get(address: str, path: Path) -> None:
    """Write what an address holds to a file; server errors and lost connections are tried again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer, path.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
                size, whole = file.tell(), answer.headers.get("Content-Length")
            if whole is not None and size != int(whole):
                raise ConnectionError(f"{size:,} of {int(whole):,} bytes came")
            return
        except (OSError, HTTPException) as error:
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if final or attempt == ATTEMPTS:
                raise
            time.sleep(WAIT_SECONDS * attempt)
