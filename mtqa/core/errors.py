"""Errors that tell a user what is wrong, where, what was expected and what to do next."""

from __future__ import annotations

import errno

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a write for which the disk has no room."""
WRONG_PATH = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
"""Error numbers of a path that the user has to change, or the rights to it."""
OUT_OF_MEMORY = ("out of memory", "alloc_failed", "bad_alloc", "can't allocate memory", "failed to allocate")
"""What errors of torch and CTranslate2 say, in lower case, where memory ran out."""


class MtqaError(Exception):
    """Work that failed after it began (exit code 1).

    Parameters: `what` is one sentence; `where` names the file, row or field; `expected` says what would have been
    right; `next_step` says what to do now. Only the command line turns it into text and an exit code.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: object = None, expected: str | None = None, next_step: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        self.expected = expected
        self.next_step = next_step

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where:    {self.where}")
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.next_step:
            lines.append(f"  next:     {self.next_step}")
        return "\n".join(lines)


class UsageError(MtqaError):
    """Bad input or a wrong option, found before any work starts (exit code 2)."""

    exit_code = 2


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error of Python, torch or CTranslate2 says that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY)
