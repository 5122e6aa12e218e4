"""Train or validation: decided by the passage alone, so that it stays what it is when data are added."""

from __future__ import annotations

from functools import lru_cache

from mtqa.core.hashing import id_of_json, json_text

_SALT = '"collect","validation",'


@lru_cache(maxsize=64)
def split_of(key: str, validation: float) -> str:
    """Return `validation` for that share of all keys (ids of passages), else `train`.

    All items of a passage go together. The hash is salted, so that the choice is independent of other uses of the id.
    """
    if not validation:
        return "train"
    share = int(id_of_json(_SALT + json_text(key)), 16) / 2**64
    return "validation" if share < validation else "train"
