"""mtqa: English question answering in, a better multilingual retriever out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtqa.core.encode import load_encoder as load_encoder

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `load_encoder` on first use: it needs torch, which `mtqa --help` must not load."""
    if name == "load_encoder":
        from mtqa.core.encode import load_encoder

        return load_encoder
    raise AttributeError(f"module 'mtqa' has no attribute {name!r}")
