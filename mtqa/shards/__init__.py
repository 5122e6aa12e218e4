"""build-shards: batches for contrastive training from parallel corpora. `iter_batches` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtqa.core.shardfile import iter_batches as iter_batches
    from mtqa.core.shardfile import open_shards as open_shards


def __getattr__(name: str) -> Any:
    """Import the readers on first use: they need pyarrow, which reading a recipe does not."""
    if name in ("iter_batches", "open_shards"):
        from mtqa.core import shardfile

        return getattr(shardfile, name)
    raise AttributeError(f"module 'mtqa.shards' has no attribute {name!r}")
