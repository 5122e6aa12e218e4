"""What the checks know about a target language: script, identifier labels, usual length beside English."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LENGTHS = Path(__file__).with_name("lengths.yaml")
POOLED = "other"
UNUSUAL_SCRIPT = frozenset({"ace_Arab", "arb_Latn", "bjn_Arab", "kas_Deva", "knc_Arab", "min_Arab", "taq_Tfng"})
"""Languages in a script that identifiers have not learned them in: nothing there may vote on them."""


@dataclass(frozen=True)
class Length:
    """Usual length: `median` of log((target+1)/(source+1)) in code points; `slack` widens what is allowed.

    `basis` is the language's own code where the median was fitted on it, else the script or `other` it was pooled by.
    """

    median: float
    slack: float
    basis: str


@dataclass(frozen=True)
class Target:
    """A target language as the checks see it.

    `labels` are the names that identifiers may have for it; `seed` is that of identifiers that sample.
    """

    code: str
    script: str
    labels: tuple[str, ...]
    length: Length
    seed: int = 0

    @property
    def fitted(self) -> bool:
        """Whether the length bounds were fitted on this very language."""
        return self.length.basis == self.code


@cache
def target(code: str, seed: int = 0) -> Target:
    """Return what is known about a FLORES-200 code; raises UsageError for an unknown one."""
    from mtqa.core.languages import get

    language = get(code)
    labels = () if code in UNUSUAL_SCRIPT else tuple(label for label in (language.iso1, language.iso3) if label)
    return Target(code, language.script, labels, length(code, language.script), seed)


def length(code: str, script: str) -> Length:
    """Return the length facts of a language, or those pooled by its script, or those pooled over all."""
    table = _lengths()
    if code in table["languages"]:
        return Length(table["languages"][code], 0.0, code)
    if script in table["scripts"]:
        return Length(table["scripts"][script], table["slack"]["script"], script)
    return Length(table[POOLED], table["slack"][POOLED], POOLED)


@cache
def _lengths() -> dict[str, Any]:
    from mtqa.core.recipe import load_yaml

    table: dict[str, Any] = load_yaml(LENGTHS)
    return table
