"""Translations by key on disk, for putting rows together: memory use does not grow with their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from mtqa.core.corpus import disk_error
from mtqa.translate.memory import Entry

ASKED = 500
CACHE_KB = 8_000


class Index:
    """A SQLite table of the entries that one job needs; it lives as long as the job."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KB}", "locking_mode=EXCLUSIVE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE e (k BLOB PRIMARY KEY, t TEXT, s REAL, n INT, f TEXT) WITHOUT ROWID")

    def add(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Add entries; a key that is there already keeps its entry. Raises MtqaError where the disk refuses."""
        rows = ((key, e.text, e.score, e.tokens, " ".join(e.flags)) for key, e in entries)
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO e VALUES (?,?,?,?,?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise disk_error(self._path, OSError(str(error))) from error

    def get(self, keys: Iterable[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those keys that are there."""
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, Entry] = {}
        for start in range(0, len(wanted), ASKED):
            some = wanted[start : start + ASKED]
            query = f"SELECT k, t, s, n, f FROM e WHERE k IN ({','.join('?' * len(some))})"  # noqa: S608
            for key, text, score, tokens, flags in self._database.execute(query, some):
                found[key] = Entry(text, score, tokens, tuple(flags.split()))
        return found

    def flags(self) -> Iterator[tuple[str, int]]:
        """Yield each combination of flags (with spaces between) and how many entries have it."""
        yield from self._database.execute("SELECT f, count(*) FROM e GROUP BY f ORDER BY f")

    def close(self) -> None:
        """Close the file."""
        self._database.close()
