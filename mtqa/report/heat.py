"""Tables whose cells are coloured by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PALE, DEEP = (239, 246, 255), (29, 78, 216)
DARK_FROM = 0.55  # share of the scale from which white text is easier to read


def heat_table(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    low: float,
    high: float,
    form: str,
) -> dict[str, Any]:
    """Return the template's heat table; `low` and `high` are the ends of the scale, None is an empty cell."""
    return {
        "columns": list(columns),
        "rows": [
            {"name": name, "cells": [_cell(value, low, high, form) for value in line]}
            for name, line in zip(rows, values, strict=True)
        ],
    }


def _cell(value: float | None, low: float, high: float, form: str) -> dict[str, str]:
    if value is None:
        return {"text": "–", "colour": "#f9fafb", "ink": "#6b7280"}
    share = 0.0 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))
    red, green, blue = (round(p + (d - p) * share) for p, d in zip(PALE, DEEP, strict=True))
    return {
        "text": form.format(value),
        "colour": f"#{red:02x}{green:02x}{blue:02x}",
        "ink": "#ffffff" if share >= DARK_FROM else "#111827",
    }
